#include "query/repeats.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "query/query_testing.h"

namespace flamekeep::query {
namespace {

bool NaiveRepeats(const TestTree& tree, uint32_t id) {
  std::vector<uint32_t> path = tree.Path(id);
  if (path.empty()) return false;
  const uint32_t frame = path.back();
  path.pop_back();
  return std::find(path.begin(), path.end(), frame) != path.end();
}

TEST(Repeats, TheRootDoesNot) {
  const TestTree tree;
  const storage::StackTreeView view = tree.View();
  const Context context;
  RepeatTable table;
  EXPECT_FALSE(Repeats(view, tree.frame_count(), &table, context).Of(0));
}

TEST(Repeats, AnyOrderOfQuestionsGetsTheSameAnswers) {
  std::mt19937_64 random(1);
  const Context context;
  for (int round = 0; round < 100; ++round) {
    SCOPED_TRACE(round);
    const TestTree tree =
        TestTree::Random(1 + random() % 3000, 1 + static_cast<uint32_t>(random() % 60), random);
    const storage::StackTreeView view = tree.View(random() % 2 == 0 ? 8 : storage::kBlockShift);
    RepeatTable table;
    std::vector<uint32_t> ids(tree.size());
    for (uint32_t id = 0; id < tree.size(); ++id) ids[id] = id;
    if (round % 3 == 0) std::reverse(ids.begin(), ids.end());
    if (round % 3 == 1) std::shuffle(ids.begin(), ids.end(), random);
    // Two that share what they find.
    Repeats one(view, tree.frame_count(), &table, context);
    Repeats other(view, tree.frame_count(), &table, context);
    for (const uint32_t id : ids) {
      ASSERT_EQ((random() % 2 == 0 ? one : other).Of(id), NaiveRepeats(tree, id)) << id;
    }
    EXPECT_TRUE(one.status().ok() && other.status().ok());
  }
}

TEST(Repeats, KnowsOnlyWhatWasAskedFor) {
  std::mt19937_64 random(2);
  const TestTree tree = TestTree::Random(650'000, 500, random);
  const storage::StackTreeView view = tree.View();
  const Context context;
  RepeatTable table;
  Repeats repeats(view, tree.frame_count(), &table, context);
  const uint32_t last = tree.size() - 1;
  EXPECT_EQ(table.Get(last), RepeatTable::Answer::kUnknown);
  EXPECT_EQ(repeats.Of(last), NaiveRepeats(tree, last));
  EXPECT_NE(table.Get(last), RepeatTable::Answer::kUnknown);
  uint32_t known = 0;
  for (uint32_t id = 0; id < tree.size(); ++id) {
    known += table.Get(id) != RepeatTable::Answer::kUnknown ? 1 : 0;
  }
  EXPECT_EQ(known, tree.Path(last).size() + 1);
  EXPECT_LE(table.memory_bytes(), 11u * (16 << 10));
}

TEST(Repeats, DeepRecursion) {
  TestTree tree;
  const uint32_t a = tree.AddFrame("a");
  const uint32_t b = tree.AddFrame("b");
  uint32_t at = tree.AddNode(0, b);
  const uint32_t first = at = tree.AddNode(at, a);
  for (int i = 0; i < 100'000; ++i) at = tree.AddNode(at, a);
  const storage::StackTreeView view = tree.View();
  const Context context;
  RepeatTable table;
  Repeats repeats(view, tree.frame_count(), &table, context);
  EXPECT_TRUE(repeats.Of(at));
  EXPECT_TRUE(repeats.Of(first + 1));
  EXPECT_FALSE(repeats.Of(first));
  EXPECT_FALSE(repeats.Of(1));
}

TEST(Repeats, StopsWhenItMust) {
  TestTree tree;
  const uint32_t a = tree.AddFrame("a");
  uint32_t at = 0;
  for (int i = 0; i < 1'000'000; ++i) at = tree.AddNode(at, a);
  const storage::StackTreeView view = tree.View();
  const Context context{.cancelled = [] { return true; }};
  RepeatTable table;
  Repeats repeats(view, tree.frame_count(), &table, context);
  repeats.Of(at);
  EXPECT_EQ(repeats.status().code(), absl::StatusCode::kCancelled);
}

TEST(Repeats, DamageIsAnError) {
  TestTree tree;
  tree.AddNode(0, tree.AddFrame("a"));
  tree.AddNode(1, 7);  // no such frame
  tree.AddNode(9, 1);  // its parent is above it
  const storage::StackTreeView view = tree.View();
  const Context context;
  for (const uint32_t id : {2u, 3u}) {
    RepeatTable table;
    Repeats repeats(view, tree.frame_count(), &table, context);
    repeats.Of(id);
    EXPECT_EQ(repeats.status().code(), absl::StatusCode::kDataLoss) << id;
  }
}

}  // namespace
}  // namespace flamekeep::query
