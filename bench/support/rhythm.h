// How many samples come at which time: more by day than by night, fewer at the weekend.
//
// Thread safety: a pure function.
#ifndef FLAMEKEEP_BENCH_SUPPORT_RHYTHM_H_
#define FLAMEKEEP_BENCH_SUPPORT_RHYTHM_H_

#include <cmath>
#include <cstdint>
#include <numbers>

namespace flamekeep::bench {

// The rate in the minute (since 1970), relative to the average of a week.
inline double Rhythm(uint32_t minute) {
  constexpr double kSwing = 0.35;
  constexpr double kQuietestHour = 3;  // UTC
  constexpr double kWeekday = 1.04;
  constexpr double kWeekend = 0.9;  // five weekdays and two of these make seven
  const double hour = minute % 1440 / 60.0;
  const uint32_t day = (minute / 1440 + 3) % 7;  // 1970-01-01 was a Thursday; 0 is Monday
  const double daily = 1 - kSwing * std::cos((hour - kQuietestHour) / 24 * 2 * std::numbers::pi);
  return daily * (day < 5 ? kWeekday : kWeekend);
}

}  // namespace flamekeep::bench

#endif  // FLAMEKEEP_BENCH_SUPPORT_RHYTHM_H_
