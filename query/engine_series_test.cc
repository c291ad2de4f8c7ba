// Series and heat maps of random stores, against flame graphs of each point.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "query/engine.h"
#include "storage/store_testing.h"

namespace flamekeep::query {
namespace {

using storage::Level;
using ::testing::HasSubstr;

const absl::Time kFirst = absl::FromUnixSeconds(1'793'491'200);  // 2026-11-01
constexpr int kAllDays = 40;

// All of an answer but what it took.
std::string TextOf(const SeriesAnswer& answer) {
  const Coverage& coverage = answer.coverage;
  std::string text =
      fmt::format("{} {} {} {} {} {} {}\n", absl::ToUnixSeconds(coverage.covered.begin),
                  absl::ToUnixSeconds(coverage.covered.end), coverage.total, coverage.observations,
                  coverage.version, answer.wide_points, answer.groups_left_out);
  for (const absl::Time edge : answer.edges) {
    text += absl::FormatTime("%F %R ", edge, absl::UTCTimeZone());
  }
  std::vector<TimeSeries> groups = answer.groups;
  if (answer.rest.has_value()) groups.push_back(*answer.rest);
  for (const TimeSeries& group : groups) {
    text += fmt::format("\n{}:", fmt::join(group.labels, ","));
    for (const PointSums& point : group.points) {
      text += fmt::format(" {}/{}/{}/{}", point.total, point.observations, point.value, point.self);
    }
  }
  return text;
}

class EngineSeriesTest : public ::testing::Test {
 protected:
  absl::Time RandomTime() { return kFirst + absl::Minutes(random_() % (kAllDays * 24 * 60)); }

  void Append(absl::Time time, Level resolution) {
    const std::string site = random_() % 2 == 0 ? "eqiad" : "codfw";
    const char* const entry_points[] = {"", "index", "api", "load"};
    storage::SeriesKey key{.site = site, .profile_type = "cpu:samples:count::"};
    const std::string entry_point = entry_points[random_() % 4];
    if (!entry_point.empty()) key.labels = {{"entry_point", entry_point}};
    std::vector<storage::FrameId> frames;
    for (uint64_t depth = 1 + random_() % 5; depth > 0; --depth) {
      frames.push_back(*store_->dictionary().InternFrame(fmt::format("f{}", random_() % 5)));
    }
    const auto source =
        store_->InternSource({.kind = storage::SourceKind::kPush, .site = site, .name = "test"});
    const auto series = store_->InternSeries(key);
    const auto stack = store_->dictionary().InternStack(frames);
    ASSERT_TRUE(source.ok() && series.ok() && stack.ok());
    ASSERT_TRUE(store_
                    ->Append({.source = *source,
                              .resolution = resolution,
                              .samples = {{.minute = *storage::MinuteOf(time),
                                           .series = *series,
                                           .stack = *stack,
                                           .observations = static_cast<uint32_t>(1 + random_() % 3),
                                           .value = 1 + random_() % 9}}})
                    .ok());
    ASSERT_TRUE(store_->Flush().ok());
  }

  Selection RandomSelection() {
    Selection selection{.selector = random_() % 2 == 0 ? "cpu" : R"(cpu{site="eqiad"})"};
    selection.begin = RandomTime();
    const int64_t length = random_() % 2 == 0 ? 3 * 60 : kAllDays * 24 * 60;
    selection.end = selection.begin + absl::Minutes(1 + random_() % length);
    if (random_() % 4 == 0) selection.filter.drop = {{"^f1$", ""}};
    if (random_() % 4 == 0) selection.filter.hide = {{"^f2$", ""}};
    if (random_() % 4 == 0) selection.filter.focus = {"^f0$", ""};
    return selection;
  }

  SeriesOptions RandomOptions(const Selection& selection) {
    SeriesOptions options;
    const Step steps[] = {{},
                          {Level::kMinute, 7},
                          {Level::kHour, 1},
                          {Level::kHour, 5},
                          {Level::kDay, 1},
                          {Level::kDay, 7},
                          {Level::kMonth, 1}};
    options.step = steps[random_() % std::size(steps)];
    if (selection.end - selection.begin > absl::Hours(48) && options.step.count == 7) {
      options.step = {Level::kDay, 2};
    }
    options.max_points = 30;
    if (random_() % 2 == 0) options.function = {"^f3$", ""};
    if (random_() % 2 == 0) options.by = {"site", "entry_point"};
    if (random_() % 2 == 0) options.by = {"entry_point"};
    if (random_() % 3 == 0) options.max_groups = 2;
    return options;
  }

  // What the flame graph of a selection has.
  PointSums GraphSums(const Selection& selection, const FrameMatcher& function) {
    const auto graph = plain_.MakeFlameGraph(selection, {}, Context());
    EXPECT_TRUE(graph.ok()) << graph.status();
    EXPECT_FALSE(graph->coverage.widened);
    PointSums sums{.total = graph->coverage.total, .observations = graph->coverage.observations};
    if (function.empty()) return sums;
    std::vector<bool> inside(1);  // by depth: a box of the function is there or above
    for (size_t i = 1; i < graph->size(); ++i) {
      const bool is_function = graph->names[graph->name[i]] == "f3";
      inside.resize(graph->depth[i]);
      if (is_function && !inside.back()) sums.value += graph->total[i];
      if (is_function) sums.self += graph->self[i];
      inside.push_back(inside.back() || is_function);
    }
    return sums;
  }

  void ExpectGraphs(Selection selection, const SeriesOptions& options, const SeriesAnswer& answer) {
    const auto whole = plain_.MakeFlameGraph(selection, {}, Context());
    ASSERT_TRUE(whole.ok()) << whole.status();
    EXPECT_EQ(answer.coverage.total, whole->coverage.total);
    EXPECT_EQ(answer.coverage.observations, whole->coverage.observations);
    ASSERT_EQ(answer.edges.front(), whole->coverage.covered.begin);
    ASSERT_EQ(answer.edges.back(), whole->coverage.covered.end);
    const std::string selector = selection.selector;
    for (size_t i = 0; i + 1 < answer.edges.size(); ++i) {
      selection.begin = answer.edges[i];
      selection.end = answer.edges[i + 1];
      selection.selector = selector;
      PointSums all = answer.rest.has_value() ? answer.rest->points[i] : PointSums{};
      for (const TimeSeries& group : answer.groups) {
        AddSums(group.points[i], &all);
        if (i % 4 != 0 || options.by.empty()) continue;
        std::string matchers = selector == "cpu" ? "" : R"(site="eqiad",)";
        for (size_t j = 0; j < options.by.size(); ++j) {
          matchers += fmt::format("{}=\"{}\",", options.by[j], group.labels[j]);
        }
        matchers.pop_back();
        selection.selector = fmt::format("cpu{{{}}}", matchers);
        EXPECT_EQ(group.points[i], GraphSums(selection, options.function)) << selection.selector;
      }
      selection.selector = selector;
      EXPECT_EQ(all, GraphSums(selection, options.function));
    }
  }

  std::mt19937_64 random_{3};
  storage::TestDirectory directory_;
  storage::TestClock clock_{kFirst + absl::Hours(24 * (kAllDays + 1))};
  storage::TestStore store_{[this] {
    storage::StoreOptions options = storage::TestOptions(directory_.path(), &clock_);
    options.retention.keep[0] = absl::Hours(24 * 10);
    options.retention.keep[1] = absl::Hours(24 * 25);
    return options;
  }()};
  Metrics metrics_;
  ResultCache cache_{{.max_bytes = uint64_t{1} << 20, .metrics = &metrics_}};
  const Engine plain_{&*store_};
  const Engine cached_{&*store_, &cache_};
};

TEST_F(EngineSeriesTest, PointsAreFlameGraphs) {
  for (int i = 0; i < 300; ++i) Append(RandomTime(), Level::kMinute);
  ASSERT_TRUE(store_->RunMaintenance(/*force=*/true).ok());  // minutes and hours go
  uint64_t wide = 0;
  uint64_t narrow = 0;
  for (int round = 0; round < 60 && !HasFailure(); ++round) {
    SCOPED_TRACE(round);
    if (random_() % 3 == 0) Append(RandomTime(), Level::kMinute);
    if (round > 40 && random_() % 3 == 0) {
      Append(RandomTime(), random_() % 2 == 0 ? Level::kHour : Level::kDay);
    }
    if (round % 10 == 9) {
      clock_.Advance(absl::Hours(12));
      ASSERT_TRUE(store_->RunMaintenance(/*force=*/random_() % 2 == 0).ok());
    }
    const Selection selection = RandomSelection();
    const SeriesOptions options = RandomOptions(selection);
    const auto answer = plain_.MakeSeries(selection, options, Context());
    ASSERT_TRUE(answer.ok()) << answer.status();
    ExpectGraphs(selection, options, *answer);
    wide += answer->wide_points;
    narrow += answer->edges.size() - 1 - answer->wide_points;
    for (int i = 0; i < 2; ++i) {
      const auto cached = cached_.MakeSeries(selection, options, Context());
      ASSERT_TRUE(cached.ok()) << cached.status();
      EXPECT_EQ(TextOf(*cached), TextOf(*answer));
      EXPECT_TRUE(i == 0 || cached->coverage.columns == 0);
    }
    if (round % 3 != 0) continue;
    // Whatever was rolled up.
    ASSERT_TRUE(store_->RunMaintenance(/*force=*/round % 2 == 0).ok());
    const auto again = plain_.MakeSeries(selection, options, Context());
    ASSERT_TRUE(again.ok()) << again.status();
    if (again->edges == answer->edges) {
      EXPECT_EQ(TextOf(*again), TextOf(*answer));
    }
  }
  EXPECT_GT(wide, 30);
  EXPECT_GT(narrow, 100);
}

TEST_F(EngineSeriesTest, HeatMapsAreSeriesByHour) {
  for (int i = 0; i < 500; ++i) Append(RandomTime(), Level::kMinute);
  clock_.Advance(absl::Hours(24));  // the first days lose their hours
  ASSERT_TRUE(store_->RunMaintenance(/*force=*/true).ok());
  const Selection selection{"cpu", kFirst + absl::Hours(30), kFirst + absl::Hours(24 * 30 + 5)};
  const FrameMatcher function{"^f3$", ""};
  const auto map = plain_.MakeHeatMap(selection, function, Context());
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_EQ(map->first_day, kFirst + absl::Hours(24));
  ASSERT_EQ(map->days.size(), 30);
  uint64_t unknown = 0;
  PointSums all;
  for (size_t day = 0; day < map->days.size(); ++day) {
    const absl::Time midnight = map->first_day + absl::Hours(24 * day);
    EXPECT_EQ(map->days[day].state, CellState::kKnown);
    AddSums(map->days[day].sums, &all);
    for (size_t hour = 0; hour < kHoursPerDay; ++hour) {
      const HeatCell& cell = map->hours[day * kHoursPerDay + hour];
      const absl::Time begin = midnight + absl::Hours(hour);
      if (cell.state == CellState::kUnknown) {
        ++unknown;
        EXPECT_LT(day, 17);
      } else if (cell.state == CellState::kOutside) {
        EXPECT_GE(begin, map->coverage.covered.end);
      } else {
        EXPECT_EQ(cell.sums, GraphSums({"cpu", begin, begin + absl::Hours(1)}, function));
      }
    }
  }
  EXPECT_GT(unknown, 24);
  EXPECT_EQ(unknown, map->unknown_hours);
  EXPECT_EQ(all.total, map->coverage.total);
  EXPECT_EQ(all,
            GraphSums({"cpu", map->coverage.covered.begin, map->coverage.covered.end}, function));
}

TEST_F(EngineSeriesTest, SaysWhatIsWrongWithAQuestion) {
  Append(kFirst, Level::kMinute);
  const auto error = [&](const SeriesOptions& options, absl::Duration length) {
    const auto answer = plain_.MakeSeries({"cpu", kFirst, kFirst + length}, options, Context());
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(answer.status().message());
  };
  constexpr absl::Duration kDay = absl::Hours(24);
  EXPECT_THAT(error({.step = {Level::kMinute, 1}}, 14 * kDay), HasSubstr("at most 20000"));
  EXPECT_THAT(error({.step = {Level::kDay, kMaxStepCount + 1}}, kDay), HasSubstr("100001 units"));
  EXPECT_THAT(error({.max_points = kMaxPoints + 1}, kDay), HasSubstr("`max_points` is 20001"));
  EXPECT_THAT(error({.by = {"a", "b", "a"}}, kDay), HasSubstr("\"a\" twice"));
  EXPECT_THAT(error({.by = {""}}, kDay), HasSubstr("empty name"));
  EXPECT_THAT(error({.max_groups = kMaxMaxGroups + 1}, kDay), HasSubstr("`max_groups` is 1001"));
  EXPECT_THAT(error({.by = std::vector<std::string>(kMaxGroupLabels + 1, "a")}, kDay),
              HasSubstr("17 labels"));
  EXPECT_THAT(error({.step = {Level::kMinute, 1}, .by = {"site"}, .max_groups = 1000}, kDay),
              HasSubstr("1440 points of 1000 groups"));
  EXPECT_THAT(error({.function = {"(", ""}}, kDay), HasSubstr("`function` has \"(\""));
  const auto map =
      plain_.MakeHeatMap({"cpu", kFirst, kFirst + absl::Hours(24 * 4001)}, {}, Context());
  EXPECT_THAT(std::string(map.status().message()), HasSubstr("4001 days, at most 4000"));
}

TEST_F(EngineSeriesTest, StaysWithinItsMemoryAndStops) {
  for (int i = 0; i < 200; ++i) Append(RandomTime(), Level::kMinute);
  const Selection selection{"cpu", kFirst, kFirst + absl::Hours(24 * kAllDays)};
  const SeriesOptions options{.step = {Level::kMinute, 5}, .function = {"f", ""}};
  EXPECT_EQ(plain_.MakeSeries(selection, options, {.memory_bytes = 10'000}).status().code(),
            absl::StatusCode::kResourceExhausted);
  int asked = 0;
  const auto code = [&](int cancel_at) {
    asked = 0;
    return plain_
        .MakeSeries(selection, options, {.cancelled = [&] { return ++asked == cancel_at; }})
        .status()
        .code();
  };
  EXPECT_EQ(code(-1), absl::StatusCode::kOk);
  const int all = asked;
  EXPECT_GT(all, 200);
  for (int i = 1; i <= 5; ++i) {
    EXPECT_EQ(code(all * i / 5), absl::StatusCode::kCancelled);
    EXPECT_EQ(asked, all * i / 5);
  }
}

TEST_F(EngineSeriesTest, LongOnesAreTold) {
  Append(kFirst, Level::kMinute);
  const Selection selection{"cpu", kFirst, kFirst + absl::Hours(24)};
  EXPECT_FALSE(*plain_.SeriesIsLong(selection, {}, Context()));
  EXPECT_FALSE(*plain_.HeatMapIsLong(selection, {}, Context()));
  EXPECT_EQ(plain_.SeriesIsLong({"cpu", kFirst, kFirst}, {}, Context()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace flamekeep::query
