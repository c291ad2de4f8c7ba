// The steps of a series over time: calendar units, UTC.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_QUERY_TIME_STEP_H_
#define FLAMEKEEP_QUERY_TIME_STEP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "storage/bucket.h"

namespace flamekeep::query {

inline constexpr uint32_t kMaxStepCount = 100'000;

// `count` units of a level. Steps of minutes, hours, months and years are counted from 1970-01-01,
// those of days from the Monday behind it: so 7 days are a week.
struct Step {
  storage::Level level = storage::Level::kMinute;
  uint32_t count = 0;  // 1 .. kMaxStepCount; 0: none

  bool operator==(const Step&) const = default;
};

// "5 minutes", "1 day".
std::string StepName(const Step& step);

// How many steps hold a minute of the range, which is not empty.
uint64_t CountSteps(const Step& step, storage::MinuteRange range);

// Where one step ends and the next one begins, inside of the range.
std::vector<storage::Minute> StepEdges(const Step& step, storage::MinuteRange range);

// The shortest of a few usual steps that a range has at most `max` of, or else one year.
Step UsualStep(storage::MinuteRange range, uint64_t max);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_TIME_STEP_H_
