#include "query/fold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "query/layout.h"
#include "query/query_testing.h"
#include "storage/column_scan.h"

namespace flamekeep::query {
namespace {

constexpr uint64_t kMax = UINT64_MAX;

struct Result {
  FlameGraph graph;
  Folded folded;
};

Result MakeGraph(const TestTree& tree, const TestColumns& columns, const FoldOptions& options,
                 uint32_t block_shift = storage::kBlockShift) {
  const storage::StackTreeView view = tree.View(block_shift);
  absl::StatusOr<Folded> folded = FoldColumns(columns.views(), view, options, Context());
  EXPECT_TRUE(folded.ok()) << folded.status();
  Result result;
  EXPECT_TRUE(
      LayOut(*BoxesOf(folded->nodes, view, Context()), tree, Context(), 0, &result.graph).ok());
  result.folded = *std::move(folded);
  return result;
}

// Compares with the naive graph: boxes, their order, and what was cut.
void ExpectExact(const TestTree& tree, const TestColumns& columns, const FoldOptions& options,
                 uint32_t block_shift = storage::kBlockShift) {
  const Result result = MakeGraph(tree, columns, options, block_shift);
  const NaiveGraph naive(tree, columns.sums, /*inverted=*/false);
  const uint64_t cut = naive.CutFor(options.min_share, options.max_nodes);
  EXPECT_EQ(Text(result.graph), naive.Text(cut));
  EXPECT_EQ(result.folded.visited, naive.boxes());
  if (!result.folded.saturated) {
    EXPECT_EQ(result.graph.cut_total, naive.TopmostCut(cut).second);
  }
}

TEST(Fold, NothingGivesTheRoot) {
  const TestTree tree;
  const Result result = MakeGraph(tree, {}, {});
  EXPECT_EQ(Text(result.graph), "all@ 0 0\n");
  EXPECT_EQ(result.folded.visited, 1);
}

TEST(Fold, TotalsAndSelves) {
  TestTree tree;
  const uint32_t a = tree.AddFrame("a");
  const uint32_t b = tree.AddFrame("b", "b.php");
  const uint32_t at_a = tree.AddNode(0, a);
  const uint32_t at_b = tree.AddNode(at_a, b);
  tree.AddNode(at_b, a);
  tree.AddNode(0, b);
  TestColumns columns;
  columns.Add({{at_a, 1}, {at_b, 2}, {3, 4}});
  columns.Add({{0, 8}, {4, 16}});
  EXPECT_EQ(Text(MakeGraph(tree, columns, {}).graph),
            "all@ 31 8\n"
            " b@b.php 16 16\n"
            " a@ 7 1\n"
            "  b@b.php 6 2\n"
            "   a@ 4 4\n");
}

TEST(Fold, TiesAreOrderedByFunctionThenFileWhateverTheIds) {
  TestTree tree;
  for (const char* file : {"z", "", "m"}) {
    for (const char* function : {"b", "c", "a"}) {
      tree.AddNode(0, tree.AddFrame(function, file));
    }
  }
  TestColumns columns;
  Values values;
  for (uint32_t id = 1; id < tree.size(); ++id) values[id] = 5;
  columns.Add(values);
  EXPECT_EQ(Text(MakeGraph(tree, columns, {}).graph),
            "all@ 45 0\n"
            " a@ 5 5\n a@m 5 5\n a@z 5 5\n"
            " b@ 5 5\n b@m 5 5\n b@z 5 5\n"
            " c@ 5 5\n c@m 5 5\n c@z 5 5\n");
}

TEST(Fold, MinShareKeepsWhatIsExactlyAsWide) {
  TestTree tree;
  for (int i = 0; i < 3; ++i) tree.AddNode(0, tree.AddFrame(std::string(1, 'a' + i)));
  TestColumns columns;
  columns.Add({{1, 50}, {2, 30}, {3, 20}});
  EXPECT_EQ(MakeGraph(tree, columns, {.min_share = 0.2}).graph.size(), 4);
  EXPECT_EQ(MakeGraph(tree, columns, {.min_share = 0.21}).graph.size(), 3);
  EXPECT_EQ(MakeGraph(tree, columns, {.min_share = 1}).graph.size(), 1);
}

TEST(Fold, MaxNodesKeepsTheWidestAndTreatsEqualsAlike) {
  TestTree tree;
  for (int i = 0; i < 4; ++i) tree.AddNode(0, tree.AddFrame(std::string(1, 'a' + i)));
  TestColumns columns;
  columns.Add({{1, 4}, {2, 3}, {3, 3}, {4, 1}});
  EXPECT_EQ(MakeGraph(tree, columns, {.max_nodes = 5}).graph.size(), 5);
  EXPECT_EQ(MakeGraph(tree, columns, {.max_nodes = 4}).graph.size(), 4);
  const Result three = MakeGraph(tree, columns, {.max_nodes = 3});
  EXPECT_EQ(three.graph.size(), 2);  // the two 3s would make four
  EXPECT_EQ(three.graph.cut_total, 7);
  EXPECT_EQ(three.folded.visited - three.graph.size(), 3);
  EXPECT_EQ(MakeGraph(tree, columns, {.max_nodes = 1}).graph.size(), 1);
}

TEST(Fold, RandomTreesMatchTheNaiveGraph) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(round);
    const TestTree tree =
        TestTree::Random(1 + random() % 2000, 1 + static_cast<uint32_t>(random() % 40), random);
    TestColumns columns;
    for (uint64_t i = random() % 6; i > 0; --i) {
      columns.Add(RandomValues(tree, 1 + random() % 500, 1 + random() % 100000, random));
    }
    FoldOptions options;
    if (random() % 2 == 0) options.min_share = static_cast<double>(random() % 100) / 1000;
    if (random() % 2 == 0) options.max_nodes = 1 + random() % 300;
    options.threaded = random() % 2 == 0;
    ExpectExact(tree, columns, options, random() % 2 == 0 ? 10 : storage::kBlockShift);
  }
}

