#include "ingest/hash_cache.h"

#include <gtest/gtest.h>

#include <string>

namespace flamekeep::ingest {
namespace {

TEST(HashCacheTest, FindsWhatWasInserted) {
  HashCache cache(1 << 10);
  for (uint64_t i = 0; i < 100; ++i) cache.Insert(cache.KeyOf(std::to_string(i)), i);
  int found = 0;
  for (uint64_t i = 0; i < 100; ++i) {
    if (const auto value = cache.Find(cache.KeyOf(std::to_string(i)))) {
      EXPECT_EQ(*value, i);
      ++found;
    }
  }
  EXPECT_GT(found, 90);
  EXPECT_EQ(cache.Find(cache.KeyOf("other")), std::nullopt);
}

TEST(HashCacheTest, KeepsTheYoungestOfABucket) {
  HashCache cache(0);
  for (uint64_t i = 0; i < 1000; ++i) {
    const auto key = cache.KeyOf(std::to_string(i));
    cache.Insert(key, i);
    ASSERT_EQ(cache.Find(key), i);
  }
}

TEST(HashCacheTest, ALaterValueReplacesAnEarlierOne) {
  HashCache cache(16);
  const auto key = cache.KeyOf("a");
  cache.Insert(key, 1);
  cache.Insert(key, 2);
  EXPECT_EQ(cache.Find(key), 2u);
}

}  // namespace
}  // namespace flamekeep::ingest
