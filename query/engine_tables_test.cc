// The views over functions against a naive oracle, in a store with rollups, with and without kept
// answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "query/engine.h"
#include "query/query_testing.h"
#include "query/selector.h"
#include "storage/store_testing.h"

namespace flamekeep::query {
namespace {

using ::testing::HasSubstr;

using Path = std::vector<std::string>;  // "function@file", root first

const absl::Time kFirstDay = absl::FromUnixSeconds(1'795'219'200);  // 2026-11-21

struct NaiveSample {
  storage::SeriesKey series;
  absl::Time time;
  Path path;
  uint64_t value = 0;
};

std::string FunctionOf(const std::string& frame) { return frame.substr(0, frame.find('@')); }

// A tree with totals, by name.
struct NaiveTree {
  uint64_t total = 0;
  uint64_t self = 0;
  std::map<std::string, NaiveTree> children;

  void Add(const Path& path, uint64_t value) {
    NaiveTree* node = this;
    node->total += value;
    for (const std::string& frame : path) {
      node = &node->children[frame];
      node->total += value;
    }
    node->self += value;
  }

  std::string Text(const std::string& name = "all@", int depth = 0) const {
    std::string text = fmt::format("{:{}}{} {} {}\n", "", depth, name, total, self);
    std::vector<std::pair<std::string, const NaiveTree*>> sorted;
    for (const auto& [child_name, child] : children) sorted.emplace_back(child_name, &child);
    std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
      return std::tie(b.second->total, a.first) < std::tie(a.second->total, b.first);
    });
    for (const auto& [child_name, child] : sorted) text += child->Text(child_name, depth + 1);
    return text;
  }
};

class EngineTablesTest : public ::testing::Test {
 protected:
  void Fill(int samples) {
    for (int i = 0; i < samples; ++i) {
      NaiveSample sample;
      sample.series = {.site = random_() % 2 == 0 ? "eqiad" : "codfw",
                       .profile_type = "wall:samples:count::"};
      if (random_() % 4 != 0) {
        sample.series.labels = {{"version", fmt::format("1.{}", random_() % 5)}};
      }
      sample.time = kFirstDay + absl::Minutes(random_() % (3 * 24 * 60));
      for (uint64_t depth = 1 + random_() % 7; depth > 0; --depth) {
        const uint64_t which = random_() % 6;
        sample.path.push_back(fmt::format("f{}@{}", which, random_() % 8 == 0 ? "x.php" : ""));
      }
      sample.value = 1 + random_() % 5;
      Append(sample);
      known_.push_back(std::move(sample));
    }
    ASSERT_TRUE(store_->Flush().ok());
  }

  void Append(const NaiveSample& sample) {
    storage::Batch batch;
    batch.source = *store_->InternSource(
        {.kind = storage::SourceKind::kPush, .site = sample.series.site, .name = "test"});
    std::vector<storage::FrameId> frames;
    for (const std::string& frame : sample.path) {
      frames.push_back(
          *store_->dictionary().InternFrame(FunctionOf(frame), frame.substr(frame.find('@') + 1)));
    }
    batch.samples.push_back({.minute = *storage::MinuteOf(sample.time),
                             .series = *store_->InternSeries(sample.series),
                             .stack = *store_->dictionary().InternStack(frames),
                             .value = sample.value});
    ASSERT_TRUE(store_->Append(std::move(batch)).ok());
  }

  void RollUp() { ASSERT_TRUE(store_->RunMaintenance(/*force=*/true).ok()); }

  Selection RandomSelection() {
    const char* const selectors[] = {"wall", "wall{site=\"eqiad\"}", "wall{version=~\"1.[12]\"}"};
    Selection selection = {.selector = selectors[random_() % 3]};
    selection.begin = kFirstDay + absl::Hours(random_() % 40);
    selection.end = selection.begin + absl::Minutes(1 + random_() % 3000);
    // What it hides and drops is easily done by hand.
    if (random_() % 3 == 0) selection.filter.hide = {{.function = "^f0$"}};
    if (random_() % 3 == 0) selection.filter.drop = {{.function = "^f5$"}};
    return selection;
  }

