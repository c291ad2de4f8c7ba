#include "query/range_buckets.h"

#include <algorithm>
#include <utility>

#include "base/status.h"

namespace flamekeep::query {
namespace {

using storage::Level;
using storage::Minute;
using storage::MinuteRange;

constexpr Minute kHourMinutes = 60;
constexpr Minute kDayMinutes = 24 * kHourMinutes;
constexpr Minute kWeekMinutes = 7 * kDayMinutes;
constexpr Minute kLongestOfWeeks = 53 * kWeekMinutes;
constexpr Minute kLongestOfMonths = kMostBuckets * 30 * kDayMinutes;

// Widths of buckets, each for ranges of up to kMostBuckets of them.
constexpr Minute kWidths[] = {1, 5, kHourMinutes, 6 * kHourMinutes, kDayMinutes};

}  // namespace

Minute NextBucketStart(Minute minute, Minute range_minutes) {
  const auto next_multiple = [&](Minute width) { return (minute / width + 1) * width; };
  for (const Minute width : kWidths) {
    if (range_minutes <= kMostBuckets * width) return next_multiple(width);
  }
  if (range_minutes <= kLongestOfWeeks) return next_multiple(kWeekMinutes);
  const Level level = range_minutes <= kLongestOfMonths ? Level::kMonth : Level::kYear;
  return storage::BucketAt(level, minute).end();
}

absl::StatusOr<std::vector<storage::Plan>> SplitPlan(const storage::Snapshot& snapshot,
                                                     const storage::Plan& plan,
                                                     const Context& context) {
  const MinuteRange whole = plan.covered;
  const Minute length = whole.end - whole.begin;
  std::vector<storage::Plan> buckets;
  for (Minute begin = whole.begin; begin < whole.end;) {
    FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    const Minute end = std::min(whole.end, NextBucketStart(begin, length));
    FLAMEKEEP_ASSIGN_OR_RETURN(storage::Plan bucket,
                               snapshot.MakePlan(storage::TimeOf(begin), storage::TimeOf(end),
                                                 plan.series, [&] { return context.Check(); }));
    if (bucket.covered.begin != begin || bucket.covered.end < end ||
        bucket.covered.end > whole.end) {
      return absl::InternalError("the plan of a bucket leaves the range");
    }
    begin = bucket.covered.end;
    buckets.push_back(std::move(bucket));
  }
  return buckets;
}

}  // namespace flamekeep::query
