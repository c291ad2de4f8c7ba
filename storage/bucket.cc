#include "storage/bucket.h"

#include "absl/time/civil_time.h"

namespace flamekeep::storage {
namespace {

constexpr Minute kMinutesPerHour = 60;
constexpr Minute kMinutesPerDay = 24 * kMinutesPerHour;

absl::CivilDay DayOf(Minute minute) {
  return absl::CivilDay(1970, 1, 1) + static_cast<int64_t>(minute / kMinutesPerDay);
}

Minute StartOf(absl::CivilDay day) {
  return static_cast<Minute>((day - absl::CivilDay(1970, 1, 1)) * kMinutesPerDay);
}

}  // namespace

std::string_view LevelName(Level level) {
  switch (level) {
    case Level::kMinute:
      return "minute";
    case Level::kHour:
      return "hour";
    case Level::kDay:
      return "day";
    case Level::kMonth:
      return "month";
    case Level::kYear:
      return "year";
  }
  return "unknown";
}

std::optional<Minute> MinuteOf(absl::Time time) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  if (seconds < 0 || seconds / 60 > kMaxMinute) return std::nullopt;
  return static_cast<Minute>(seconds / 60);
}

absl::Time TimeOf(Minute minute) { return absl::FromUnixSeconds(int64_t{minute} * 60); }

Minute Bucket::end() const {
  switch (level) {
    case Level::kMinute:
      return start + 1;
    case Level::kHour:
      return start + kMinutesPerHour;
    case Level::kDay:
      return start + kMinutesPerDay;
    case Level::kMonth:
      return StartOf(absl::CivilDay(absl::CivilMonth(DayOf(start)) + 1));
    case Level::kYear:
      return StartOf(absl::CivilDay(absl::CivilYear(DayOf(start)) + 1));
  }
  return start;
}

Bucket BucketAt(Level level, Minute minute) {
  switch (level) {
    case Level::kMinute:
      return {level, minute};
    case Level::kHour:
      return {level, minute - minute % kMinutesPerHour};
    case Level::kDay:
      return {level, minute - minute % kMinutesPerDay};
    case Level::kMonth:
      return {level, StartOf(absl::CivilDay(absl::CivilMonth(DayOf(minute))))};
    case Level::kYear:
      return {level, StartOf(absl::CivilDay(absl::CivilYear(DayOf(minute))))};
  }
  return {level, minute};
}

std::string FormatMinute(Minute minute) {
  return absl::FormatTime("%Y-%m-%dT%H:%MZ", TimeOf(minute), absl::UTCTimeZone());
}

}  // namespace flamekeep::storage