  // What a selection holds, after its filter.
  std::vector<NaiveSample> Selected(const Selection& selection) const {
    const auto selector = ParseSelector(selection.selector);
    std::vector<NaiveSample> selected;
    for (NaiveSample sample : known_) {
      if (!selector->Matches(sample.series)) continue;
      if (sample.time < selection.begin || sample.time >= selection.end) continue;
      if (!selection.filter.drop.empty() && Holds(sample.path, {"f5"})) continue;
      if (!selection.filter.hide.empty()) {
        std::erase_if(sample.path, [](const auto& frame) { return FunctionOf(frame) == "f0"; });
      }
      selected.push_back(std::move(sample));
    }
    return selected;
  }

  static bool Holds(const Path& path, const std::set<std::string>& functions) {
    return std::any_of(path.begin(), path.end(), [&](const std::string& frame) {
      return functions.contains(FunctionOf(frame));
    });
  }

  std::mt19937_64 random_{1};
  std::vector<NaiveSample> known_;
  storage::TestDirectory directory_;
  storage::TestStore store_{directory_.path()};
  ResultCache cache_{{.max_bytes = 64 << 20}};
  Engine engine_{&*store_};
  Engine keeping_{&*store_, &cache_};
};

TEST_F(EngineTablesTest, TopMatchesTheOracle) {
  Fill(600);
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(round);
    if (round == 30) RollUp();
    const Selection selection = RandomSelection();
    TopOptions options = {.by = random_() % 2 == 0 ? FunctionOrder::kSelf : FunctionOrder::kTotal,
                          .limit = static_cast<uint32_t>(random_() % 8)};
    std::set<std::string> wanted = {"f0", "f1", "f2", "f3", "f4", "f5"};
    if (random_() % 2 == 0) {
      options.function = {.function = "^f[24]$"};
      wanted = {"f2", "f4"};
    }
    std::map<std::string, FrameTotal> totals;
    uint64_t whole = 0;
    uint64_t matched = 0;
    for (const NaiveSample& sample : Selected(selection)) {
      whole += sample.value;
      if (options.function.empty() || Holds(sample.path, wanted)) matched += sample.value;
      if (!sample.path.empty()) totals[sample.path.back()].self += sample.value;
      for (const auto& frame : std::set<std::string>(sample.path.begin(), sample.path.end())) {
        totals[frame].total += sample.value;
      }
    }
    std::vector<std::tuple<uint64_t, std::string, FrameTotal>> rows;
    for (const auto& [frame, total] : totals) {
      if (!wanted.contains(FunctionOf(frame))) continue;
      rows.emplace_back(options.by == FunctionOrder::kSelf ? total.self : total.total, frame,
                        total);
    }
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
      return std::tie(std::get<0>(b), std::get<1>(a)) < std::tie(std::get<0>(a), std::get<1>(b));
    });
    const size_t limit = options.limit != 0 ? options.limit : kDefaultRows;
    uint64_t self_left_out = 0;
    for (size_t i = limit; i < rows.size(); ++i) self_left_out += std::get<2>(rows[i]).self;

    for (const Engine* engine : {&engine_, &keeping_, &keeping_}) {
      const auto table = engine->MakeTop(selection, options, Context());
      ASSERT_TRUE(table.ok()) << table.status();
      EXPECT_EQ(table->coverage.total, whole);
      EXPECT_EQ(table->matched_total, matched);
      ASSERT_EQ(table->rows.size(), std::min(limit, rows.size()));
      EXPECT_EQ(table->rows_left_out, rows.size() - table->rows.size());
      EXPECT_EQ(table->self_left_out, self_left_out);
      for (size_t i = 0; i < table->rows.size(); ++i) {
        const FunctionRow& row = table->rows[i];
        EXPECT_EQ(row.function + "@" + row.file, std::get<1>(rows[i]));
        EXPECT_EQ((FrameTotal{row.self, row.total}), std::get<2>(rows[i]));
      }
    }
  }
}

