// For tests of decoders of profiles: a pipeline without a store, and its samples as text.
#ifndef FLAMEKEEP_INGEST_PROFILE_TESTING_H_
#define FLAMEKEEP_INGEST_PROFILE_TESTING_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "ingest/fake_interner.h"
#include "ingest/pipeline.h"
#include "ingest/profile_stream.h"

namespace flamekeep::ingest {

class ProfileTest : public ::testing::Test {
 protected:
  explicit ProfileTest(std::optional<PushBounds> bounds = std::nullopt, RelabelRules push = {}) {
    PipelineOptions options{.salts = &salts_,
                            .metrics = &metrics_,
                            .caches = {.stacks = 64, .frames = 64},
                            .now = [this] { return now_; }};
    options.rules = *Rules::Make(
        {.labels = {{"leaf", ";(?P<leaf>leaf[^;]*)$"}}, .frames = {{"/v(?P<version>\\d+)/", "/"}}});
    if (!push.empty()) options.push_relabel = *Relabel::Make(push);
    pipeline_ = *Pipeline::Make(&interner_, std::move(options));
    stream_ = pipeline_->NewProfileStream({.site = "eqiad",
                                           .source = "push",
                                           .relabel = pipeline_->push_relabel(),
                                           .bounds = bounds});
  }

  // "type{labels} minute frame;frame" -> value.
  using Rows = std::map<std::string, uint64_t>;
  Rows RowsOf(const std::vector<storage::Sample>& samples) const {
    Rows rows;
    for (const storage::Sample& sample : samples) {
      const storage::SeriesKey series = interner_.SeriesOf(sample.series);
      std::string labels;
      for (const auto& [name, value] : series.labels) {
        labels += (labels.empty() ? "" : ",") + name + "=" + value;
      }
      rows[series.profile_type + "{" + labels + "} " + std::to_string(sample.minute) + " " +
           interner_.Folded(sample.stack)] += sample.value;
    }
    return rows;
  }
  uint64_t ReasonCount(Reject reject) const {
    return stream_->counts().reasons[static_cast<size_t>(reject)];
  }
  static std::string ReadFile(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    EXPECT_TRUE(file.is_open()) << path;
    return std::move(text).str();
  }

  absl::Time now_ = absl::FromCivil(absl::CivilHour(2026, 11, 20, 13), absl::UTCTimeZone());
  FakeInterner interner_;
  Metrics metrics_;
  LabelSalts salts_{{.keep = absl::Hours(48), .now = [this] { return now_; }}, &metrics_};
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<ProfileStream> stream_;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_PROFILE_TESTING_H_
