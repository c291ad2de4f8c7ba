#include "query/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <iterator>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"
#include "query/query_testing.h"
#include "query/selector.h"
#include "storage/store_testing.h"

namespace flamekeep::query {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr absl::Duration kSpan = absl::Hours(3 * 24);
const absl::Time kEngineBegin = absl::FromUnixSeconds(1'795'219'200);  // 2026-11-21

// Random samples of a few series over three days, in a store and in a list.
class EngineTest : public ::testing::Test {
 protected:
  struct Known {
    storage::SeriesKey series;
    absl::Time time;
    std::string stack;
    uint64_t value;
  };

  void Fill(int samples) {
    std::mt19937_64 random(1);
    for (int i = 0; i < samples; ++i) {
      Known sample;
      sample.series = {
          .site = random() % 2 == 0 ? "eqiad" : "codfw",
          .profile_type = random() % 4 == 0 ? "cpu:samples:count::" : "wall:samples:count::"};
      const char* const entry_points[] = {"", "index", "api"};
      const std::string entry_point = entry_points[random() % 3];
      if (!entry_point.empty()) sample.series.labels = {{"entry_point", entry_point}};
      sample.time = kEngineBegin + absl::Minutes(random() % (kSpan / absl::Minutes(1)));
      for (uint64_t depth = 1 + random() % 6; depth > 0; --depth) {
        if (!sample.stack.empty()) sample.stack += ';';
        sample.stack += fmt::format("f{}", random() % 4);
      }
      sample.value = 1 + random() % 5;
      Append(sample);
      known_.push_back(sample);
    }
    ASSERT_TRUE(store_->Flush().ok());
  }

  void Append(const Known& sample) {
    storage::Batch batch;
    batch.source = *store_->InternSource(
        {.kind = storage::SourceKind::kPush, .site = sample.series.site, .name = "test"});
    std::vector<storage::FrameId> frames;
    std::istringstream path(sample.stack);
    for (std::string frame; std::getline(path, frame, ';');) {
      frames.push_back(*store_->dictionary().InternFrame(frame));
    }
    batch.samples.push_back({.minute = *storage::MinuteOf(sample.time),
                             .series = *store_->InternSeries(sample.series),
                             .stack = *store_->dictionary().InternStack(frames),
                             .value = sample.value});
    ASSERT_TRUE(store_->Append(std::move(batch)).ok());
  }

  // The folded lines that a selection must give.
  std::string Expected(const Selection& selection) const {
    const auto selector = ParseSelector(selection.selector);
    std::map<std::string, uint64_t> values;
    for (const Known& sample : known_) {
      const bool type = sample.series.profile_type.starts_with(selector->profile_type + ":");
      if (!type || !selector->Matches(sample.series)) continue;
      if (sample.time < selection.begin || sample.time >= selection.end) continue;
      values[sample.stack] += sample.value;
    }
    std::vector<std::string> lines;
    for (const auto& [stack, value] : values) lines.push_back(fmt::format("{} {}\n", stack, value));
    std::sort(lines.begin(), lines.end());
    std::string text;
    for (const std::string& line : lines) text += line;
    return text;
  }

  std::string Folded(const Selection& selection, bool inverted = false) const {
    std::string text;
    const absl::Status status = engine_.WriteFolded(
        selection, inverted, Context(),
        [&](const Coverage&) {
          EXPECT_THAT(text, IsEmpty());
          return absl::OkStatus();
        },
        [&](std::string_view piece) {
          text += piece;
          return absl::OkStatus();
        });
    return status.ok() ? text : status.ToString();
  }

  // The folded lines of a flame graph that left nothing out.
  static std::string Lines(const FlameGraph& graph) {
    std::vector<std::string> lines;
    std::vector<std::string> path;
    for (size_t i = 1; i < graph.size(); ++i) {
      path.resize(graph.depth[i] - 1);
      path.push_back(graph.names[graph.name[i]]);
      if (graph.self[i] == 0) continue;
      lines.push_back(fmt::format("{} {}\n", fmt::join(path, ";"), graph.self[i]));
    }
    std::sort(lines.begin(), lines.end());
    return fmt::format("{}", fmt::join(lines, ""));
  }

  storage::TestDirectory directory_;
  storage::TestStore store_{directory_.path()};
  const Engine engine_{&*store_};
  std::vector<Known> known_;
};

TEST_F(EngineTest, RandomSelectionsMatchTheSamples) {
  Fill(2'000);
  std::mt19937_64 random(2);
  const std::string selectors[] = {"wall",
                                   "cpu",
                                   R"(wall{site="eqiad"})",
                                   R"(wall{entry_point=~"index|api"})",
                                   R"(wall{entry_point="",site!="eqiad"})",
                                   R"(cpu{entry_point!~"i.*"})",
                                   R"(wall{entry_point="nothing"})"};
  for (const bool maintained : {false, true}) {
    if (maintained) {
      ASSERT_TRUE(store_->RunMaintenance(/*force=*/true).ok());
    }
    for (int round = 0; round < 60; ++round) {
      Selection selection = {.selector = selectors[random() % std::size(selectors)]};
      const absl::Duration unit = random() % 2 == 0 ? absl::Minutes(1) : absl::Hours(6);
      selection.begin = kEngineBegin + unit * static_cast<int64_t>(random() % (kSpan / unit));
      selection.end = selection.begin + unit * static_cast<int64_t>(1 + random() % 10);
      const std::string expected = Expected(selection);
      SCOPED_TRACE(selection.selector);
      EXPECT_EQ(Folded(selection), expected);
      const auto graph = engine_.MakeFlameGraph(selection, {}, Context());
      ASSERT_TRUE(graph.ok()) << graph.status();
      EXPECT_EQ(Lines(*graph), expected);
      EXPECT_EQ(graph->cut_nodes, 0);
      const auto inverted = engine_.MakeFlameGraph(selection, {.inverted = true}, Context());
      ASSERT_TRUE(inverted.ok()) << inverted.status();
      EXPECT_EQ(inverted->coverage.total, graph->coverage.total);
      EXPECT_EQ(Lines(*inverted), Folded(selection, /*inverted=*/true));
    }
  }
}

TEST_F(EngineTest, TellsWhatTheAnswerStandsOn) {
  Fill(100);
  const Selection selection = {"wall", kEngineBegin + absl::Seconds(30), kEngineBegin + kSpan};
  const auto graph = engine_.MakeFlameGraph(selection, {}, Context());
  ASSERT_TRUE(graph.ok()) << graph.status();
  const Coverage& coverage = graph->coverage;
  EXPECT_EQ(coverage.requested, (TimeRange{selection.begin, selection.end}));
  EXPECT_EQ(coverage.covered, (TimeRange{kEngineBegin, kEngineBegin + kSpan}));
  EXPECT_TRUE(coverage.widened);
  EXPECT_EQ(coverage.profile_type, "wall:samples:count::");
  EXPECT_EQ(coverage.sample_type, "samples");
  EXPECT_EQ(coverage.unit, "count");
  EXPECT_GT(coverage.columns, 1);
  EXPECT_GT(coverage.nodes, graph->size() - 1);
  EXPECT_EQ(graph->files, std::vector<std::string>{""});
}

TEST_F(EngineTest, StopsWhenItMust) {
  Fill(100);
  const Selection selection = {"wall", kEngineBegin, kEngineBegin + kSpan};
  for (const bool inverted : {false, true}) {
    const auto code = [&](const Context& context) {
      return engine_.MakeFlameGraph(selection, {.inverted = inverted}, context).status().code();
    };
    EXPECT_EQ(code({.deadline = absl::InfinitePast()}), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(code({.cancelled = [] { return true; }}), absl::StatusCode::kCancelled);
    EXPECT_EQ(code({.memory_bytes = 1000}), absl::StatusCode::kResourceExhausted);
    int asked = 0;
    EXPECT_EQ(code({.cancelled = [&] { return ++asked == 5; }}), absl::StatusCode::kCancelled);
  }
  EXPECT_EQ(engine_.MakeFlameGraph(selection, {.min_share = NAN}, Context()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(EngineTest, CountsBoxesAndTheirNames) {
  constexpr int kFrames = 200;
  constexpr size_t kNameBytes = 50'000;
  for (int i = 0; i < kFrames; ++i) {
    Append({.series = {.site = "eqiad", .profile_type = "wall:samples:count::"},
            .time = kEngineBegin,
            .stack = std::string(kNameBytes, 'f') + fmt::format("{}", i),
            .value = 1});
  }
  ASSERT_TRUE(store_->Flush().ok());
  const Selection selection = {"wall", kEngineBegin, kEngineBegin + kSpan};
  for (const bool inverted : {false, true}) {
    const auto code = [&](uint64_t memory) {
      return engine_.MakeFlameGraph(selection, {.inverted = inverted}, {.memory_bytes = memory})
          .status()
          .code();
    };
    EXPECT_EQ(code(kFrames * kNameBytes), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(code(2 * kFrames * kNameBytes), absl::StatusCode::kOk);
  }
}

TEST_F(EngineTest, ListsSeries) {
  Fill(200);
  const auto names = [&](std::string_view selector) {
    std::vector<std::string> out;
    const auto series = engine_.ListSeries(selector);
    for (const storage::SeriesKey& key : *series) {
      out.push_back(fmt::format("{} {}", key.profile_type, key.site));
      for (const auto& [name, value] : key.labels) out.back() += fmt::format(" {}={}", name, value);
    }
    return out;
  };
  EXPECT_EQ(names("").size(), 12);
  EXPECT_THAT(names(R"(cpu{site="codfw"})"),
              ElementsAre("cpu:samples:count:: codfw", "cpu:samples:count:: codfw entry_point=api",
                          "cpu:samples:count:: codfw entry_point=index"));
  EXPECT_THAT(names(R"({site="codfw",entry_point="api"})"),
              ElementsAre("cpu:samples:count:: codfw entry_point=api",
                          "wall:samples:count:: codfw entry_point=api"));
  EXPECT_THAT(names("nothing"), IsEmpty());
  EXPECT_THAT(Message(engine_.ListSeries("{").status()), HasSubstr("position 2"));
}

TEST_F(EngineTest, AnswersSeveralAtOnceWhileSamplesComeIn) {
  Fill(500);
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&, i] {
      uint64_t last = 0;
      while (!done) {
        const auto graph = engine_.MakeFlameGraph({"wall", kEngineBegin, kEngineBegin + kSpan},
                                                  {.inverted = i == 2}, Context());
        ASSERT_TRUE(graph.ok()) << graph.status();
        EXPECT_GE(graph->coverage.total, last);  // snapshots go forward
        last = graph->coverage.total;
      }
    });
  }
  Fill(300);
  done = true;
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace flamekeep::query
