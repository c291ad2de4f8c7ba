// Every long loop of a query asks whether it is still wanted, often enough, and stops when it is
// not. Measured by how often it asks, not by time.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "query/checked_sort.h"
#include "query/folded_writer.h"
#include "query/invert.h"
#include "query/query_testing.h"
#include "query/svg_writer.h"

namespace flamekeep::query {
namespace {

constexpr uint32_t kMany = 400'000;

// Runs `work` to its end, which must ask at least `least` times; then again and again, and each
// time it is cancelled at another moment: it must end and not be asked on.
void ExpectAsks(int least, const std::function<absl::Status(const Context&)>& work) {
  std::atomic<int> asked = 0;
  std::atomic<int> cancel_at = 0;
  const Context context{.cancelled = [&] { return ++asked == cancel_at; }};
  ASSERT_TRUE(work(context).ok());
  const int all = asked;
  EXPECT_GE(all, least);
  for (int i = 1; i <= 3; ++i) {
    asked = 0;
    cancel_at = std::max(1, all * i / 3);
    EXPECT_EQ(work(context).code(), absl::StatusCode::kCancelled) << cancel_at << " of " << all;
    // A second thread may be one ahead.
    EXPECT_LE(asked, cancel_at + 1);
  }
}

TEST(CheckedSort, Sorts) {
  std::mt19937 random(1);
  for (const size_t size : {size_t{0}, size_t{1}, kItemsPerCheck - 1, kItemsPerCheck,
                            kItemsPerCheck + 1, 3 * kItemsPerCheck + 7}) {
    std::vector<std::string> items(size);
    for (std::string& item : items) item = std::to_string(random() % 1000);
    std::vector<std::string> sorted = items;
    std::sort(sorted.begin(), sorted.end());
    ASSERT_TRUE(SortChecked(absl::MakeSpan(items), std::less<>(), Context()).ok());
    EXPECT_EQ(items, sorted);
  }
}

TEST(Cancellation, OfSorting) {
  std::mt19937 random(1);
  std::vector<uint32_t> items(kMany);
  for (uint32_t& item : items) item = static_cast<uint32_t>(random());
  ExpectAsks(2 * kMany / kItemsPerCheck, [&](const Context& context) {
    std::vector<uint32_t> copy = items;
    return SortChecked(absl::MakeSpan(copy), std::less<>(), context);
  });
}

// `count` stacks with the same last frame, each below another node.
TestTree Comb(uint32_t count) {
  TestTree tree;
  const uint32_t leaf = tree.AddFrame("leaf");
  const uint32_t above = tree.AddFrame("above");
  const uint32_t other = tree.AddFrame("other");
  uint32_t parent = 0;
  for (uint32_t i = 0; i < count; ++i) {
    parent = i % 100 == 0 ? tree.AddNode(0, above) : tree.AddNode(parent, other);
    tree.AddNode(parent, leaf);
  }
  return tree;
}

TEST(Cancellation, OfOneLargeGroup) {
  const TestTree tree = Comb(kMany / 2);
  const storage::StackTreeView view = tree.View();
  Values values;
  for (uint32_t id = 2; id < tree.size(); id += 2) values[id] = 1;
  TestColumns columns;
  columns.Add(values);
  // The first split alone has half a million stacks, twice.
  ExpectAsks(2 * (kMany / 2) / static_cast<int>(kItemsPerCheck), [&](const Context& context) {
    return InvertColumns(columns.views(), view, tree.frame_count(), {.max_nodes = 3}, context, 0)
        .status();
  });
}

TEST(Cancellation, OfManyColumnsInOneWindow) {
  constexpr int kColumns = 300;
  constexpr uint32_t kPairs = 20'000;
  TestTree tree;
  tree.AddFrame("f");
  for (uint32_t i = 0; i < kPairs; ++i) tree.AddNode(i, 1);
  const storage::StackTreeView view = tree.View();
  Values values;
  for (uint32_t id = 1; id <= kPairs; ++id) values[id] = 1;
  const std::string column = EncodeTestColumn(values);
  const std::vector<std::string_view> views(kColumns, column);
  for (const bool threaded : {false, true}) {
    // Once for each column as it is added, then while they are summed.
    ExpectAsks(kColumns + 4, [&](const Context& context) {
      return FoldColumns(views, view, {.max_nodes = 10, .threaded = threaded}, context).status();
    });
  }
}

TEST(Cancellation, OfPlacingAndNamingBoxes) {
  TestTree tree;
  std::vector<Box> boxes = {{0, 0, kMany / 4, 0}};
  std::vector<FoldedNode> nodes;
  for (uint32_t i = 1; i <= kMany / 4; ++i) {
    const uint32_t frame = tree.AddFrame("f" + std::to_string(i));
    nodes.push_back({tree.AddNode(0, frame), 0, 1, 1});
    boxes.push_back({0, frame, 1, 1});
  }
  std::reverse(nodes.begin(), nodes.end());
  nodes.push_back({0, 0, kMany / 4, 0});
  const storage::StackTreeView view = tree.View();
  constexpr int kLeast = kMany / 4 / kItemsPerCheck;
  ExpectAsks(kLeast,
             [&](const Context& context) { return BoxesOf(nodes, view, context).status(); });
  // Sorted by name, by total, and laid out.
  ExpectAsks(3 * kLeast, [&](const Context& context) {
    FlameGraph graph;
    return LayOut(boxes, tree, context, 0, &graph);
  });
  ExpectAsks(2 * kLeast, [&](const Context& context) {
    return FrameTexts::Make(tree.frame_count(), tree, context).status();
  });
  const FrameTexts texts = *FrameTexts::Make(tree.frame_count(), tree, Context());
  ExpectAsks(2 * kLeast, [&](const Context& context) {
    return WriteFoldedBoxes(boxes, texts, context,
                            [](std::string_view) { return absl::OkStatus(); });
  });
}

TEST(Cancellation, OfDrawing) {
  constexpr uint32_t kBoxes = 10'000;
  FlameGraph graph{.names = {"all", "f"}, .files = {""}};
  for (uint32_t i = 0; i <= kBoxes; ++i) {
    graph.depth.push_back(i == 0 ? 0 : 1);
    graph.name.push_back(i == 0 ? 0 : 1);
    graph.file.push_back(0);
    graph.total.push_back(i == 0 ? kBoxes : 1);
    graph.self.push_back(i == 0 ? 0 : 1);
  }
  ExpectAsks(kBoxes / 1024, [&](const Context& context) {
    return WriteSvg(graph, {.width = 20'000}, context).status();
  });
}

}  // namespace
}  // namespace flamekeep::query
