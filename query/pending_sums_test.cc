#include "query/pending_sums.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "storage/column.h"

namespace flamekeep::query {
namespace {

using Sums = std::map<uint32_t, uint64_t>;  // by offset

Sums TakeAll(PendingSums* pending, uint32_t window) {
  Sums sums;
  bool saturated = false;
  pending->Take(window, [&](uint32_t offset, uint64_t value) {
    sums[offset] = storage::SaturatingAdd(sums[offset], value, &saturated);
  });
  return sums;
}

TEST(PendingSums, RandomValuesMatchAMap) {
  std::mt19937_64 random(1);
  for (const uint64_t most : {uint64_t{100}, uint64_t{1} << 17, uint64_t{1} << 40, UINT64_MAX}) {
    SCOPED_TRACE(most);
    constexpr uint32_t kWindows = 3;
    PendingSums pending(kWindows);
    const uint64_t empty_bytes = pending.memory_bytes();
    Sums expected[kWindows];
    bool saturated = false;
    for (int i = 0; i < 300'000; ++i) {
      // The last window has few, so that lists of all lengths are met.
      const uint32_t window = i % 1000 == 0 ? 2 : i % 2;
      const auto offset = static_cast<uint32_t>(random() % storage::kWindowIds);
      const uint64_t value = 1 + random() % most;
      pending.Add(window, offset, value);
      uint64_t& sum = expected[window][offset];
      sum = storage::SaturatingAdd(sum, value, &saturated);
    }
    for (uint32_t window = kWindows; window-- > 0;) {
      EXPECT_FALSE(pending.empty(window));
      EXPECT_EQ(TakeAll(&pending, window), expected[window]);
      EXPECT_TRUE(pending.empty(window));
    }
    // What stays is for reuse: a slab of lists and one array.
    EXPECT_LE(pending.memory_bytes(), empty_bytes + (2u << 20) + (256u << 10));
  }
}

TEST(PendingSums, MemoryIsBoundedWhateverTheValues) {
  for (const uint64_t value :
       {uint64_t{1}, uint64_t{65'535}, uint64_t{65'536}, uint64_t{1} << 40}) {
    SCOPED_TRACE(value);
    PendingSums pending(2);
    for (int round = 0; round < 20; ++round) {
      for (uint32_t offset = 0; offset < storage::kWindowIds; ++offset) {
        pending.Add(round % 2, offset, value);
      }
    }
    EXPECT_LE(pending.memory_bytes(), 2 * 16 * storage::kWindowIds + (2u << 20));
    for (const uint32_t window : {1, 0}) {
      const Sums sums = TakeAll(&pending, window);
      EXPECT_EQ(sums.size(), storage::kWindowIds);
      for (const auto& [offset, sum] : sums) ASSERT_EQ(sum, 10 * value) << offset;
    }
  }
}

TEST(PendingSums, LargeSumsSaturate) {
  PendingSums pending(1);
  for (uint32_t i = 0; i < 2 * storage::kWindowIds; ++i) pending.Add(0, 7, UINT64_MAX / 2);
  EXPECT_EQ(TakeAll(&pending, 0), (Sums{{7, UINT64_MAX}}));
}

}  // namespace
}  // namespace flamekeep::query
