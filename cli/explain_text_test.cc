#include "cli/explain_text.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_split.h"

namespace flamekeep::cli {
namespace {

using ::testing::HasSubstr;

constexpr char kExplanation[] = R"pb(
  requested: {
    begin: { seconds: 1795132800 }
    end: { seconds: 1795222800 }
  }
  covered: {
    begin: { seconds: 1795132800 }
    end: { seconds: 1795222800 }
  }
  series: 12
  pieces: {
    site: "eqiad"
    level: LEVEL_MINUTE
    range: {
      begin: { seconds: 1795219200 }
      end: { seconds: 1795222800 }
    }
    buckets: 60
    reason: REASON_NOT_OVER
    columns: 720
    bytes: 1400000
    pairs: 500000
  }
  pieces: {
    site: "eqiad"
    level: LEVEL_DAY
    range: {
      begin: { seconds: 1795132800 }
      end: { seconds: 1795219200 }
    }
    buckets: 1
    reason: REASON_LARGEST
    columns: 12
    bytes: 700000
    pairs: 400000
  }
  columns: 732
  bytes: 2100000
  pairs: 900000
  counted: true
  memory_bytes: 16000000
  time_class: TIME_CLASS_SHORT
)pb";

v1::ExplainResponse Parse(const std::string& text) {
  v1::ExplainResponse explanation;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &explanation));
  return explanation;
}

TEST(ExplainText, IsATableAndItsSum) {
  EXPECT_EQ(ExplainText(Parse(kExplanation), 0),
            "  site   level   buckets  from               to                 columns     bytes"
            "    pairs  why\n"
            "  eqiad  minute       60  2026-11-21T00:00Z  2026-11-21T01:00Z      720    1.4 MB"
            "  500,000  above not over\n"
            "  eqiad  day           1  2026-11-20T00:00Z  2026-11-21T00:00Z       12  700.0 kB"
            "  400,000  largest that fit\n"
            "\n"
            "range   2026-11-20T00:00Z to 2026-11-21T01:00Z\n"
            "reads   732 columns of 12 series, 2.1 MB, 900,000 pairs\n"
            "memory  about 16.0 MB\n"
            "time    short\n");
}

TEST(ExplainText, FitsTheTerminal) {
  const std::vector<std::string> lines = absl::StrSplit(ExplainText(Parse(kExplanation), 60), '\n');
  for (const std::string& line : lines) EXPECT_LE(line.size(), 60) << line;
  // The usual one has all that matters.
  EXPECT_THAT(ExplainText(Parse(kExplanation), 80),
              testing::AllOf(HasSubstr("700.0 kB  largest that fit\n"),
                             HasSubstr("1.4 MB  above not over\n")));
}

TEST(ExplainText, TellsWhatWasNotCounted) {
  v1::ExplainResponse explanation = Parse(kExplanation);
  explanation.set_counted(false);
  explanation.set_time_class(v1::ExplainResponse::TIME_CLASS_LONG);
  explanation.set_widened(true);
  explanation.set_pieces_left_out(7);
  const std::string text = ExplainText(explanation, 0);
  EXPECT_THAT(text, HasSubstr("up to about 2.1 MB of 12 series"));
  EXPECT_THAT(text, HasSubstr("long"));
  EXPECT_THAT(text, HasSubstr("widened"));
  EXPECT_THAT(text, HasSubstr("7 runs of buckets more"));
  EXPECT_THAT(ExplainText({}, 0), HasSubstr("Nothing is read"));
}

}  // namespace
}  // namespace flamekeep::cli
