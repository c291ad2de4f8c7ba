#include "ingest/pipeline.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "ingest/fake_interner.h"
#include "ingest/folded.h"
#include "ingest/rules.h"

namespace flamekeep::ingest {
namespace {

using storage::Labels;
using storage::Minute;
using storage::Sample;

auto Counts(uint64_t lines, uint64_t samples, uint64_t rejected) {
  return testing::AllOf(testing::Field(&LineCounts::lines, lines),
                        testing::Field(&LineCounts::samples, samples),
                        testing::Field(&LineCounts::rejected, rejected));
}

class PipelineTest : public ::testing::Test {
 protected:
  std::unique_ptr<Pipeline> MakePipeline(PipelineOptions options) {
    options.metrics = &metrics_;
    auto pipeline = Pipeline::Make(&interner_, std::move(options));
    EXPECT_TRUE(pipeline.ok()) << pipeline.status();
    return std::move(pipeline).value();
  }

  // "folded value {labels} minute", for each sample.
  std::vector<std::string> Show(const std::vector<Sample>& samples) {
    std::vector<std::string> shown;
    for (const Sample& sample : samples) {
      const storage::SeriesKey series = interner_.SeriesOf(sample.series);
      std::string labels;
      for (const auto& [name, value] : series.labels) labels += fmt::format(" {}={}", name, value);
      shown.push_back(interner_.Folded(sample.stack) + " " + std::to_string(sample.value) + " @" +
                      std::to_string(sample.minute) + " " + series.profile_type + labels);
    }
    return shown;
  }

  // The sum of a counter over all its label values, or over those with the given reason.
  double Count(std::string_view name, std::string_view reason = "") {
    double sum = 0;
    for (const Metrics::Row& row : metrics_.Rows()) {
      const bool wanted = std::any_of(row.labels.begin(), row.labels.end(), [&](const auto& label) {
        return label.first == "reason" && label.second == reason;
      });
      if (row.name == name && (reason.empty() || wanted)) sum += row.value;
    }
    return sum;
  }

  std::vector<Sample> Folded(LineStream* stream, std::string_view lines) {
    std::vector<Sample> samples;
    const auto type = stream->Type({.name = "excimer"});
    EXPECT_TRUE(type.ok()) << type.status();
    EXPECT_TRUE(stream->DecodeFolded(lines, *type, Minute{5}, &samples).ok());
    return samples;
  }

