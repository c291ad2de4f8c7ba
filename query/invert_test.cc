#include "query/invert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "query/query_testing.h"

namespace flamekeep::query {
namespace {

constexpr uint32_t kFrames = 100'000;  // more than any tree here has

struct InvertResult {
  FlameGraph graph;
  Inverted inverted;
};

InvertResult MakeInverted(const TestTree& tree, const TestColumns& columns,
                          const InvertOptions& options) {
  absl::StatusOr<Inverted> inverted =
      InvertColumns(columns.views(), tree.View(), kFrames, options, Context());
  EXPECT_TRUE(inverted.ok()) << inverted.status();
  InvertResult result;
  EXPECT_TRUE(LayOut(inverted->boxes, tree, Context(), 0, &result.graph).ok());
  result.inverted = *std::move(inverted);
  return result;
}

void ExpectInverted(const TestTree& tree, const TestColumns& columns,
                    const InvertOptions& options) {
  const InvertResult result = MakeInverted(tree, columns, options);
  const NaiveGraph naive(tree, columns.sums, /*inverted=*/true);
  const uint64_t cut = naive.CutFor(options.min_share, options.max_nodes);
  EXPECT_EQ(Text(result.graph), naive.Text(cut));
  const auto [cut_nodes, cut_total] = naive.TopmostCut(cut);
  EXPECT_EQ(result.inverted.cut_nodes, cut_nodes);
  if (!result.inverted.saturated) {
    EXPECT_EQ(result.graph.cut_total, cut_total);
  }
}

TEST(Invert, NothingGivesTheRoot) {
  EXPECT_EQ(Text(MakeInverted(TestTree(), {}, {}).graph), "all@ 0 0\n");
}

TEST(Invert, MergesCallers) {
  TestTree tree;
  const uint32_t a = tree.AddFrame("a");
  const uint32_t b = tree.AddFrame("b");
  const uint32_t c = tree.AddFrame("c");
  const uint32_t at_a = tree.AddNode(0, a);
  const uint32_t at_ab = tree.AddNode(at_a, b);
  const uint32_t at_abc = tree.AddNode(at_ab, c);
  const uint32_t at_ac = tree.AddNode(at_a, c);
  const uint32_t at_c = tree.AddNode(0, c);
  TestColumns columns;
  columns.Add({{0, 1}, {at_a, 2}, {at_abc, 4}, {at_ac, 8}, {at_c, 16}});
  columns.Add({{at_abc, 32}});
  EXPECT_EQ(Text(MakeInverted(tree, columns, {}).graph),
            "all@ 63 1\n"
            " c@ 60 16\n"
            "  b@ 36 0\n"
            "   a@ 36 36\n"
            "  a@ 8 8\n"
            " a@ 2 2\n");
}

TEST(Invert, Recursion) {
  TestTree tree;
  const uint32_t f = tree.AddFrame("f");
  uint32_t at = 0;
  TestColumns columns;
  for (int depth = 1; depth <= 3; ++depth) {
    at = tree.AddNode(at, f);
    columns.Add({{at, 1}});
  }
  EXPECT_EQ(Text(MakeInverted(tree, columns, {}).graph),
            "all@ 3 0\n f@ 3 1\n  f@ 2 1\n   f@ 1 1\n");
}

TEST(Invert, RandomTreesMatchTheNaiveGraph) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(round);
    const TestTree tree = TestTree::Random(static_cast<uint32_t>(1 + random() % 2000),
                                           static_cast<uint32_t>(1 + random() % 30), random);
    TestColumns columns;
    for (uint64_t i = random() % 6; i > 0; --i) {
      columns.Add(RandomValues(tree, 1 + random() % 500, 1 + random() % 100'000, random));
    }
    InvertOptions options;
    if (random() % 2 == 0) options.min_share = static_cast<double>(random() % 100) / 1000;
    if (random() % 2 == 0) options.max_nodes = 1 + random() % 300;
    if (random() % 2 == 0) options.max_batch_stacks = 1 + random() % 200;
    ExpectInverted(tree, columns, options);
  }
}

TEST(Invert, ManyWindowsMatchTheNaiveGraph) {
  std::mt19937_64 random(2);
  const TestTree tree = TestTree::Random(200'000, 2000, random);
  TestColumns columns;
  for (const size_t count : {20'000, 300, 10'000}) {
    columns.Add(RandomValues(tree, count, 1'000'000, random));
  }
  ExpectInverted(tree, columns, {.max_nodes = 2000, .max_batch_stacks = 5000});
  ExpectInverted(tree, columns, {.min_share = 0.0005});
}

TEST(Invert, RandomSaturation) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 50; ++round) {
    const TestTree tree = TestTree::Random(300, 10, random);
    TestColumns columns;
    for (int i = 0; i < 3; ++i) columns.Add(RandomValues(tree, 40, UINT64_MAX / 8, random));
    ExpectInverted(tree, columns, {.max_nodes = 1 + random() % 300});
  }
}

TEST(Invert, StopsWhenItMust) {
  std::mt19937_64 random(5);
  const TestTree tree = TestTree::Random(1000, 20, random);
  TestColumns columns;
  columns.Add(RandomValues(tree, 100, 10, random));
  const auto invert = [&](const Context& context) {
    return InvertColumns(columns.views(), tree.View(), kFrames, {}, context).status().code();
  };
  EXPECT_EQ(invert({.deadline = absl::InfinitePast()}), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(invert({.cancelled = [] { return true; }}), absl::StatusCode::kCancelled);
  EXPECT_EQ(invert({.memory_bytes = 100}), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(invert({}), absl::StatusCode::kOk);
}

TEST(Invert, DecodesNoMoreColumnsThanItsMemoryHolds) {
  std::mt19937_64 random(6);
  const TestTree tree = TestTree::Random(20'000, 20, random);
  TestColumns columns;
  columns.Add(RandomValues(tree, 10'000, 10, random));
  const std::vector<std::string_view> views(1000, columns.encoded[0]);
  size_t asked = 0;  // before each column
  const Context context = {.cancelled = [&] { return ++asked > views.size(); },
                           .memory_bytes = 4 << 20};
  EXPECT_EQ(InvertColumns(views, tree.View(), kFrames, {}, context).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_LT(asked, 100);
}

TEST(Invert, DamageIsAnError) {
  TestTree tree;
  tree.AddNode(0, tree.AddFrame("a"));
  tree.AddNode(5, 1);        // its parent is above it
  tree.AddNode(1, kFrames);  // its frame is unknown
  const auto invert = [&](uint32_t stack) {
    TestColumns columns;
    columns.Add({{stack, 1}});
    return InvertColumns(columns.views(), tree.View(), kFrames, {}, Context()).status().code();
  };
  EXPECT_EQ(invert(1), absl::StatusCode::kOk);
  EXPECT_EQ(invert(2), absl::StatusCode::kDataLoss);
  EXPECT_EQ(invert(3), absl::StatusCode::kDataLoss);
  EXPECT_EQ(invert(4), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace flamekeep::query
