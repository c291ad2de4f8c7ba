#include "cli/line_gatherer.h"

#include <gtest/gtest.h>

#include <string>

namespace flamekeep::cli {
namespace {

TEST(LineGathererTest, PiecesBecomeLines) {
  LineGatherer lines;
  lines.Add("a 1\nb");
  EXPECT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines.Take(), "a 1\n");
  EXPECT_EQ(lines.Take(), "");
  lines.Add(" 2");
  EXPECT_EQ(lines.size(), 0u);
  lines.Add("\n\nc 3\nd 4");
  EXPECT_EQ(lines.Take(), "b 2\n\nc 3\n");
  EXPECT_EQ(lines.TakeRest(), "d 4");
  EXPECT_EQ(lines.TakeRest(), "");
}

TEST(LineGathererTest, LongLinesAreCut) {
  LineGatherer lines;
  const std::string piece(LineGatherer::kMaxLineBytes / 2 + 1, 'x');
  lines.Add("a 1\n");
  for (int i = 0; i < 10; ++i) lines.Add(piece);
  lines.Add("xx 1\nb 2\n");
  EXPECT_EQ(lines.Take(), "a 1\n" + std::string(LineGatherer::kMaxLineBytes, 'x') + "\nb 2\n");
  // What is exactly as long is not.
  const std::string longest(LineGatherer::kMaxLineBytes, 'y');
  lines.Add(longest);
  EXPECT_EQ(lines.size(), 0u);
  lines.Add("\n");
  EXPECT_EQ(lines.Take(), longest + "\n");
}

}  // namespace
}  // namespace flamekeep::cli
