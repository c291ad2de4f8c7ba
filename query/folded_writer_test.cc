#include "query/folded_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "query/fold.h"
#include "query/folded_lines.h"
#include "query/query_testing.h"

namespace flamekeep::query {
namespace {

FrameTexts TextsOf(const TestTree& tree) {
  return *FrameTexts::Make(tree.frame_count(), tree, Context());
}

std::string Folded(const TestTree& tree, const TestColumns& columns, bool inverted,
                   size_t max_batch_stacks = 0) {
  const Context context;
  const FrameTexts texts = TextsOf(tree);
  const storage::StackTreeView view = tree.View();
  std::string out;
  const auto write = [&](std::string_view piece) {
    EXPECT_LE(piece.size(), kMaxPieceBytes);
    out += piece;
    return absl::OkStatus();
  };
  if (inverted) {
    CallerGroups groups(view, tree.frame_count(), texts.ranks());
    EXPECT_TRUE(groups.Count(columns.views(), Context(), 0).ok());
    const absl::Status status =
        WriteFoldedInverted(columns.views(), &groups, texts, context, 0, write, max_batch_stacks);
    EXPECT_TRUE(status.ok()) << status;
    return out;
  }
  const auto folded = FoldColumns(columns.views(), view, {}, context);
  EXPECT_TRUE(folded.ok()) << folded.status();
  const absl::Status status =
      WriteFoldedBoxes(*BoxesOf(folded->nodes, view, Context()), texts, context, write);
  EXPECT_TRUE(status.ok()) << status;
  return out;
}

// The lines made one by one, merged and sorted as strings.
std::string Naive(const TestTree& tree, const Values& sums, bool inverted) {
  std::map<std::string, uint64_t> value_of;
  for (const auto& [id, value] : sums) {
    std::vector<uint32_t> path = tree.Path(id);
    if (inverted) std::reverse(path.begin(), path.end());
    std::string line;
    for (size_t i = 0; i < path.size(); ++i) {
      std::string text(tree.name(path[i]).function);
      std::replace(text.begin(), text.end(), ';', ':');
      std::replace(text.begin(), text.end(), '\n', '_');
      if (i > 0) line += ';';
      line += text;
    }
    value_of[line] += value;
  }
  std::vector<std::string> lines;
  for (const auto& [path, value] : value_of) lines.push_back(fmt::format("{} {}", path, value));
  std::sort(lines.begin(), lines.end());
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

TEST(FoldedWriter, NothingGivesNoLines) {
  EXPECT_EQ(Folded(TestTree(), {}, false), "");
  EXPECT_EQ(Folded(TestTree(), {}, true), "");
}

TEST(FoldedWriter, LinesAlternateBetweenSiblings) {
  TestTree tree;
  const uint32_t foo = tree.AddNode(0, tree.AddFrame("Foo"));
  const uint32_t bar = tree.AddNode(0, tree.AddFrame("Foo::bar"));
  const uint32_t baz = tree.AddNode(foo, tree.AddFrame("baz"));
  const uint32_t foot = tree.AddNode(0, tree.AddFrame("Foot"));
  TestColumns columns;
  columns.Add({{foo, 1}, {bar, 2}, {baz, 3}, {foot, 4}});
  EXPECT_EQ(Folded(tree, columns, false), "Foo 1\nFoo::bar 2\nFoo;baz 3\nFoot 4\n");
  EXPECT_EQ(Folded(tree, columns, true), "Foo 1\nFoo::bar 2\nFoot 4\nbaz;Foo 3\n");
}

TEST(FoldedWriter, FilesAreLeftOutAndTheirStacksMerged) {
  TestTree tree;
  const uint32_t a1 = tree.AddNode(0, tree.AddFrame("a", "1.php"));
  const uint32_t a2 = tree.AddNode(0, tree.AddFrame("a", "2.php"));
  const uint32_t b1 = tree.AddNode(a1, tree.AddFrame("b", "x"));
  const uint32_t b2 = tree.AddNode(a2, tree.AddFrame("b", "y"));
  TestColumns columns;
  columns.Add({{a1, 1}, {a2, 2}, {b1, 4}, {b2, 8}});
  EXPECT_EQ(Folded(tree, columns, false), "a 3\na;b 12\n");
  EXPECT_EQ(Folded(tree, columns, true), "a 3\nb;a 12\n");
}

TEST(FoldedWriter, HostileNames) {
  TestTree tree;
  const uint32_t a = tree.AddNode(0, tree.AddFrame("a;b\nc"));
  const uint32_t b = tree.AddNode(a, tree.AddFrame("d 1"));
  TestColumns columns;
  columns.Add({{0, 7}, {a, 1}, {b, 2}});
  EXPECT_EQ(Folded(tree, columns, false), " 7\na:b_c 1\na:b_c;d 1 2\n");
}

TEST(FoldedWriter, RandomTreesMatchSortedLines) {
  std::mt19937_64 random(1);
  const std::string alphabet = "ab :;<1.\x01\xc3\n";
  for (int round = 0; round < 200; ++round) {
    SCOPED_TRACE(round);
    TestTree tree;
    const auto frames = static_cast<uint32_t>(1 + random() % 12);
    for (uint32_t i = 0; i < frames; ++i) {
      std::string name;
      for (uint64_t n = random() % 4; n > 0; --n) name += alphabet[random() % alphabet.size()];
      tree.AddFrame(name, fmt::format("{}", i));
    }
    tree.Grow(static_cast<uint32_t>(1 + random() % 1000), random);
    TestColumns columns;
    for (int i = 0; i < 2; ++i) columns.Add(RandomValues(tree, 200, 200, random));
    EXPECT_EQ(Folded(tree, columns, false), Naive(tree, columns.sums, false));
    EXPECT_EQ(Folded(tree, columns, true), Naive(tree, columns.sums, true));
    EXPECT_EQ(Folded(tree, columns, true, 1 + random() % 100), Naive(tree, columns.sums, true));
  }
}

TEST(FoldedWriter, VeryDeepStacksAndLongLines) {
  TestTree tree;
  const uint32_t frame = tree.AddFrame(std::string(50, 'x'));
  uint32_t at = 0;
  for (int depth = 0; depth < 50'000; ++depth) at = tree.AddNode(at, frame);
  TestColumns columns;
  columns.Add({{at, 3}});
  const std::string plain = Folded(tree, columns, false);
  EXPECT_EQ(plain.size(), 50'000 * 51 + 2);
  EXPECT_EQ(Folded(tree, columns, true), plain);
}

TEST(FoldedWriter, StopsWhereTheReaderDoes) {
  TestTree tree;
  tree.AddNode(0, tree.AddFrame("a"));
  TestColumns columns;
  columns.Add({{1, 1}});
  const storage::StackTreeView view = tree.View();
  const auto folded = FoldColumns(columns.views(), view, {}, Context());
  const auto write = [](std::string_view) { return absl::CancelledError("gone"); };
  EXPECT_EQ(
      WriteFoldedBoxes(*BoxesOf(folded->nodes, view, Context()), TextsOf(tree), Context(), write)
          .message(),
      "gone");
}

TEST(FoldedWriter, CompareJoined) {
  const std::string_view strings[] = {"", "a", "b", "ab", "ba", "aab", "abb"};
  for (const auto a : strings) {
    for (const auto a_tail : strings) {
      for (const auto b : strings) {
        for (const auto b_tail : strings) {
          const int expected =
              (std::string(a) + std::string(a_tail)).compare(std::string(b) + std::string(b_tail));
          const int order = CompareJoined(a, a_tail, b, b_tail);
          EXPECT_EQ(order < 0, expected < 0);
          EXPECT_EQ(order > 0, expected > 0);
        }
      }
    }
  }
}

}  // namespace
}  // namespace flamekeep::query
