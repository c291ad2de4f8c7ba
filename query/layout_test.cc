#include "query/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "query/query_testing.h"

namespace flamekeep::query {
namespace {

constexpr uint64_t kMegabyte = 1'000'000;

// Boxes on the root, each with a frame of its own if `distinct`.
std::vector<Box> FlatBoxes(uint32_t count, bool distinct) {
  std::vector<Box> boxes = {{0, 0, count, 0}};
  for (uint32_t i = 1; i <= count; ++i) boxes.push_back({0, distinct ? i : 1, 1, 1});
  return boxes;
}

absl::StatusCode LayOutWith(absl::Span<const Box> boxes, const TestTree& tree,
                            const Context& context, uint64_t held_bytes = 0) {
  FlameGraph graph;
  return LayOut(boxes, tree, context, held_bytes, &graph).code();
}

TEST(Layout, CountsBoxes) {
  TestTree tree;
  tree.AddFrame("a");
  const std::vector<Box> boxes = FlatBoxes(100'000, /*distinct=*/false);
  const auto code = [&](uint64_t memory, uint64_t held) {
    return LayOutWith(boxes, tree, {.memory_bytes = memory}, held);
  };
  EXPECT_EQ(code(4 * kMegabyte, 0), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(code(6 * kMegabyte, 0), absl::StatusCode::kOk);
  EXPECT_EQ(code(6 * kMegabyte, 2 * kMegabyte), absl::StatusCode::kResourceExhausted);
}

TEST(Layout, CountsNames) {
  TestTree tree;
  for (int i = 0; i < 100; ++i) tree.AddFrame(std::string(1 << 16, 'a') + fmt::format("{}", i));
  const std::vector<Box> boxes = FlatBoxes(100, /*distinct=*/true);
  EXPECT_EQ(LayOutWith(boxes, tree, {.memory_bytes = 6 * kMegabyte}),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(LayOutWith(boxes, tree, {.memory_bytes = 7 * kMegabyte}), absl::StatusCode::kOk);
}

TEST(Layout, StopsWhenItMust) {
  TestTree tree;
  tree.AddFrame("a");
  const std::vector<Box> boxes = FlatBoxes(100'000, /*distinct=*/false);
  EXPECT_EQ(LayOutWith(boxes, tree, {.deadline = absl::InfinitePast()}),
            absl::StatusCode::kDeadlineExceeded);
  int asked = 0;
  EXPECT_EQ(LayOutWith(boxes, tree, {.cancelled = [&] { return ++asked == 3; }}),
            absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace flamekeep::query
