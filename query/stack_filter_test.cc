#include "query/stack_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "query/filter_testing.h"
#include "query/query_testing.h"
#include "storage/column.h"

namespace flamekeep::query {
namespace {

using PathValues = std::map<FramePath, uint64_t>;

PathValues ValuesOf(const std::string& column, const storage::StackTreeView& tree) {
  storage::ColumnHeader header;
  const auto pairs = storage::DecodeColumn(column, &header);
  EXPECT_TRUE(pairs.ok()) << pairs.status();
  PathValues values;
  for (const storage::Pair& pair : *pairs) {
    FramePath path;
    for (uint32_t id = pair.stack; id != 0;) {
      path.push_back(Raw(tree.frame(storage::StackId{id})));
      const uint32_t parent = Raw(tree.parent(storage::StackId{id}));
      EXPECT_LT(parent, id);
      id = parent;
    }
    std::reverse(path.begin(), path.end());
    EXPECT_TRUE(values.emplace(path, pair.value).second) << "a stack has one id";
  }
  return values;
}

TEST(StackFilterTest, AgreesWithAFilterOfSingleStacks) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(round);
    const TestTree tree = TestTree::Random(2 + random() % 400, 24, random);
    const FrameFilter filter = RandomFilter(random);
    const auto compiled = CompiledFilter::Compile(filter);
    ASSERT_TRUE(compiled.ok()) << compiled.status();
    const Context context;
    StackFilter stack_filter(tree.View(/*block_shift=*/6), FlagsFor(tree, *compiled), filter,
                             context, 0);
    // Two applications share the tree: a stack has the same id in both.
    std::map<FramePath, uint32_t> ids;
    for (int call = 0; call < 2; ++call) {
      const Values values = RandomValues(tree, random() % 200, 1000, random);
      PathValues expected;
      for (const auto& [stack, value] : values) {
        if (const auto left = NaivelyFiltered(tree, tree.Path(stack), filter, *compiled)) {
          expected[*left] += value;
        }
      }
      const auto column = stack_filter.Apply({EncodeTestColumn(values)});
      ASSERT_TRUE(column.ok()) << column.status();
      EXPECT_EQ(ValuesOf(*column, stack_filter.tree()), expected);
    }
  }
}

TEST(StackFilterTest, AViewOfTheTreeOutlivesTheFilterAndStaysAsItIs) {
  std::mt19937_64 random(1);
  const TestTree tree = TestTree::Random(300, 24, random);
  const FrameFilter filter = {.hide = {{"^f1$", ""}}};
  const auto compiled = CompiledFilter::Compile(filter);
  const Context context;
  storage::StackTreeView view;
  std::string first;
  PathValues before;
  {
    StackFilter stack_filter(tree.View(), FlagsFor(tree, *compiled), filter, context, 0);
    first = *stack_filter.Apply({EncodeTestColumn(RandomValues(tree, 50, 9, random))});
    view = stack_filter.tree();
    before = ValuesOf(first, view);
    const uint32_t size = view.size();
    ASSERT_TRUE(stack_filter.Apply({EncodeTestColumn(RandomValues(tree, 200, 9, random))}).ok());
    EXPECT_GT(stack_filter.tree().size(), size);
    EXPECT_EQ(view.size(), size);
  }
  EXPECT_EQ(ValuesOf(first, view), before);
}

TEST(StackFilterTest, SumsThatMeetSaturate) {
  TestTree tree;
  const uint32_t a = tree.AddFrame("a");
  const uint32_t b = tree.AddFrame("b");
  const uint32_t node = tree.AddNode(0, a);
  const uint32_t below = tree.AddNode(node, b);
  const FrameFilter filter = {.hide = {{"b", ""}}};
  const auto compiled = CompiledFilter::Compile(filter);
  const Context context;
  StackFilter stack_filter(tree.View(), FlagsFor(tree, *compiled), filter, context, 0);
  const auto column = stack_filter.Apply({EncodeTestColumn({{node, UINT64_MAX - 1}, {below, 5}})});
  ASSERT_TRUE(column.ok()) << column.status();
  storage::ColumnHeader header;
  const auto pairs = storage::DecodeColumn(*column, &header);
  ASSERT_TRUE(pairs.ok()) << pairs.status();
  EXPECT_THAT(*pairs, testing::ElementsAre(storage::Pair{1, UINT64_MAX}));
  EXPECT_TRUE(header.saturated);
}

TEST(StackFilterTest, AStackThatTheTreeHasNotIsAnError) {
  TestTree tree;
  tree.AddNode(0, tree.AddFrame("a"));
  const Context context;
  for (const FrameFilter& filter :
       {FrameFilter{.keep = {{"a", ""}}}, FrameFilter{.max_depth = 2}}) {
    const auto compiled = CompiledFilter::Compile(filter);
    StackFilter stack_filter(tree.View(), FlagsFor(tree, *compiled), filter, context, 0);
    EXPECT_EQ(stack_filter.Apply({EncodeTestColumn({{1, 1}, {50'000, 1}})}).status().code(),
              absl::StatusCode::kDataLoss);
  }
}

TEST(StackFilterTest, ADamagedTreeIsAnError) {
  TestTree tree;
  const uint32_t a = tree.AddFrame("a");
  tree.AddNode(2, a);  // its parent is younger
  tree.AddNode(0, a);
  const FrameFilter filter = {.max_depth = 2};
  const auto compiled = CompiledFilter::Compile(filter);
  const Context context;
  StackFilter stack_filter(tree.View(), FlagsFor(tree, *compiled), filter, context, 0);
  EXPECT_EQ(stack_filter.Apply({EncodeTestColumn({{1, 1}})}).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(StackFilterTest, StaysWithinItsMemory) {
  std::mt19937_64 random(3);
  const TestTree tree = TestTree::Random(60'000, 400, random);
  const Values values = RandomValues(tree, 60'000, 9, random);
  const FrameFilter filter = {.hide = {{"^f1$", ""}}};
  const auto compiled = CompiledFilter::Compile(filter);
  Context context;
  context.memory_bytes = uint64_t{8} << 20;
  EXPECT_TRUE(StackFilter(tree.View(), FlagsFor(tree, *compiled), filter, context, 0)
                  .Apply({EncodeTestColumn(values)})
                  .ok());
  EXPECT_EQ(StackFilter(tree.View(), FlagsFor(tree, *compiled), filter, context, 6 << 20)
                .Apply({EncodeTestColumn(values)})
                .status()
                .code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace flamekeep::query
