#include "storage/forecast.h"

#include <algorithm>

namespace flamekeep::storage {

double BytesAfter(const GrowingPart& part, double days) {
  const double added = part.bytes_per_day * std::min(days, part.keep_days);
  // What is there now begins to go when the oldest of it has been kept long enough.
  const double overdue = days - std::max(0.0, part.keep_days - part.age_days);
  if (overdue <= 0) return part.bytes + added;
  const double gone = part.age_days <= 0 ? 1 : std::min(1.0, overdue / part.age_days);
  return part.bytes * (1 - gone) + added;
}

std::optional<double> DaysUntil(double limit, absl::Span<const GrowingPart> parts) {
  const auto total = [&](double days) {
    double sum = 0;
    for (const GrowingPart& part : parts) sum += BytesAfter(part, days);
    return sum;
  };
  double before = total(0);
  if (before >= limit) return 0;
  for (int day = 1; day <= kForecastDays; ++day) {
    const double after = total(day);
    if (after >= limit) return day - 1 + (limit - before) / (after - before);
    before = after;
  }
  return std::nullopt;
}

}  // namespace flamekeep::storage
