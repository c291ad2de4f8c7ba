#include "query/stack_marks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "query/query_testing.h"
#include "query/stack_filter.h"

namespace flamekeep::query {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();

FrameFlagsCache::Flags FlagsOf(const TestTree& tree, const FrameFilter& filter) {
  const auto compiled = CompiledFilter::Compile(filter);
  EXPECT_TRUE(compiled.ok()) << compiled.status();
  auto flags = std::make_shared<std::vector<FrameFlags>>();
  for (uint32_t frame = 0; frame < tree.frame_count(); ++frame) {
    flags->push_back(compiled->Flags(tree.name(frame)));
  }
  return flags;
}

// Of the stacks that a filter leaves, one by one.
MarkedSums NaiveSums(const TestTree& tree, const std::string& column, const FrameFilter& filter,
                     const std::vector<FrameFlags>& function) {
  const Context context;
  StackFilter stack_filter(tree.View(), FlagsOf(tree, filter), filter, context, 0);
  const auto filtered = stack_filter.Apply({column});
  EXPECT_TRUE(filtered.ok()) << filtered.status();
  const storage::StackTreeView left = stack_filter.tree();
  storage::ColumnHeader header;
  MarkedSums sums;
  const auto pairs = storage::DecodeColumn(*filtered, &header);
  for (const storage::Pair& pair : *pairs) {
    sums.total += pair.value;
    bool holds = false;
    for (uint32_t id = pair.stack; id != 0; id = Raw(left.parent(storage::StackId{id}))) {
      holds |= function[Raw(left.frame(storage::StackId{id}))] != 0;
    }
    if (holds) sums.value += pair.value;
    if (pair.stack != 0 && function[Raw(left.frame(storage::StackId{pair.stack}))] != 0) {
      sums.self += pair.value;
    }
  }
  return sums;
}

FrameFilter SomeFilter(std::mt19937_64& random) {
  const auto matcher = [&] { return FrameMatcher{fmt::format("^f{}$", random() % 12), ""}; };
  FrameFilter filter;
  if (random() % 4 == 0) filter.keep = {matcher()};
  if (random() % 4 == 0) filter.drop = {matcher()};
  if (random() % 4 == 0) filter.focus = matcher();
  if (random() % 4 == 0) filter.until = matcher();
  if (random() % 4 == 0) filter.hide = {matcher(), FrameMatcher{"", "^file3$"}};
  if (random() % 4 == 0) filter.max_depth = static_cast<uint32_t>(1 + random() % 6);
  return Normalized(filter);
}

TEST(StackMarksTest, AgreesWithFilteredStacksOneByOne) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 400; ++round) {
    SCOPED_TRACE(round);
    const TestTree tree = TestTree::Random(2 + random() % 400, 24, random);
    const FrameFilter filter = SomeFilter(random);
    const FrameFlagsCache::Flags function =
        FlagsOf(tree, {.keep = {{fmt::format("^f{}$", random() % 12), ""}}});
    StackMarks marks(tree.View(/*block_shift=*/6),
                     {.function = function,
                      .filter_flags = filter.empty() ? nullptr : FlagsOf(tree, filter),
                      .filter = filter});
    if (round % 2 == 0) {
      ASSERT_TRUE(marks.FindAll(Context()).ok());
    }
    for (int call = 0; call < 3; ++call) {
      // Wide values, too.
      const uint64_t most = random() % 3 == 0 ? uint64_t{1} << 40 : 1000;
      const std::string column =
          EncodeTestColumn(RandomValues(tree, 1 + random() % 200, most, random));
      const MarkedSums expected = NaiveSums(tree, column, filter, *function);
      const auto sums = marks.Count(column, Context());
      ASSERT_TRUE(sums.ok()) << sums.status();
      EXPECT_EQ(sums->total, expected.total);
      EXPECT_EQ(sums->value, expected.value);
      EXPECT_EQ(sums->self, expected.self);
    }
    EXPECT_LE(marks.visited(), tree.size());
  }
}

TEST(StackMarksTest, RecursionCountsOnce) {
  TestTree tree;
  const uint32_t f = tree.AddFrame("f");
  uint32_t node = 0;
  for (int depth = 0; depth < 250; ++depth) node = tree.AddNode(node, f);
  StackMarks marks(tree.View(), {.function = FlagsOf(tree, {.keep = {{"^f$", ""}}})});
  const auto sums = marks.Count(EncodeTestColumn({{node, 7}, {1, 2}, {0, 1}}), Context());
  ASSERT_TRUE(sums.ok()) << sums.status();
  EXPECT_EQ(sums->total, 10);
  EXPECT_EQ(sums->value, 9);
  EXPECT_EQ(sums->self, 9);
  EXPECT_EQ(marks.visited(), 251);
}

TEST(StackMarksTest, SumsSaturate) {
  TestTree tree;
  const uint32_t f = tree.AddFrame("f");
  const uint32_t a = tree.AddNode(0, f);
  const uint32_t b = tree.AddNode(a, f);
  StackMarks marks(tree.View(), {.function = FlagsOf(tree, {.keep = {{"f", ""}}})});
  const auto sums = marks.Count(EncodeTestColumn({{a, kMost - 1}, {b, 5}}), Context());
  ASSERT_TRUE(sums.ok()) << sums.status();
  EXPECT_EQ(sums->total, kMost);
  EXPECT_EQ(sums->value, kMost);
  EXPECT_EQ(sums->self, kMost);
}

TEST(StackMarksTest, AsksWhetherItIsWanted) {
  std::mt19937_64 random(5);
  const TestTree tree = TestTree::Random(200'000, 1000, random);
  ASSERT_GT(tree.size(), 150'000);
  StackMarks marks(tree.View(), {});
  const Context context{.cancelled = [] { return true; }};
  EXPECT_EQ(marks.FindAll(context).code(), absl::StatusCode::kCancelled);
}

TEST(StackMarksTest, DamageIsAnError) {
  TestTree tree;
  tree.AddNode(0, tree.AddFrame("f"));
  tree.AddNode(2, 1);  // its own parent
  StackMarks marks(tree.View(), {.function = FlagsOf(tree, {.keep = {{"f", ""}}})});
  ASSERT_TRUE(marks.FindAll(Context()).ok());
  ASSERT_TRUE(marks.Count(EncodeTestColumn({{1, 1}}), Context()).ok());
  EXPECT_EQ(marks.Count(EncodeTestColumn({{2, 1}}), Context()).status().code(),
            absl::StatusCode::kDataLoss);
  const absl::Status beyond = marks.Count(EncodeTestColumn({{3, 1}}), Context()).status();
  EXPECT_THAT(std::string(beyond.message()), HasSubstr("holds stack 3"));
  std::string cut = EncodeTestColumn({{1, 1}});
  cut.pop_back();
  EXPECT_EQ(marks.Count(cut, Context()).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace flamekeep::query
