#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>

#include "ingest/chunk_queue.h"

namespace flamekeep::ingest {
namespace {

Chunk MakeChunk(size_t number, size_t bytes) {
  return {.channel = number, .messages = 1, .lines = std::string(bytes, 'a')};
}

TEST(ChunkQueueTest, RefusesWhatDoesNotFit) {
  ChunkQueue queue(10);
  Chunk chunk = MakeChunk(1, 6);
  EXPECT_TRUE(queue.TryPush(&chunk));
  chunk = MakeChunk(2, 5);
  EXPECT_FALSE(queue.TryPush(&chunk));
  EXPECT_EQ(chunk.lines.size(), 5u);
  chunk = MakeChunk(3, 4);
  EXPECT_TRUE(queue.TryPush(&chunk));
  EXPECT_EQ(queue.bytes(), 10u);
  ASSERT_TRUE(queue.Pop(&chunk));
  EXPECT_EQ(chunk.channel, 1u);
  ASSERT_TRUE(queue.Pop(&chunk));
  EXPECT_EQ(chunk.channel, 3u);
  EXPECT_EQ(queue.bytes(), 0u);
  // Larger than the queue, but alone in it.
  chunk = MakeChunk(4, 100);
  EXPECT_TRUE(queue.TryPush(&chunk));
}

TEST(ChunkQueueTest, GivesWhatIsLeftBeforeItEnds) {
  ChunkQueue queue(10);
  Chunk chunk = MakeChunk(1, 1);
  ASSERT_TRUE(queue.TryPush(&chunk));
  queue.Close();
  EXPECT_TRUE(queue.Pop(&chunk));
  EXPECT_FALSE(queue.Pop(&chunk));
}

TEST(ChunkQueueConcurrentTest, OrderHoldsAndNothingIsLost) {
  ChunkQueue queue(200);
  size_t refused = 0;
  constexpr size_t kChunks = 20'000;
  std::thread producer([&] {
    for (size_t i = 0; i < kChunks; ++i) {
      Chunk chunk{.channel = i, .messages = 1, .lines = queue.TakeBuffer()};
      chunk.lines.assign(i % 50, 'a');
      if (!queue.TryPush(&chunk)) ++refused;
    }
    queue.Close();
  });
  size_t taken = 0;
  size_t last = 0;
  Chunk chunk;
  while (queue.Pop(&chunk)) {
    ASSERT_TRUE(taken == 0 || chunk.channel > last);
    ASSERT_EQ(chunk.lines.size(), chunk.channel % 50);
    last = chunk.channel;
    ++taken;
    queue.GiveBuffer(std::move(chunk.lines));
  }
  producer.join();
  EXPECT_EQ(taken + refused, kChunks);
}

}  // namespace
}  // namespace flamekeep::ingest