TEST_F(EngineTablesTest, SandwichMatchesTheOracle) {
  Fill(600);
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(round);
    if (round == 30) RollUp();
    const Selection selection = RandomSelection();
    SandwichOptions options = {.function = ExactMatcher("f3", "")};
    std::set<std::string> wanted = {"f3"};
    if (random_() % 2 == 0) {
      options.function = {.function = "^f[24]$"};
      wanted = {"f2", "f4"};
    }
    NaiveTree callers;
    NaiveTree callees;
    uint64_t self = 0;
    for (const NaiveSample& sample : Selected(selection)) {
      const Path& path = sample.path;
      const auto call = std::find_if(path.begin(), path.end(), [&](const std::string& frame) {
        return wanted.contains(FunctionOf(frame));
      });
      if (call == path.end()) continue;
      callees.Add(Path(call, path.end()), sample.value);
      callers.Add(Path(std::make_reverse_iterator(call + 1), path.rend()), sample.value);
      if (wanted.contains(FunctionOf(path.back()))) self += sample.value;
    }
    for (const Engine* engine : {&engine_, &keeping_, &keeping_}) {
      const auto sandwich = engine->MakeSandwich(selection, options, Context());
      ASSERT_TRUE(sandwich.ok()) << sandwich.status();
      EXPECT_EQ(sandwich->total, callees.total);
      EXPECT_EQ(sandwich->self, self);
      EXPECT_EQ(Text(sandwich->callers), callers.Text());
      EXPECT_EQ(Text(sandwich->callees), callees.Text());
      EXPECT_TRUE(sandwich->callers.inverted && !sandwich->callees.inverted);
    }
  }
}

TEST_F(EngineTablesTest, CompareMatchesTheOracle) {
  Fill(600);
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(round);
    if (round == 30) RollUp();
    const Selection selection = RandomSelection();
    CompareOptions options = {.label = random_() % 3 == 0 ? "site" : "version"};
    const bool of_function = random_() % 2 == 0;
    if (of_function) options.function = {.function = "^f[24]$"};
    std::map<std::string, CompareRow> values;
    const auto value_of = [&](const storage::SeriesKey& series) {
      if (options.label == "site") return series.site;
      return series.labels.empty() ? std::string() : series.labels[0].second;
    };
    // What the filter drops counts as observed.
    Selection unfiltered = selection;
    unfiltered.filter = {};
    for (const NaiveSample& sample : Selected(unfiltered)) {
      ++values[value_of(sample.series)].observations;
    }
    uint64_t whole = 0;
    for (const NaiveSample& sample : Selected(selection)) {
      whole += sample.value;
      CompareRow& row = values[value_of(sample.series)];
      row.total += sample.value;
      if (!of_function || Holds(sample.path, {"f2", "f4"})) row.function_total += sample.value;
    }
    for (const Engine* engine : {&engine_, &keeping_, &keeping_}) {
      const auto comparison = engine->Compare(selection, options, Context());
      ASSERT_TRUE(comparison.ok()) << comparison.status();
      EXPECT_EQ(comparison->coverage.total, whole);
      EXPECT_EQ(comparison->rows.size(), values.size());
      for (size_t i = 0; i < comparison->rows.size(); ++i) {
        const CompareRow& row = comparison->rows[i];
        const CompareRow& expected = values[row.value];
        EXPECT_EQ(row.observations, expected.observations) << row.value;
        EXPECT_EQ(row.total, expected.total) << row.value;
        EXPECT_EQ(row.function_total, expected.function_total) << row.value;
        if (i > 0) {
          EXPECT_GE(comparison->rows[i - 1].total, row.total);
        }
      }
    }
  }
}

