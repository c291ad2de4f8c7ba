#include "storage/forecast.h"

#include <gtest/gtest.h>

#include <vector>

namespace flamekeep::storage {
namespace {

TEST(ForecastTest, APartGrowsUntilItIsKeptNoLonger) {
  // 10 bytes a day for the last 30 days, kept for 90.
  const GrowingPart part{.bytes = 300, .bytes_per_day = 10, .age_days = 30, .keep_days = 90};
  EXPECT_DOUBLE_EQ(BytesAfter(part, 0), 300);
  EXPECT_DOUBLE_EQ(BytesAfter(part, 60), 900);
  EXPECT_DOUBLE_EQ(BytesAfter(part, 75), 900);
  EXPECT_DOUBLE_EQ(BytesAfter(part, 90), 900);
  EXPECT_DOUBLE_EQ(BytesAfter(part, 1000), 900);
}

TEST(ForecastTest, WhatIsOverdueGoesFirst) {
  // Nothing new, and retention was just made shorter than the part is old.
  const GrowingPart part{.bytes = 100, .bytes_per_day = 0, .age_days = 10, .keep_days = 5};
  EXPECT_DOUBLE_EQ(BytesAfter(part, 5), 50);
  EXPECT_DOUBLE_EQ(BytesAfter(part, 10), 0);
}

TEST(ForecastTest, TheDayOnWhichTheLimitIsReached) {
  const std::vector<GrowingPart> parts = {
      {.bytes = 300, .bytes_per_day = 10, .age_days = 30, .keep_days = 90},
      {.bytes = 100, .bytes_per_day = 1, .age_days = 30}};
  EXPECT_EQ(DaysUntil(400, parts), 0);
  EXPECT_NEAR(*DaysUntil(411, parts), 1, 1e-9);
  EXPECT_NEAR(*DaysUntil(416.5, parts), 1.5, 1e-9);
  // The first part ends at 900 bytes, the second one goes on.
  EXPECT_NEAR(*DaysUntil(1100, parts), 100, 1e-6);
  EXPECT_EQ(DaysUntil(1e6, parts), std::nullopt);
  EXPECT_EQ(DaysUntil(1e6, {}), std::nullopt);
}

}  // namespace
}  // namespace flamekeep::storage
