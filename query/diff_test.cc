#include "query/diff.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <tuple>

#include "query/diff_testing.h"

namespace flamekeep::query {
namespace {

TEST_F(DiffTest, FunctionsAreThoseOfAnOracle) {
  for (const auto& [begin, middle, end] :
       {std::tuple(0, 60, 120), {0, 90, 360}, {13, 17, 300}, {0, 3, 6}}) {
    const Selection baseline = Between(begin, middle);
    const Selection selection = Between(middle, end);
    const Diff diff = MakeDiff(baseline, selection);
    ExpectFunctions(diff, Look(baseline), Look(selection));
    EXPECT_EQ(diff.coverage.total,
              Engine(&*store_).MakeFlameGraph(selection, {}, Context())->coverage.total);
  }
}

TEST_F(DiffTest, StacksAreThoseOfAnOracle) {
  const Selection baseline = Between(0, 100);
  const Selection selection = Between(100, 360);
  const Diff diff = MakeDiff(baseline, selection, {.tree = true});
  Naive before = Look(baseline);
  Naive after = Look(selection);
  const std::set<std::string> seen = ExpectTree(*diff.tree, before, after);
  std::set<std::string> all;
  for (const auto& [path, value] : before.below) all.insert(path);
  for (const auto& [path, value] : after.below) all.insert(path);
  EXPECT_EQ(seen, all);
  EXPECT_EQ(diff.tree->graph.cut_total, 0);
  EXPECT_EQ(diff.tree->baseline_cut_total, 0);
}

TEST_F(DiffTest, CutsWhatIsNarrowInBoth) {
  const Selection baseline = Between(0, 100);
  const Selection selection = Between(100, 360);
  Naive before = Look(baseline);
  Naive after = Look(selection);
  const auto width = [&](const std::string& path) {
    return std::max(ShareOf(before.below[path], before.size.total),
                    ShareOf(after.below[path], after.size.total));
  };
  std::set<std::string> all;
  for (const auto& [path, value] : before.below) all.insert(path);
  for (const auto& [path, value] : after.below) all.insert(path);
  for (const uint32_t max_nodes : {1u, 2u, 10u, 50u, 300u}) {
    const Diff diff = MakeDiff(baseline, selection, {.tree = true, .max_nodes = max_nodes});
    const std::set<std::string> seen = ExpectTree(*diff.tree, before, after);
    EXPECT_LE(seen.size(), max_nodes);
    EXPECT_GE(seen.size(), max_nodes * 2 / 3);
    double narrowest = 1;
    for (const std::string& path : seen) narrowest = std::min(narrowest, width(path));
    for (const std::string& path : all) {
      if (!seen.contains(path)) {
        EXPECT_LT(width(path), narrowest) << path;
      }
    }
    // What was left out is what is missing.
    uint64_t selfs = 0;
    for (const uint64_t self : diff.tree->baseline_self) selfs += self;
    EXPECT_EQ(selfs + diff.tree->baseline_cut_total, before.below[""]);
  }
  const Diff diff = MakeDiff(baseline, selection, {.tree = true, .min_share = 0.02});
  const std::set<std::string> seen = ExpectTree(*diff.tree, before, after);
  for (const std::string& path : all) EXPECT_EQ(seen.contains(path), width(path) >= 0.02) << path;
}

TEST_F(DiffTest, FiltersOfBothSides) {
  const FrameFilter filters[] = {{},
                                 {.drop = {{"f3", ""}}},
                                 {.focus = {"f1", ""}},
                                 {.hide = {{"f2", ""}}},
                                 {.focus = {"f4", ""}, .hide = {{"f0", ""}}, .max_depth = 3}};
  for (const FrameFilter& one : filters) {
    for (const FrameFilter& other : filters) {
      SCOPED_TRACE(FilterName(Normalized(one)) + " and " + FilterName(Normalized(other)));
      const Selection baseline = Between(0, 10, one);
      const Selection selection = Between(10, 40, other);
      const Diff diff = MakeDiff(baseline, selection, {.tree = true});
      const Naive before = Look(baseline);
      const Naive after = Look(selection);
      ExpectFunctions(diff, before, after);
      std::set<std::string> all = {""};
      for (const auto& [path, value] : before.below) all.insert(path);
      for (const auto& [path, value] : after.below) all.insert(path);
      EXPECT_EQ(ExpectTree(*diff.tree, before, after), all);
      const Diff cut = MakeDiff(baseline, selection, {.tree = true, .max_nodes = 20});
      ExpectTree(*cut.tree, before, after);
    }
  }
}

}  // namespace
}  // namespace flamekeep::query
