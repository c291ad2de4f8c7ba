#include "query/function_totals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "query/query_testing.h"
#include "query/stack_filter.h"

namespace flamekeep::query {
namespace {

constexpr uint64_t kLargest = UINT64_MAX;

// By the stacks' paths, one after the other.
std::vector<FrameTotal> NaiveTotals(const TestTree& tree, const Values& sums) {
  std::vector<FrameTotal> totals(tree.frame_count());
  bool saturated = false;
  for (const auto& [id, value] : sums) {
    const std::vector<uint32_t> path = tree.Path(id);
    if (!path.empty()) {
      uint64_t& self = totals[path.back()].self;
      self = storage::SaturatingAdd(self, value, &saturated);
    }
    for (const uint32_t frame : std::set<uint32_t>(path.begin(), path.end())) {
      totals[frame].total = storage::SaturatingAdd(totals[frame].total, value, &saturated);
    }
  }
  return totals;
}

void ExpectExactTotals(const TestTree& tree, const TestColumns& columns, RepeatTable* known,
                       bool threaded = false, uint32_t block_shift = storage::kBlockShift) {
  const auto totals = SumFunctions(columns.views(), tree.View(block_shift), tree.frame_count(),
                                   known, Context(), 0, threaded);
  ASSERT_TRUE(totals.ok()) << totals.status();
  EXPECT_EQ(totals->frames, NaiveTotals(tree, columns.sums));
}

TEST(FunctionTotals, NothingHasNone) {
  TestTree tree;
  tree.AddFrame("a");
  const auto totals = SumFunctions({}, tree.View(), tree.frame_count(), nullptr, Context());
  ASSERT_TRUE(totals.ok());
  EXPECT_EQ(totals->frames, std::vector<FrameTotal>(2));
  EXPECT_EQ(totals->visited, 1);
}

TEST(FunctionTotals, RecursionCountsOnce) {
  TestTree tree;
  const uint32_t walk = tree.AddFrame("walk");
  const uint32_t list = tree.AddFrame("list");
  uint32_t at = tree.AddNode(0, walk);
  at = tree.AddNode(at, list);
  at = tree.AddNode(at, walk);
  const uint32_t deep = tree.AddNode(at, walk);
  const uint32_t other = tree.AddNode(tree.AddNode(0, list), walk);
  TestColumns columns;
  columns.Add({{0, 100}, {1, 1}, {deep, 10}, {other, 5}});
  const auto totals =
      SumFunctions(columns.views(), tree.View(), tree.frame_count(), nullptr, Context());
  ASSERT_TRUE(totals.ok());
  EXPECT_EQ(totals->frames[walk], (FrameTotal{.self = 16, .total = 16}));
  EXPECT_EQ(totals->frames[list], (FrameTotal{.self = 0, .total = 15}));
  EXPECT_EQ(totals->frames[0], FrameTotal());
  EXPECT_EQ(totals->sum.total, 116);
}

TEST(FunctionTotals, RandomTreesMatchTheNaiveTotals) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    SCOPED_TRACE(round);
    const TestTree tree =
        TestTree::Random(1 + random() % 2000, 1 + static_cast<uint32_t>(random() % 30), random);
    RepeatTable known;
    for (int question = 0; question < 3; ++question) {
      TestColumns columns;
      for (uint64_t i = random() % 5; i > 0; --i) {
        const uint64_t most = random() % 10 == 0 ? kLargest / 4 : 1 + random() % 100'000;
        columns.Add(RandomValues(tree, 1 + random() % 300, most, random));
      }
      ExpectExactTotals(tree, columns, random() % 3 == 0 ? nullptr : &known, random() % 2 == 0,
                        random() % 2 == 0 ? 10 : storage::kBlockShift);
    }
  }
}

TEST(FunctionTotals, ManyWindowsMatchTheNaiveTotals) {
  std::mt19937_64 random(2);
  const TestTree tree = TestTree::Random(300'000, 400, random);
  ASSERT_GT(tree.size(), 4 * storage::kWindowIds);
  TestColumns columns;
  for (const size_t count : {20'000, 300, 1}) {
    columns.Add(RandomValues(tree, count, 1'000'000, random));
  }
  RepeatTable known;
  for (const bool threaded : {false, true}) ExpectExactTotals(tree, columns, &known, threaded);
  ExpectExactTotals(tree, columns, nullptr, false, 14);
}

TEST(FunctionTotals, SumsSaturate) {
  TestTree tree;
  const uint32_t a = tree.AddFrame("a");
  const uint32_t b = tree.AddFrame("b");
  const uint32_t at_a = tree.AddNode(0, a);
  const uint32_t at_b = tree.AddNode(at_a, b);
  const uint32_t alone = tree.AddNode(0, b);
  TestColumns columns;
  columns.Add({{at_a, kLargest - 1}, {at_b, 1}});
  const auto sum = [&] {
    return *SumFunctions(columns.views(), tree.View(), tree.frame_count(), nullptr, Context());
  };
  EXPECT_FALSE(sum().saturated);
  EXPECT_EQ(sum().frames[a].total, kLargest);
  columns.Add({{alone, 7}});
  EXPECT_TRUE(sum().saturated);
  EXPECT_EQ(sum().frames[b], (FrameTotal{.self = 8, .total = 8}));
}

TEST(FunctionTotals, StopsWhenItMust) {
  std::mt19937_64 random(5);
  const TestTree tree = TestTree::Random(1000, 20, random);
  TestColumns columns;
  columns.Add(RandomValues(tree, 100, 10, random));
  const auto sum = [&](const Context& context) {
    return SumFunctions(columns.views(), tree.View(), tree.frame_count(), nullptr, context)
        .status()
        .code();
  };
  EXPECT_EQ(sum({.deadline = absl::InfinitePast()}), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(sum({.cancelled = [] { return true; }}), absl::StatusCode::kCancelled);
  EXPECT_EQ(sum({.memory_bytes = 100}), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(sum({}), absl::StatusCode::kOk);
}

TEST(FunctionTotals, DamageIsAnError) {
  TestTree tree;
  tree.AddNode(0, tree.AddFrame("a"));
  tree.AddNode(1, 7);  // no such frame
  tree.AddNode(9, 1);  // its parent is above it
  const auto sum = [&](uint32_t id) {
    TestColumns columns;
    columns.Add({{id, 1}});
    return SumFunctions(columns.views(), tree.View(), tree.frame_count(), nullptr, Context())
        .status()
        .code();
  };
  EXPECT_EQ(sum(1), absl::StatusCode::kOk);
  EXPECT_EQ(sum(2), absl::StatusCode::kDataLoss);
  EXPECT_EQ(sum(3), absl::StatusCode::kDataLoss);
  EXPECT_EQ(sum(4), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace flamekeep::query