TEST(Fold, ManyWindowsMatchTheNaiveGraph) {
  std::mt19937_64 random(2);
  const TestTree tree = TestTree::Random(400'000, 3000, random);
  ASSERT_GT(tree.size(), 6 * storage::kWindowIds);
  TestColumns columns;
  for (const size_t count : {50'000, 300, 20'000, 1}) {
    columns.Add(RandomValues(tree, count, 1'000'000, random));
  }
  for (const bool threaded : {false, true}) {
    ExpectExact(tree, columns, {.threaded = threaded});
    ExpectExact(tree, columns, {.max_nodes = 1000, .threaded = threaded}, 14);
    ExpectExact(tree, columns, {.min_share = 0.0001, .max_nodes = 100'000, .threaded = threaded});
  }
}

TEST(Fold, WindowEdges) {
  std::mt19937_64 random(3);
  const TestTree tree = TestTree::Random(2 * storage::kWindowIds + 1, 500, random);
  ASSERT_EQ(tree.size(), 2 * storage::kWindowIds + 1);
  TestColumns columns;
  Values values;
  for (const uint32_t edge : {1u, storage::kWindowIds, 2 * storage::kWindowIds}) {
    for (uint32_t id = edge - 1; id <= edge + 1 && id < tree.size(); ++id) values[id] = id + 1;
  }
  columns.Add(values);
  ExpectExact(tree, columns, {});
}

TEST(Fold, SumsSaturate) {
  TestTree tree;
  const uint32_t a = tree.AddNode(0, tree.AddFrame("a"));
  const uint32_t b = tree.AddNode(a, tree.AddFrame("b"));
  const uint32_t c = tree.AddNode(a, tree.AddFrame("c"));
  TestColumns columns;
  columns.Add({{b, kMax - 1}, {c, 1}});
  EXPECT_FALSE(MakeGraph(tree, columns, {}).folded.saturated);
  columns.Add({{c, 5}});
  const Result result = MakeGraph(tree, columns, {});
  EXPECT_TRUE(result.folded.saturated);
  EXPECT_EQ(Text(result.graph),
            fmt::format("all@ {0} 0\n a@ {0} 0\n  b@ {1} {1}\n  c@ 6 6\n", kMax, kMax - 1));
  // Equal totals at the limit stay or go together; the root stays.
  EXPECT_EQ(MakeGraph(tree, columns, {.max_nodes = 1}).graph.size(), 1);
}

TEST(Fold, RandomSaturation) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 50; ++round) {
    const TestTree tree = TestTree::Random(300, 10, random);
    TestColumns columns;
    for (int i = 0; i < 3; ++i) columns.Add(RandomValues(tree, 40, kMax / 8, random));
    ExpectExact(tree, columns, {.max_nodes = 1 + random() % 300});
  }
}

TEST(Fold, PendingMemoryIsBounded) {
  // Every node of the upper windows hangs from the lowest window: all of it has to wait.
  TestTree tree;
  const uint32_t a = tree.AddNode(0, tree.AddFrame("a"));
  const uint32_t nodes = 20 * storage::kWindowIds;
  for (uint32_t i = 2; i < nodes; ++i) tree.AddNode(a, i);
  const storage::StackTreeView view = tree.View();
  for (const uint64_t value : {1, 1'000'000'000}) {
    SCOPED_TRACE(value);
    Values values;
    for (uint32_t i = 2; i < nodes; ++i) values[i] = value;
    TestColumns columns;
    columns.Add(values);
    const auto folded =
        FoldColumns(columns.views(), view, {.max_nodes = 10, .threaded = false}, Context());
    ASSERT_TRUE(folded.ok());
    EXPECT_EQ(folded->nodes.size(), 2);
    EXPECT_EQ(folded->nodes[0].total, (nodes - 2) * value);
    EXPECT_LT(folded->peak_bytes, 8u << 20);
  }
}

TEST(Fold, StopsWhenItMust) {
  std::mt19937_64 random(5);
  const TestTree tree = TestTree::Random(1000, 20, random);
  TestColumns columns;
  columns.Add(RandomValues(tree, 100, 10, random));
  const auto fold = [&](const Context& context) {
    return FoldColumns(columns.views(), tree.View(), {}, context).status().code();
  };
  EXPECT_EQ(fold({.deadline = absl::InfinitePast()}), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(fold({.cancelled = [] { return true; }}), absl::StatusCode::kCancelled);
  EXPECT_EQ(fold({.memory_bytes = 100}), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(fold({}), absl::StatusCode::kOk);
}

TEST(Fold, DecodesNoMoreColumnsThanItsMemoryHolds) {
  std::mt19937_64 random(6);
  const TestTree tree = TestTree::Random(20'000, 20, random);
  TestColumns columns;
  columns.Add(RandomValues(tree, 10'000, 10, random));
  const std::vector<std::string_view> views(1000, columns.encoded[0]);
  size_t asked = 0;  // before each column
  const Context context = {.cancelled = [&] { return ++asked > views.size(); },
                           .memory_bytes = 4 << 20};
  EXPECT_EQ(FoldColumns(views, tree.View(), {}, context).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_LT(asked, 100);
}

TEST(Fold, DamageIsAnError) {
  TestTree tree;
  tree.AddNode(0, tree.AddFrame("a"));
  tree.AddNode(5, 1);  // its parent is above it
  TestColumns columns;
  columns.Add({{2, 1}});
  const auto fold = [&] { return FoldColumns(columns.views(), tree.View(), {}, Context()); };
  EXPECT_EQ(fold().status().code(), absl::StatusCode::kDataLoss);
  columns = {};
  columns.Add({{3, 1}});  // the tree ends before
  EXPECT_EQ(fold().status().code(), absl::StatusCode::kDataLoss);
  columns = {};
  columns.Add({{3'000'000, 1}});
  EXPECT_EQ(fold().status().code(), absl::StatusCode::kDataLoss);
  columns = {};
  columns.Add({{1, 1}});
  columns.encoded[0].push_back('x');
  EXPECT_EQ(fold().status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace flamekeep::query
