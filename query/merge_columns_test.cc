#include "query/merge_columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "query/filter_testing.h"
#include "query/query_testing.h"
#include "query/stack_filter.h"

namespace flamekeep::query {
namespace {

ShownFrames ShownBy(const TestTree& tree, const FrameFilter& filter) {
  return {.filter = filter, .flags = FlagsFor(tree, *CompiledFilter::Compile(filter))};
}

// What MergeColumns() finds of a filter, as SelectedStacks asks for it.
absl::StatusOr<Merged> Merge(const TestTree& tree, const TestColumns& columns,
                             const FrameFilter& filter, const MergeOptions& options,
                             const Context& context = Context()) {
  const storage::StackTreeView view = tree.View(/*block_shift=*/6);
  const ShownFrames shown = ShownBy(tree, filter);
  if (!StackFilter::Drops(filter)) {
    return MergeColumns(columns.views(), view, shown, options, context);
  }
  StackFilter counts(view, shown.flags, filter, context, 0, StackFilter::Frames::kLeft);
  const auto column = counts.Apply(columns.views());
  if (!column.ok()) return column.status();
  return MergeColumns({*column}, view, shown, options, context);
}

FlameGraph GraphOf(const TestTree& tree, const Merged& merged) {
  FlameGraph graph;
  EXPECT_TRUE(LayOut(merged.boxes, tree, Context(), 0, &graph).ok());
  return graph;
}

void ExpectExactlyMerged(const TestTree& tree, const TestColumns& columns,
                         const FrameFilter& filter, const MergeOptions& options) {
  const auto merged = Merge(tree, columns, filter, options);
  ASSERT_TRUE(merged.ok()) << merged.status();
  NaiveGraph naive(tree);
  const CompiledFilter compiled = *CompiledFilter::Compile(filter);
  uint64_t total = 0;
  for (const auto& [stack, value] : columns.sums) {
    if (const auto left = NaivelyFiltered(tree, tree.Path(stack), filter, compiled)) {
      naive.AddPath(*left, value);
      total += value;
    }
  }
  const uint64_t cut = naive.CutFor(options.min_share, options.max_nodes);
  const FlameGraph graph = GraphOf(tree, *merged);
  EXPECT_EQ(Text(graph), naive.Text(cut));
  EXPECT_EQ(graph.cut_total, naive.TopmostCut(cut).second);
  EXPECT_EQ(merged->sum.total, total);
  // Of the nodes in a box that was left out there is one at least.
  EXPECT_GE(merged->cut_nodes, naive.boxes() - graph.size());
  if (graph.size() == naive.boxes()) {
    EXPECT_EQ(merged->cut_nodes, 0);
  }
}

TEST(MergeColumns, AgreesWithAFilterOfSingleStacks) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 500; ++round) {
    SCOPED_TRACE(round);
    const TestTree tree = TestTree::Random(2 + random() % 400, 24, random);
    const FrameFilter filter = RandomFilter(random);
    TestColumns columns;
    for (uint64_t i = random() % 4; i > 0; --i) {
      columns.Add(RandomValues(tree, random() % 200, 100'000, random));
    }
    MergeOptions options;
    if (random() % 2 == 0) options.min_share = static_cast<double>(random() % 100) / 1000;
    if (random() % 2 == 0) options.max_nodes = 1 + random() % 60;
    // Few counters: most paths share theirs with others.
    if (random() % 2 == 0) options.max_counter_bits = 1 + static_cast<int>(random() % 8);
    ExpectExactlyMerged(tree, columns, filter, options);
  }
}

TEST(MergeColumns, OfSeveralWindows) {
  std::mt19937_64 random(5);
  const TestTree tree = TestTree::Random(150'000, 300, random);
  TestColumns columns;
  for (int i = 0; i < 3; ++i) columns.Add(RandomValues(tree, 50'000, 1'000'000'000, random));
  ExpectExactlyMerged(tree, columns, {.focus = {"^f3$", ""}}, {.max_nodes = 1000});
  ExpectExactlyMerged(tree, columns, {.hide = {{"^f[1-9]", ""}}, .max_depth = 6}, {});
  // The first guess leaves too few boxes.
  ExpectExactlyMerged(tree, columns, {.hide = {{"^f1", ""}}},
                      {.max_nodes = 2000, .max_counter_bits = 13});
}

TEST(MergeColumns, TellsWhereTheFocusBeginsAndWhatEndsInIt) {
  TestTree tree;
  const uint32_t a = tree.AddFrame("a");
  const uint32_t b = tree.AddFrame("b");
  const uint32_t at_a = tree.AddNode(0, a);
  const uint32_t a_b = tree.AddNode(at_a, b);
  const uint32_t a_b_a = tree.AddNode(a_b, a);
  const uint32_t a_b_a_b = tree.AddNode(a_b_a, b);
  const uint32_t at_b = tree.AddNode(0, b);
  TestColumns columns;
  columns.Add({{at_a, 1}, {a_b, 2}, {a_b_a, 4}, {a_b_a_b, 8}, {at_b, 16}});
  const auto merged = Merge(tree, columns, {.focus = {"b", ""}}, {});
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_THAT(merged->entries,
              testing::ElementsAre(testing::Pair(a_b, 14u), testing::Pair(at_b, 16u)));
  EXPECT_EQ(merged->focus_self, 26u);
  EXPECT_EQ(merged->sum.total, 30u);
  EXPECT_EQ(Text(GraphOf(tree, *merged)),
            "all@ 30 0\n"
            " b@ 30 18\n"
            "  a@ 12 4\n"
            "   b@ 8 8\n");
  // Both nodes of the box that is left out are counted, and what is below them.
  const auto cut = Merge(tree, columns, {.focus = {"b", ""}}, {.max_nodes = 1});
  EXPECT_EQ(cut->cut_nodes, 4u);
  EXPECT_EQ(Text(GraphOf(tree, *cut)), "all@ 30 0\n");
}

TEST(MergeColumns, LargeSumsSaturate) {
  TestTree tree;
  const uint32_t a = tree.AddFrame("a");
  const uint32_t b = tree.AddFrame("b");
  const uint32_t at_a = tree.AddNode(0, a);
  const uint32_t at_b = tree.AddNode(0, b);
  const uint32_t b_a = tree.AddNode(at_b, a);
  TestColumns columns;
  columns.Add({{at_a, UINT64_MAX - 1}, {at_b, uint64_t{1} << 62}, {b_a, 5}});
  const auto merged = Merge(tree, columns, {.hide = {{"b", ""}}}, {});
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_TRUE(merged->saturated);
  EXPECT_EQ(Text(GraphOf(tree, *merged)),
            "all@ 18446744073709551615 4611686018427387904\n"
            " a@ 18446744073709551615 18446744073709551615\n");
}

TEST(MergeColumns, NothingGivesTheRoot) {
  TestTree tree;
  tree.AddNode(0, tree.AddFrame("a"));
  const auto merged = Merge(tree, {}, {.focus = {"a", ""}}, {});
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_EQ(Text(GraphOf(tree, *merged)), "all@ 0 0\n");
  EXPECT_THAT(merged->entries, testing::IsEmpty());
}

TEST(MergeColumns, WhatIsCutTakesNoMemory) {
  std::mt19937_64 random(3);
  const TestTree tree = TestTree::Random(400'000, 400, random);
  TestColumns columns;
  columns.Add(RandomValues(tree, 400'000, 1'000'000, random));
  const FrameFilter filter = {.hide = {{"^f1$", ""}}};
  Context context;
  context.memory_bytes = uint64_t{18} << 20;
  EXPECT_TRUE(Merge(tree, columns, filter, {.max_nodes = 1000}, context).ok());
  EXPECT_EQ(Merge(tree, columns, filter, {}, context).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(MergeColumns, ADamagedTreeIsAnError) {
  TestTree tree;
  const uint32_t a = tree.AddFrame("a");
  tree.AddNode(2, a);  // its parent is younger
  tree.AddNode(0, a);
  TestColumns columns;
  columns.Add({{1, 1}});
  EXPECT_EQ(Merge(tree, columns, {.max_depth = 2}, {}).status().code(),
            absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace flamekeep::query
