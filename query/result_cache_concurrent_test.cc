#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "query/result_cache.h"

namespace flamekeep::query {
namespace {

constexpr uint64_t kKiB = 1 << 10;

CacheKey KeyOf(int number) { return MakeCacheKey({"test", std::to_string(number)}); }

std::shared_ptr<const int> Answer(int number) { return std::make_shared<const int>(number); }

TEST(ResultCache, DropsTheLeastRecentlyUsed) {
  Metrics metrics;
  ResultCache cache({.max_bytes = 4 * kKiB, .metrics = &metrics});
  for (int i = 0; i < 4; ++i) cache.Insert(KeyOf(i), Answer(i), kKiB - ResultCache::kBytesPerEntry);
  EXPECT_EQ(cache.bytes(), 4 * kKiB);
  EXPECT_EQ(*cache.Find<int>(KeyOf(0)), 0);
  cache.Insert(KeyOf(4), Answer(4), kKiB - ResultCache::kBytesPerEntry);
  EXPECT_EQ(cache.Find<int>(KeyOf(1)), nullptr);
  for (const int kept : {0, 2, 3, 4}) EXPECT_EQ(*cache.Find<int>(KeyOf(kept)), kept);
  EXPECT_EQ(metrics.GetCounter("query_cache_evicted_total", Severity::kInfo, "").value(), 1);
}

TEST(ResultCache, KeepsNothingThatIsTooLarge) {
  ResultCache cache({.max_bytes = 4 * kKiB});
  cache.Insert(KeyOf(1), Answer(1), 2 * kKiB);
  EXPECT_EQ(cache.bytes(), 0);
  ResultCache none({.max_bytes = 0});
  none.Insert(KeyOf(1), Answer(1), 1);
  EXPECT_EQ(none.Find<int>(KeyOf(1)), nullptr);
}

TEST(ResultCache, KeysTellPartsApart) {
  EXPECT_EQ(MakeCacheKey({"a", "bc"}), MakeCacheKey({"a", "bc"}));
  EXPECT_NE(MakeCacheKey({"a", "bc"}), MakeCacheKey({"ab", "c"}));
  EXPECT_NE(MakeCacheKey({"a"}), MakeCacheKey({"a", ""}));
}

TEST(ResultCache, MakesRoomForQueries) {
  MemoryBudget budget(10 * kKiB);
  ResultCache cache({.max_bytes = 8 * kKiB, .budget = &budget});
  for (int i = 0; i < 8; ++i) cache.Insert(KeyOf(i), Answer(i), kKiB - ResultCache::kBytesPerEntry);
  EXPECT_EQ(budget.in_use(), 8 * kKiB);
  {
    MemoryCharge query(&budget);
    ASSERT_TRUE(query.RaiseTo(7 * kKiB));
    EXPECT_EQ(cache.bytes(), 3 * kKiB);
    EXPECT_EQ(cache.Find<int>(KeyOf(4)), nullptr);
    EXPECT_NE(cache.Find<int>(KeyOf(5)), nullptr);
    // A query is never put off for the sake of the cache, nor the other way round.
    cache.Insert(KeyOf(9), Answer(9), kKiB);
    EXPECT_EQ(cache.Find<int>(KeyOf(9)), nullptr);
    MemoryCharge other(&budget);
    EXPECT_FALSE(other.RaiseTo(4 * kKiB));
    EXPECT_TRUE(other.RaiseTo(3 * kKiB));
    EXPECT_EQ(cache.bytes(), 0);
  }
  EXPECT_EQ(budget.in_use(), 0);
}

TEST(ResultCache, IsSharedByThreads) {
  MemoryBudget budget(64 * kKiB);
  {
    ResultCache cache({.max_bytes = 32 * kKiB, .budget = &budget});
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&, thread] {
        std::mt19937 random(static_cast<uint32_t>(thread));
        for (int i = 0; i < 3000; ++i) {
          const int number = static_cast<int>(random() % 100);
          const auto found = cache.Find<int>(KeyOf(number));
          if (found != nullptr && *found != number) ++wrong;
          if (found == nullptr) cache.Insert(KeyOf(number), Answer(number), random() % kKiB);
          if (i % 50 == 0) {
            MemoryCharge query(&budget);
            // May fail where other threads hold as much.
            if (query.RaiseTo(random() % (40 * kKiB)) && budget.in_use() > budget.bytes()) ++wrong;
          }
          if (cache.bytes() > cache.max_bytes()) ++wrong;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(budget.in_use(), cache.bytes());
  }
  EXPECT_EQ(budget.in_use(), 0);
}

}  // namespace
}  // namespace flamekeep::query
