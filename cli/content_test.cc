#include "cli/content.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "cli/input.h"
#include "cli/test_util.h"

namespace flamekeep::cli {
namespace {

std::string Lines(int first, int count) {
  std::string text;
  for (int i = first; i < first + count; ++i) {
    text += "main;run;f" + std::to_string(i % 7) + ";g" + std::to_string(i) + " 1\n";
  }
  return text;
}

ContentCursor ContentCursorOf(std::string_view content) {
  ContentHasher hasher;
  hasher.Update(content);
  return hasher.Cursor();
}

Relation CompareFile(const std::string& content, const ContentCursor& known) {
  const TempDir dir;
  auto input = Input::Open(dir.File("log", content));
  EXPECT_TRUE(input.ok()) << input.status();
  ContentHasher hasher;
  const auto relation = Compare(**input, known, hasher, [] { return absl::OkStatus(); });
  EXPECT_TRUE(relation.ok()) << relation.status();
  return *relation;
}

TEST(ContentHasher, PiecesDoNotMatter) {
  const std::string content = Lines(0, 5000);
  const ContentCursor want = ContentCursorOf(content);
  EXPECT_EQ(want.end.length, content.size());
  EXPECT_FALSE(want.ends_in_line);
  EXPECT_GT(want.ladder.size(), 30U);
  std::mt19937 random(1);
  for (int round = 0; round < 20; ++round) {
    ContentHasher hasher;
    for (size_t at = 0; at < content.size();) {
      const size_t n = std::min<size_t>(random() % 3000, content.size() - at);
      hasher.Update(std::string_view(content).substr(at, n));
      at += n;
    }
    EXPECT_EQ(hasher.Cursor(), want);
  }
}

TEST(ContentHasher, LadderStandsAtEarlyLinesThenThins) {
  const std::string content = Lines(0, 1000);
  const ContentCursor cursor = ContentCursorOf(content);
  size_t line_end = 0;
  for (int i = 0; i < 16; ++i) {
    line_end = content.find('\n', line_end) + 1;
    EXPECT_EQ(cursor.ladder[i].length, line_end);
    EXPECT_EQ(cursor.ladder[i], ContentCursorOf(content.substr(0, line_end)).end);
  }
  for (size_t i = 17; i < cursor.ladder.size(); ++i) {
    EXPECT_GE(cursor.ladder[i].length * 4, cursor.ladder[i - 1].length * 5);
  }
}

TEST(ContentCursor, EncodesAndDecodes) {
  for (const std::string& content : {std::string(), std::string("a 1"), Lines(0, 300)}) {
    const ContentCursor cursor = ContentCursorOf(content);
    const auto decoded = ContentCursor::Decode(cursor.Encode());
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(*decoded, cursor);
  }
}

TEST(ContentCursor, FitsTheServersLimitForHugeFiles) {
  ContentCursor cursor;
  for (uint64_t length = 1000; cursor.ladder.size() < 150; length += length / 4) {
    cursor.ladder.push_back({length, {~uint64_t{0}, ~uint64_t{0}}});
  }
  cursor.end = cursor.ladder.back();
  EXPECT_LE(cursor.Encode().size(), 4096U);
}

TEST(ContentCursor, RefusesDamagedBytes) {
  const std::string encoded = ContentCursorOf(Lines(0, 100)).Encode();
  for (size_t size = 0; size < encoded.size(); ++size) {
    EXPECT_FALSE(ContentCursor::Decode(std::string_view(encoded).substr(0, size)).has_value());
  }
  EXPECT_FALSE(ContentCursor::Decode("\x02" + encoded.substr(1)).has_value());
}

TEST(Compare, TellsGrownOlderAndDifferentApart) {
  const std::string content = Lines(0, 20'000);
  const ContentCursor known = ContentCursorOf(content);
  EXPECT_EQ(CompareFile(content, known), Relation::kContinues);
  EXPECT_EQ(CompareFile(content + Lines(1, 5), known), Relation::kContinues);
  EXPECT_EQ(CompareFile(content.substr(0, content.size() / 2), known), Relation::kOlderCopy);
  EXPECT_EQ(CompareFile(content.substr(0, 7), known), Relation::kOlderCopy);

  std::string changed = content;
  changed[content.size() - 5] ^= 1;
  EXPECT_EQ(CompareFile(changed, known), Relation::kDiffers);
  EXPECT_EQ(CompareFile(changed + Lines(1, 5), known), Relation::kDiffers);
}

TEST(Compare, ShortFilesAreComparedLineByLine) {
  const ContentCursor known = ContentCursorOf(Lines(0, 1000));
  for (int lines = 1; lines <= 16; ++lines) {
    EXPECT_EQ(CompareFile(Lines(0, lines), known), Relation::kOlderCopy) << lines;
    EXPECT_EQ(CompareFile(Lines(0, lines - 1) + "main;other 1\n", known), Relation::kDiffers)
        << lines;
  }
}

}  // namespace
}  // namespace flamekeep::cli
