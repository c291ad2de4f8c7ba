#include "query/stack_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "query/query_testing.h"
#include "storage/column.h"

namespace flamekeep::query {
namespace {

using Path = std::vector<uint32_t>;  // frames, root first
using PathValues = std::map<Path, uint64_t>;

// What is left of a stack, by the words of frame_filter.h; nothing where it does not count.
std::optional<Path> NaivelyFiltered(const TestTree& tree, const Path& stack,
                                    const FrameFilter& filter, const CompiledFilter& compiled) {
  const auto matches = [&](uint32_t frame, FrameFlags flag) {
    return (compiled.Flags(tree.name(frame)) & flag) != 0;
  };
  const auto has = [&](FrameFlags flag) {
    return std::any_of(stack.begin(), stack.end(),
                       [&](uint32_t frame) { return matches(frame, flag); });
  };
  for (size_t i = 0; i < filter.keep.size(); ++i) {
    if (!has(static_cast<FrameFlags>(1u << i))) return std::nullopt;
  }
  if (has(kFlagDrop)) return std::nullopt;
  Path left = stack;
  if (!filter.focus.empty()) {
    const auto first =
        std::find_if(left.begin(), left.end(), [&](uint32_t f) { return matches(f, kFlagFocus); });
    if (first == left.end()) return std::nullopt;
    left.erase(left.begin(), first);
  }
  if (!filter.until.empty()) {
    const auto last =
        std::find_if(left.begin(), left.end(), [&](uint32_t f) { return matches(f, kFlagUntil); });
    if (last == left.end()) return std::nullopt;
    left.erase(last + 1, left.end());
  }
  std::erase_if(left, [&](uint32_t frame) { return matches(frame, kFlagHide); });
  if (filter.max_depth != 0 && left.size() > filter.max_depth) left.resize(filter.max_depth);
  return left;
}

FrameFlagsCache::Flags FlagsFor(const TestTree& tree, const CompiledFilter& compiled) {
  auto flags = std::make_shared<std::vector<FrameFlags>>();
  for (uint32_t frame = 0; frame < tree.frame_count(); ++frame) {
    flags->push_back(compiled.Flags(tree.name(frame)));
  }
  return flags;
}

PathValues ValuesOf(const std::string& column, const storage::StackTreeView& tree) {
  storage::ColumnHeader header;
  const auto pairs = storage::DecodeColumn(column, &header);
  EXPECT_TRUE(pairs.ok()) << pairs.status();
  PathValues values;
  for (const storage::Pair& pair : *pairs) {
    Path path;
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

FrameMatcher RandomMatcher(std::mt19937_64& random) {
  if (random() % 3 == 0) return {"", fmt::format("^file{}$", random() % 5)};
  return {fmt::format("^f{}$", random() % 12), ""};
}

FrameFilter RandomFilter(std::mt19937_64& random) {
  FrameFilter filter;
  const auto some = [&](std::vector<FrameMatcher>* list, uint64_t most) {
    for (uint64_t i = random() % (most + 1); i > 0; --i) list->push_back(RandomMatcher(random));
  };
  if (random() % 3 == 0) some(&filter.keep, 3);
  if (random() % 3 == 0) some(&filter.drop, 2);
  if (random() % 3 == 0) filter.focus = RandomMatcher(random);
  if (random() % 3 == 0) filter.until = RandomMatcher(random);
  if (random() % 3 == 0) some(&filter.hide, 3);
  if (random() % 3 == 0) filter.max_depth = static_cast<uint32_t>(1 + random() % 6);
  return Normalized(filter);
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
    std::map<Path, uint32_t> ids;
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
