#include "storage/age_clock.h"

#include <gtest/gtest.h>

namespace flamekeep::storage {
namespace {

const absl::Time kAgeNoon = absl::FromUnixSeconds(1'795'176'000);
const absl::Time kSteady = absl::UnixEpoch() + absl::Hours(5);
constexpr absl::Duration kKeep = absl::Hours(24);

TEST(AgeClockTest, GoesOnWithTheSteadyClock) {
  const AgeClock clock(kKeep, absl::InfinitePast(), kAgeNoon, kSteady);
  EXPECT_EQ(clock.At(kSteady), kAgeNoon);
  EXPECT_EQ(clock.At(kSteady + absl::Hours(3)), kAgeNoon + absl::Hours(3));
  EXPECT_EQ(clock.OverAt(kSteady + absl::Hours(3)), kAgeNoon - absl::Hours(21));
}

TEST(AgeClockTest, AStopCountsByTheTimeOfDayWithinBounds) {
  const auto begin = [](absl::Duration stop) {
    return AgeClock(kKeep, kAgeNoon, kAgeNoon + stop, kSteady).At(kSteady) - kAgeNoon;
  };
  EXPECT_EQ(begin(absl::Hours(3)), absl::Hours(3));
  EXPECT_EQ(begin(absl::Hours(12)), absl::Hours(12));
  EXPECT_EQ(begin(absl::Hours(24 * 365)), absl::Hours(12));
  EXPECT_EQ(begin(-absl::Hours(1)), absl::ZeroDuration());
  EXPECT_EQ(AgeClock(absl::InfiniteDuration(), kAgeNoon, kAgeNoon + kKeep, kSteady).At(kSteady),
            kAgeNoon + kKeep);
}

}  // namespace
}  // namespace flamekeep::storage
