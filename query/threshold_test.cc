#include "query/threshold.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

namespace flamekeep::query {
namespace {

// Totals of many sizes, with many equal ones among the small.
std::vector<uint64_t> SomeTotals(std::mt19937_64& random, int bits) {
  std::vector<uint64_t> totals(1 + random() % 3000);
  for (uint64_t& total : totals) {
    const uint64_t width = random() % static_cast<uint64_t>(bits);
    total = 1 + random() % ((uint64_t{1} << width) + (bits == 64 ? UINT64_MAX >> 1 : 0));
  }
  return totals;
}

TEST(RisingCut, StaysJustBelowTheExactOne) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    const std::vector<uint64_t> totals = SomeTotals(random, 1 + round % 64);
    const size_t max = random() % 500;
    const uint64_t first_cut = random() % 3;
    RisingCut cut(max, first_cut);
    std::vector<uint64_t> met;
    for (const uint64_t total : totals) {
      met.push_back(total);
      if (total > cut.cut()) cut.Add(total);
      if (met.size() % 97 != 0 && met.size() != totals.size()) continue;
      std::vector<uint64_t> copy = met;
      const uint64_t exact = CutForCount(copy, max, first_cut);
      ASSERT_LE(cut.cut(), exact) << round;
      ASSERT_GE(cut.cut() + cut.cut() / 128 + 1, exact) << round;
    }
  }
}

TEST(RisingCut, TakesTheLargestTotals) {
  RisingCut cut(1, UINT64_MAX - 2);
  cut.Add(UINT64_MAX);
  cut.Add(UINT64_MAX - 1);
  EXPECT_EQ(cut.cut(), UINT64_MAX - 2);  // their bucket holds many totals
  RisingCut none(0, 0);
  for (const uint64_t total : {1, 7, 3}) {
    if (total > none.cut()) none.Add(total);
  }
  EXPECT_EQ(none.cut(), 7);
}

}  // namespace
}  // namespace flamekeep::query
