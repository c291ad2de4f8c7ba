#include "cli/chunk_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/test_compression.h"
#include "cli/test_util.h"

namespace flamekeep::cli {
namespace {

struct Chunks {
  std::vector<std::string> chunks;
  std::string joined;
  uint64_t left_out = 0;
  ContentCursor cursor;
};

Chunks ReadAll(const std::string& raw, bool complete = false) {
  const TempDir dir;
  auto input = Input::Open(dir.File("log", raw));
  EXPECT_TRUE(input.ok()) << input.status();
  ContentHasher hasher;
  ChunkReader reader(input->get(), &hasher, complete || (*input)->is_finished());
  Chunks result;
  std::string chunk;
  while (true) {
    const auto more = reader.Next(&chunk);
    EXPECT_TRUE(more.ok()) << more.status();
    if (!*more) break;
    EXPECT_FALSE(chunk.empty());
    result.chunks.push_back(chunk);
    result.joined += chunk;
  }
  result.left_out = reader.left_out();
  result.cursor = hasher.Cursor();
  return result;
}

ContentCursor CursorOf(std::string_view content) {
  ContentHasher hasher;
  hasher.Update(content);
  return hasher.Cursor();
}

TEST(ChunkReader, ChunksAreWholeLines) {
  std::string text;
  for (int i = 0; text.size() < 3'500'000; ++i) {
    text += std::string(i * 7919 % 3000, 'a' + i % 26) + " 1\n";
  }
  for (const std::string& raw : {text, Gzip(text), Zstd(text)}) {
    const Chunks result = ReadAll(raw);
    EXPECT_TRUE(result.joined == text);
    EXPECT_EQ(result.chunks.size(), 4U);
    for (const std::string& chunk : result.chunks) {
      EXPECT_EQ(chunk.back(), '\n');
      EXPECT_LE(chunk.size(), ChunkReader::kChunkBytes);
    }
    EXPECT_EQ(result.left_out, 0U);
    EXPECT_EQ(result.cursor, CursorOf(text));
  }
}

TEST(ChunkReader, UnfinishedLineIsLeftOutOfAGrowingFileOnly) {
  const Chunks growing = ReadAll("a 1\nb 1\nc");
  EXPECT_EQ(growing.joined, "a 1\nb 1\n");
  EXPECT_EQ(growing.left_out, 1U);
  EXPECT_EQ(growing.cursor, CursorOf("a 1\nb 1\n"));
  EXPECT_EQ(ReadAll("c;d 1").joined, "");
  EXPECT_EQ(ReadAll("c;d 1").left_out, 5U);

  for (const Chunks& finished :
       {ReadAll("a 1\nb 1\nc", true), ReadAll(Gzip("a 1\nb 1\nc")), ReadAll(Zstd("a 1\nb 1\nc"))}) {
    EXPECT_EQ(finished.joined, "a 1\nb 1\nc");
    EXPECT_EQ(finished.left_out, 0U);
    EXPECT_TRUE(finished.cursor.ends_in_line);
  }
  EXPECT_EQ(ReadAll("c", true).joined, "c");
}

TEST(ChunkReader, EmptyInputHasNoChunks) {
  EXPECT_TRUE(ReadAll("").chunks.empty());
  EXPECT_TRUE(ReadAll("", true).chunks.empty());
  EXPECT_EQ(ReadAll("\n").joined, "\n");
}

TEST(ChunkReader, HugeLinesAreCutAndTheRestIsThere) {
  const std::string huge(ChunkReader::kMaxLineBytes * 2 + 12345, 'x');
  const std::string large(ChunkReader::kMaxLineBytes - 2, 'y');
  const std::string text = "a 1\n" + huge + "\nb 1\n" + large + "\nc 1\n";
  const Chunks result = ReadAll(text);
  EXPECT_EQ(result.cursor, CursorOf(text));
  ASSERT_GE(result.chunks.size(), 3U);
  EXPECT_EQ(result.chunks[0], "a 1\n");
  EXPECT_EQ(result.chunks[1].size(), ChunkReader::kMaxLineBytes);
  std::string rest;
  for (size_t i = 2; i < result.chunks.size(); ++i) rest += result.chunks[i];
  EXPECT_TRUE(rest == "b 1\n" + large + "\nc 1\n");

  const Chunks finished = ReadAll("a 1\n" + huge, true);
  EXPECT_EQ(finished.chunks.size(), 2U);
  EXPECT_EQ(finished.cursor.end.length, huge.size() + 4);

  const Chunks growing = ReadAll("a 1\n" + huge);
  EXPECT_EQ(growing.joined, "a 1\n");
  EXPECT_EQ(growing.left_out, huge.size());
}

}  // namespace
}  // namespace flamekeep::cli
