// When a store will reach a size, from what it holds and how fast each part grows. Pure arithmetic.
//
// Thread safety: functions.
#ifndef FLAMEKEEP_STORAGE_FORECAST_H_
#define FLAMEKEEP_STORAGE_FORECAST_H_

#include <limits>
#include <optional>

#include "absl/types/span.h"

namespace flamekeep::storage {

// A part of a store that takes in as much every day and lets go of what is older than `keep_days`.
struct GrowingPart {
  double bytes = 0;
  double bytes_per_day = 0;
  double age_days = 0;  // of its oldest bytes, which are taken to be spread evenly since
  double keep_days = std::numeric_limits<double>::infinity();
};

double BytesAfter(const GrowingPart& part, double days);

// The forecast looks ten years ahead.
inline constexpr int kForecastDays = 3650;

// In how many days the parts together reach `limit` bytes; 0 where they have, nothing where they do
// not within kForecastDays.
std::optional<double> DaysUntil(double limit, absl::Span<const GrowingPart> parts);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_FORECAST_H_
