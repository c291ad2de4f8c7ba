#include "query/time_step.h"

#include <fmt/format.h>

#include <array>

#include "absl/time/civil_time.h"

namespace flamekeep::query {
namespace {

using storage::Level;
using storage::Minute;
using storage::MinuteRange;

constexpr int64_t kMinutesPerHour = 60;
constexpr int64_t kMinutesPerDay = 24 * kMinutesPerHour;
constexpr int64_t kFirstMonday = 4 * kMinutesPerDay;  // 1970-01-05
constexpr int64_t kMonthsPerYear = 12;

constexpr std::array kUsualSteps = {
    Step{Level::kMinute, 1},  Step{Level::kMinute, 5}, Step{Level::kMinute, 15},
    Step{Level::kMinute, 30}, Step{Level::kHour, 1},   Step{Level::kHour, 3},
    Step{Level::kHour, 6},    Step{Level::kHour, 12},  Step{Level::kDay, 1},
    Step{Level::kDay, 7},     Step{Level::kMonth, 1},  Step{Level::kMonth, 3},
};

int64_t FloorDivide(int64_t a, int64_t b) { return (a >= 0 ? a : a - b + 1) / b; }

// Of steps that are all equally long.
int64_t StepWidthOf(const Step& step) {
  switch (step.level) {
    case Level::kMinute:
      return step.count;
    case Level::kHour:
      return step.count * kMinutesPerHour;
    default:
      return step.count * kMinutesPerDay;
  }
}

int64_t OriginOf(const Step& step) { return step.level == Level::kDay ? kFirstMonday : 0; }

int64_t MonthsOf(const Step& step) {
  return step.level == Level::kYear ? step.count * kMonthsPerYear : step.count;
}

// The number of the step that holds a minute.
int64_t NumberOf(const Step& step, Minute minute) {
  if (step.level <= Level::kDay) {
    return FloorDivide(int64_t{minute} - OriginOf(step), StepWidthOf(step));
  }
  const absl::CivilMonth month(absl::ToCivilMonth(storage::TimeOf(minute), absl::UTCTimeZone()));
  return FloorDivide(month - absl::CivilMonth(1970, 1), MonthsOf(step));
}

// REQUIRES: it begins in the range of minutes.
Minute StartOf(const Step& step, int64_t number) {
  if (step.level <= Level::kDay) {
    return static_cast<Minute>(number * StepWidthOf(step) + OriginOf(step));
  }
  const absl::CivilMonth month = absl::CivilMonth(1970, 1) + number * MonthsOf(step);
  return storage::MinuteOf(absl::FromCivil(month, absl::UTCTimeZone())).value_or(0);
}

}  // namespace

std::string StepName(const Step& step) {
  return fmt::format("{} {}{}", step.count, storage::LevelName(step.level),
                     step.count == 1 ? "" : "s");
}

uint64_t CountSteps(const Step& step, MinuteRange range) {
  return static_cast<uint64_t>(NumberOf(step, range.end - 1) - NumberOf(step, range.begin) + 1);
}

std::vector<Minute> StepEdges(const Step& step, MinuteRange range) {
  std::vector<Minute> edges;
  const int64_t last = NumberOf(step, range.end - 1);
  for (int64_t number = NumberOf(step, range.begin) + 1; number <= last; ++number) {
    edges.push_back(StartOf(step, number));
  }
  return edges;
}

Step UsualStep(MinuteRange range, uint64_t max) {
  for (const Step& step : kUsualSteps) {
    if (CountSteps(step, range) <= max) return step;
  }
  return {Level::kYear, 1};
}

}  // namespace flamekeep::query