  Metrics metrics_;
  FakeInterner interner_;
};

TEST_F(PipelineTest, FoldedLines) {
  auto pipeline = MakePipeline({});
  auto stream = pipeline->NewStream({.site = "eqiad", .source = "excimer"});
  const auto samples =
      Folded(stream.get(), "/w/index.php;a 1\r\n\nthumb-handler.php;b 7\n/w/index.php;a 2");
  EXPECT_THAT(Show(samples), ::testing::ElementsAre(
                                 "/w/index.php;a 1 @5 excimer:samples:count:: entry_point=index",
                                 "thumb-handler.php;b 7 @5 excimer:samples:count::",
                                 "/w/index.php;a 2 @5 excimer:samples:count:: entry_point=index"));
  EXPECT_EQ(samples[0].observations, 1u);
  EXPECT_THAT(stream->counts(), Counts(3, 3, 0));
  EXPECT_EQ(Count("ingest_empty_lines_total"), 1);
  EXPECT_EQ(Count("ingest_lines_total"), 3);
}

TEST_F(PipelineTest, RejectedLinesAreCountedByReason) {
  auto pipeline = MakePipeline({});
  auto stream = pipeline->NewStream({.site = "eqiad", .source = "excimer"});
  const auto samples =
      Folded(stream.get(), "a\na 0\na -1\n;; 1\n;; 1\na 99999999999999999999\nb 1\n" +
                               std::string(kMaxLineBytes, 'x') + " 1\n");
  EXPECT_THAT(Show(samples), ::testing::ElementsAre("b 1 @5 excimer:samples:count::"));
  EXPECT_THAT(stream->counts(), Counts(8, 1, 7));
  EXPECT_EQ(Count("ingest_rejected_lines_total"), 7);
  EXPECT_EQ(Count("ingest_rejected_lines_total", "no_frames"), 2);
  EXPECT_EQ(Count("ingest_rejected_lines_total", "too_long"), 1);
  EXPECT_EQ(Count("ingest_rejected_lines_total", "huge_count"), 1);
}

TEST_F(PipelineTest, WhatIsRepairedCountsForEachLine) {
  auto pipeline = MakePipeline({});
  auto stream = pipeline->NewStream({.site = "eqiad", .source = "excimer"});
  const std::string line = "a\xff;;x.php;excimer_truncated 1\n";
  const auto samples = Folded(stream.get(), line + line);
  EXPECT_EQ(interner_.Folded(samples.at(1).stack), "a\\xFF;x.php;excimer_truncated");
  EXPECT_EQ(Count("ingest_repaired_stacks_total"), 2);
  EXPECT_EQ(Count("ingest_empty_frames_total"), 2);
  EXPECT_EQ(Count("ingest_excimer_truncated_total"), 2);
  EXPECT_EQ(Count("ingest_cut_stacks_total"), 0);
}

TEST_F(PipelineTest, TimedLines) {
  auto pipeline = MakePipeline({.profile_types = {{"cpu", "process_cpu:cpu:nanoseconds::"}}});
  auto stream = pipeline->NewStream({.site = "eqiad", .source = "import"});
  std::vector<Sample> samples;
  ASSERT_TRUE(stream
                  ->DecodeTimed("59999999\texcimer\ta 1\n60000000\tcpu\tb 2\n"
                                "60000001\tcpu\tb 2\n"
                                "60000000\texcimer wall\tb 2\n-1\tcpu\ta 1\n"
                                "999999999999999999\tcpu\ta 1\nx\n1\tcpu\t\n",
                                &samples)
                  .ok());
  EXPECT_THAT(Show(samples), ::testing::ElementsAre("a 1 @0 excimer:samples:count::",
                                                    "b 2 @1 process_cpu:cpu:nanoseconds::",
                                                    "b 2 @1 process_cpu:cpu:nanoseconds::"));
  EXPECT_EQ(Count("ingest_rejected_lines_total", "no_channel"), 1);
  EXPECT_EQ(Count("ingest_rejected_lines_total", "time_out_of_range"), 2);
  EXPECT_EQ(Count("ingest_rejected_lines_total", "no_time"), 1);
  EXPECT_EQ(Count("ingest_rejected_lines_total", "no_count"), 1);
  EXPECT_THAT(stream->counts(), Counts(8, 3, 5));
}

TEST_F(PipelineTest, TimedLinesOfTheFutureAreOutOfRange) {
  absl::Time now = absl::FromUnixSeconds(0);
  auto pipeline = MakePipeline({.now = [&now] { return now; }});
  auto stream = pipeline->NewStream({.site = "eqiad", .source = "import"});
  const int64_t ahead = absl::ToInt64Microseconds(kMaxAhead);
  const std::string lines = fmt::format("{}\tc\ta 1\n{}\tc\ta 1\n", ahead, ahead + 60'000'000);
  std::vector<Sample> samples;
  ASSERT_TRUE(stream->DecodeTimed(lines, &samples).ok());
  EXPECT_EQ(samples.size(), 1u);
  EXPECT_EQ(Count("ingest_rejected_lines_total", "time_out_of_range"), 1);
  now += absl::Minutes(1);
  ASSERT_TRUE(stream->DecodeTimed(lines, &samples).ok());
  EXPECT_EQ(samples.size(), 3u);
}

TEST_F(PipelineTest, ProfileTypesOfASiteAreBounded) {
  auto pipeline = MakePipeline({});
  auto stream = pipeline->NewStream({.site = "eqiad", .source = "import"});
  std::string lines;
  for (size_t i = 0; i < kMaxTypesPerSite + 10; ++i) {
    lines += "1\tt" + std::to_string(i) + "\ta 1\n";
  }
  std::vector<Sample> samples;
  ASSERT_TRUE(stream->DecodeTimed(lines, &samples).ok());
  EXPECT_EQ(samples.size(), kMaxTypesPerSite);
  EXPECT_EQ(Count("ingest_rejected_lines_total", "too_many_types"), 10);
  auto other = pipeline->NewStream({.site = "eqiad", .source = "push"});
  EXPECT_EQ(other->Type({.name = "new"}).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(other->Type({.name = "t3"}).ok());
}

TEST_F(PipelineTest, FirstFrameSetsTheLabelAndFoundOnesWin) {
  auto rules = Rules::Make({.frames = {{"/php-(?P<version>[^/]+)/", "/php/"}, {"^drop$", ""}}});
  ASSERT_TRUE(rules.ok());
  auto pipeline = MakePipeline({.rules = *rules});
  auto stream = pipeline->NewStream(
      {.site = "eqiad",
       .source = "push",
       .extra_labels = Relabel().Of({{"entry_point", "none"}, {"host", "mw1"}, {"version", "0"}})});
  const auto samples = Folded(stream.get(),
                              "/w/index.php;/php-2/a;drop;/php-1/b 1\n"
                              "plain 1\ndrop;drop 1\n");
  EXPECT_THAT(Show(samples),
              ::testing::ElementsAre(
                  "/w/index.php;/php/a;/php/b 1 @5 excimer:samples:count:: "
                  "entry_point=index host=mw1 version=2",
                  "plain 1 @5 excimer:samples:count:: entry_point=none host=mw1 version=0"));
  EXPECT_EQ(Count("ingest_rejected_lines_total", "no_frames"), 1);
}

TEST_F(PipelineTest, SeriesBeyondTheCapLoseTheirLabels) {
  auto pipeline = MakePipeline({.limits = {.series = 2}});
  auto stream = pipeline->NewStream({.site = "eqiad", .source = "push"});
  const auto samples =
      Folded(stream.get(), "a.php 1\nb.php 1\nc.php 1\nd.php 1\na.php 1\nc.php 1\n");
  const auto shown = Show(samples);
  EXPECT_EQ(shown[1], "b.php 1 @5 excimer:samples:count:: entry_point=b");
  EXPECT_EQ(shown[2], "c.php 1 @5 excimer:samples:count::");
  EXPECT_EQ(shown[4], "a.php 1 @5 excimer:samples:count:: entry_point=a");
  EXPECT_EQ(Count("ingest_unlabelled_samples_total"), 3);
  // The cap is one of a site, and counts what is there.
  auto other = pipeline->NewStream({.site = "codfw", .source = "push"});
  EXPECT_EQ(Show(Folded(other.get(), "c.php 1"))[0],
            "c.php 1 @5 excimer:samples:count:: entry_point=c");
  auto again = MakePipeline({.limits = {.series = 2}});
  stream = again->NewStream({.site = "eqiad", .source = "push"});
  EXPECT_EQ(Show(Folded(stream.get(), "e.php 1"))[0], "e.php 1 @5 excimer:samples:count::");
}

TEST_F(PipelineTest, AFullDictionaryIsAnError) {
  auto pipeline = MakePipeline({});
  auto stream = pipeline->NewStream({.site = "eqiad", .source = "push"});
  const auto type = stream->Type({.name = "excimer"});
  std::vector<Sample> samples;
  ASSERT_TRUE(stream->DecodeFolded("a;b 1\n", *type, Minute{5}, &samples).ok());
  interner_.set_full(true);
  EXPECT_EQ(stream->DecodeFolded("a;c 1\n", *type, Minute{5}, &samples).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(stream->counts().lines, 1u);
  EXPECT_TRUE(stream->DecodeFolded("a;b 1\n", *type, Minute{5}, &samples).ok());
}

TEST_F(PipelineTest, ChannelThatIsNoTypeIsRefused) {
  Metrics metrics;
  const auto pipeline =
      Pipeline::Make(&interner_, {.profile_types = {{"a", "not a type"}}, .metrics = &metrics});
  EXPECT_EQ(pipeline.status().code(), absl::StatusCode::kInvalidArgument);
}

// Whatever is cached: the answer is that of a decoder that just started.
TEST_F(PipelineTest, CachesGiveTheSameAnswerAsNone) {
  auto rules = Rules::Make({.frames = {{"f(?P<digit>[0-3])", "g"}, {"x", ""}}});
  ASSERT_TRUE(rules.ok());
  auto cached = MakePipeline({.rules = *rules, .caches = {.stacks = 64, .frames = 16}});
  auto stream = cached->NewStream({.site = "s", .source = "a"});
  std::mt19937_64 random(7);
  constexpr std::string_view kAlphabet = "f0123x;/.\xff\xc3\xa9 php";
  for (int round = 0; round < 300; ++round) {
    std::string lines;
    for (int i = 0; i < 12; ++i) {
      const uint64_t length = random() % 8;
      for (uint64_t k = 0; k < length; ++k) lines += kAlphabet[random() % kAlphabet.size()];
      lines += random() % 8 == 0 ? "\n" : " 3\n";
    }
    auto fresh = MakePipeline({.rules = *rules, .caches = {.stacks = 4, .frames = 4}});
    auto fresh_stream = fresh->NewStream({.site = "s", .source = "b"});
    ASSERT_EQ(Show(Folded(stream.get(), lines)), Show(Folded(fresh_stream.get(), lines)));
  }
}

// What lines must become, written for clarity: "folded value entry_point", rejected lines left out.
std::vector<std::string> NaiveDecode(const std::string& text) {
  std::vector<std::string> shown;
  std::istringstream input(text);
  for (std::string line; std::getline(input, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const size_t space = line.rfind(' ');
    if (space == std::string::npos || space == 0) continue;
    const std::string count = line.substr(space + 1);
    // Counts of this test have few digits.
    if (count.empty() || count.find_first_not_of("0123456789") != std::string::npos) continue;
    if (std::stoull(count) == 0) continue;
    std::string folded;
    std::istringstream frames(line.substr(0, space));
    for (std::string frame; std::getline(frames, frame, ';');) {
      if (frame.empty()) continue;
      if (!folded.empty()) folded += ';';
      AppendReadable(frame, &folded);
    }
    if (folded.empty()) continue;
    std::string stack;
    AppendReadable(line.substr(0, space), &stack);
    shown.push_back(fmt::format("{} {} {}", folded, std::stoull(count), EntryPoint(stack)));
  }
  return shown;
}

TEST_F(PipelineTest, AgreesWithNaiveDecoderOnRandomBytes) {
  auto pipeline = MakePipeline({.caches = {.stacks = 256, .frames = 64}});
  auto stream = pipeline->NewStream({.site = "s", .source = "a"});
  std::mt19937_64 random(11);
  constexpr std::string_view kTokens[] = {"a",  ";",    "/x.php",  "\xff", "\xc3\xa9", " ",
                                          "\n", " 1\n", " 20\r\n", " 0\n", "7",        "\r"};
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    for (uint64_t tokens = random() % 20; tokens > 0; --tokens) {
      if (random() % 30 == 0) text += static_cast<char>(random());
      text += kTokens[random() % std::size(kTokens)];
    }
    std::vector<std::string> shown;
    for (const Sample& sample : Folded(stream.get(), text)) {
      const Labels& labels = interner_.SeriesOf(sample.series).labels;
      shown.push_back(fmt::format("{} {} {}", interner_.Folded(sample.stack), sample.value,
                                  labels.empty() ? "" : labels[0].second));
    }
    ASSERT_EQ(shown, NaiveDecode(text)) << ::testing::PrintToString(text);
  }
  EXPECT_GT(stream->counts().samples, 1000u);
}

}  // namespace
}  // namespace flamekeep::ingest
