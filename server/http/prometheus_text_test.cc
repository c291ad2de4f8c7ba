#include "server/http/prometheus_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <set>
#include <string>
#include <string_view>

#include "server/process_info.h"

namespace flamekeep::server {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// Checks the exposition format line by line: what `promtool check metrics` would refuse.
void ExpectValid(std::string_view text) {
  ASSERT_FALSE(text.empty());
  ASSERT_EQ(text.back(), '\n');
  const re2::RE2 sample(
      R"re(([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*")re"
      R"re((?:,[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*")*\})? (-?[0-9.e+]+|NaN|[+-]Inf))re");
  std::set<std::string> families;
  std::set<std::string> series;
  std::string family;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string line(text.substr(0, end));
    text.remove_prefix(end + 1);
    std::string name;
    std::string labels;
    if (re2::RE2::FullMatch(line, R"re(# HELP (\S+) .*)re", &name)) {
      EXPECT_TRUE(families.insert(name).second) << "split family: " << line;
      family = name;
    } else if (re2::RE2::FullMatch(line, R"re(# TYPE (\S+) (counter|gauge))re", &name)) {
      EXPECT_EQ(name, family) << line;
    } else {
      ASSERT_TRUE(re2::RE2::FullMatch(line, sample, &name, &labels)) << line;
      EXPECT_EQ(name, family) << line;
      EXPECT_TRUE(series.insert(name + labels).second) << "twice: " << line;
    }
  }
}

TEST(PrometheusTextTest, WritesFamiliesWithHelpTypeAndSeverity) {
  Metrics metrics;
  metrics.GetCounter("ingest_lines_total", Severity::kInfo, "lines", {{"site", "eqiad"}}).Add(3);
  metrics.GetCounter("ingest_lines_total", Severity::kInfo, "lines", {{"site", "codfw"}}).Add(4);
  metrics.GetCounter("lost_total", Severity::kLoss, "dropped: queue full", {{"reason", "queue"}});
  metrics.GetCounter("lost_total", Severity::kLoss, "dropped: too long", {{"reason", "long"}})
      .Add(1'000'000'007);
  metrics.GetGauge("lag_seconds", "how late").Set(1.5);
  const std::string text = PrometheusText(metrics.Rows(), {});
  ExpectValid(text);
  EXPECT_THAT(text, StartsWith("# HELP flamekeep_ingest_lines_total lines\n"
                               "# TYPE flamekeep_ingest_lines_total counter\n"
                               "flamekeep_ingest_lines_total{site=\"codfw\"} 4\n"
                               "flamekeep_ingest_lines_total{site=\"eqiad\"} 3\n"));
  EXPECT_THAT(text,
              HasSubstr("# HELP flamekeep_lost_total dropped: too long; dropped: queue full\n"));
  EXPECT_THAT(text,
              HasSubstr("flamekeep_lost_total{reason=\"long\",severity=\"loss\"} 1000000007\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE flamekeep_lag_seconds gauge\nflamekeep_lag_seconds 1.5\n"));
}

TEST(PrometheusTextTest, EscapesWhatCameFromOutside) {
  Metrics metrics;
  metrics.GetCounter("x_total", Severity::kError, "a\nb \\ c", {{"na-me", "va\"l\\u\ne"}}).Add();
  ExpectValid(PrometheusText(metrics.Rows(), {}));
}

TEST(PrometheusTextTest, TellsOfTheProcess) {
  const ProcessInfo process = ReadProcessInfo();
  EXPECT_GT(process.resident_bytes, 1'000'000u);
  EXPECT_GT(process.anonymous_bytes, 0u);
  EXPECT_LE(process.anonymous_bytes, process.resident_bytes);
  EXPECT_GT(process.virtual_bytes, process.resident_bytes);
  EXPECT_GE(process.threads, 1u);
  EXPECT_GE(process.open_fds, 3u);
  EXPECT_GE(process.max_fds, process.open_fds);
  EXPECT_GT(process.cpu_seconds, 0);
  const double age =
      absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch()) - process.start_time_seconds;
  EXPECT_GT(age, -2);
  EXPECT_LT(age, 3600);
  const std::string text = PrometheusText({}, process);
  ExpectValid(text);
  EXPECT_THAT(text, HasSubstr("process_cpu_seconds_total "));
  EXPECT_THAT(text, HasSubstr("process_resident_memory_bytes "));
}

}  // namespace
}  // namespace flamekeep::server