TEST_F(EngineTablesTest, VersionsTellQuestionsApart) {
  Fill(50);
  const Selection selection = {"wall", kFirstDay, kFirstDay + absl::Hours(72), {}};
  std::set<std::string> versions;
  size_t asked = 0;
  const auto top = [&](const TopOptions& options) {
    ++asked;
    versions.insert(engine_.MakeTop(selection, options, Context())->coverage.version);
    EXPECT_TRUE(
        versions.contains(keeping_.MakeTop(selection, options, Context())->coverage.version));
  };
  top({});
  top({.by = FunctionOrder::kTotal});
  top({.limit = 7});
  top({.function = {.function = "f1"}});
  top({.function = {.file = "f1"}});
  for (const char* name : {"f1", "f2"}) {
    ++asked;
    versions.insert(
        engine_.MakeSandwich(selection, {.function = ExactMatcher(name, "")}, Context())
            ->coverage.version);
  }
  for (const char* label : {"site", "version"}) {
    ++asked;
    versions.insert(engine_.Compare(selection, {.label = label}, Context())->coverage.version);
  }
  EXPECT_EQ(versions.size(), asked);
  // The default, spelled out, is the same question.
  top({.limit = kDefaultRows});
  EXPECT_EQ(versions.size(), asked - 1);
}

TEST_F(EngineTablesTest, KeptAnswersAreNoLongQueries) {
  Fill(50);
  const Selection selection = {"wall", kFirstDay, kFirstDay + absl::Hours(72), {}};
  const TopOptions options;
  ASSERT_TRUE(keeping_.MakeTop(selection, options, Context()).ok());
  EXPECT_GT(cache_.bytes(), 0u);
  const auto kept = keeping_.MakeTop(selection, options, Context());
  EXPECT_EQ(kept->coverage.columns, 0u);  // nothing was read
  EXPECT_FALSE(*keeping_.IsLong(selection, TopView(options), Context()));
}

TEST_F(EngineTablesTest, StopsWhenItMust) {
  Fill(50);
  const Selection selection = {"wall", kFirstDay, kFirstDay + absl::Hours(72), {}};
  const auto expect = [&](const Context& context, absl::StatusCode code) {
    EXPECT_EQ(engine_.MakeTop(selection, {}, context).status().code(), code);
    EXPECT_EQ(engine_.MakeSandwich(selection, {.function = ExactMatcher("f1", "")}, context)
                  .status()
                  .code(),
              code);
    EXPECT_EQ(engine_.Compare(selection, {.label = "site", .function = {.function = "f1"}}, context)
                  .status()
                  .code(),
              code);
  };
  expect({.deadline = absl::InfinitePast()}, absl::StatusCode::kDeadlineExceeded);
  expect({.cancelled = [] { return true; }}, absl::StatusCode::kCancelled);
  expect({.memory_bytes = 100}, absl::StatusCode::kResourceExhausted);
  expect({}, absl::StatusCode::kOk);
}

TEST_F(EngineTablesTest, BadOptionsAreNamed) {
  Fill(1);
  const Selection selection = {"wall", kFirstDay, kFirstDay + absl::Hours(72), {}};
  const auto top = [&](const TopOptions& options) {
    return std::string(engine_.MakeTop(selection, options, Context()).status().message());
  };
  EXPECT_THAT(top({.limit = kMaxRows + 1}), HasSubstr("`limit`"));
  EXPECT_THAT(top({.function = {.function = "("}}), HasSubstr("`function`"));
  EXPECT_THAT(top({.function = {.function = std::string(5000, 'x')}}), HasSubstr("5000 bytes"));
  const auto sandwich = [&](const SandwichOptions& options) {
    return std::string(engine_.MakeSandwich(selection, options, Context()).status().message());
  };
  EXPECT_THAT(sandwich({}), HasSubstr("`function`"));
  EXPECT_THAT(sandwich({.function = {.function = "x"}, .min_share = 2}), HasSubstr("min_share"));
  const auto compare = [&](const CompareOptions& options) {
    return std::string(engine_.Compare(selection, options, Context()).status().message());
  };
  EXPECT_THAT(compare({}), HasSubstr("`label`"));
  EXPECT_THAT(compare({.label = "site", .limit = kMaxRows + 1}), HasSubstr("`limit`"));
  EXPECT_THAT(compare({.label = std::string(300, 'x')}), HasSubstr("300 bytes"));
}

}  // namespace
}  // namespace flamekeep::query
