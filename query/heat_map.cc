#include "query/heat_map.h"

#include <algorithm>
#include <utility>

namespace flamekeep::query {
namespace {

int64_t CellNumberOf(absl::Time time, absl::Duration unit) {
  return absl::ToInt64Seconds(time - absl::UnixEpoch()) / absl::ToInt64Seconds(unit);
}

// Adds a point to the cells that it lies in. `unit` is a cell's width, `first` the number of the
// first cell since 1970.
void AddPointToCells(absl::Time begin, absl::Time end, const PointSums& sums, absl::Duration unit,
                     int64_t first, std::vector<HeatCell>* cells) {
  const int64_t from = CellNumberOf(begin, unit) - first;
  const int64_t to = CellNumberOf(end - absl::Seconds(1), unit) - first;
  for (int64_t i = from; i <= to; ++i) {
    HeatCell& cell = (*cells)[static_cast<size_t>(i)];
    // A cell that two points share is unknown if it is of one of them.
    if (from != to || cell.state == CellState::kUnknown) {
      cell = {.state = CellState::kUnknown};
      continue;
    }
    cell.state = CellState::kKnown;
    AddSums(sums, &cell.sums);
  }
}

}  // namespace

HeatMap HeatMapOf(SeriesAnswer series) {
  constexpr absl::Duration kDay = absl::Hours(kHoursPerDay);
  HeatMap map;
  map.coverage = std::move(series.coverage);
  map.has_function = series.has_function;
  const int64_t first = CellNumberOf(series.edges.front(), kDay);
  const int64_t last = CellNumberOf(series.edges.back() - absl::Seconds(1), kDay);
  map.first_day = absl::UnixEpoch() + first * kDay;
  map.days.resize(static_cast<size_t>(last - first + 1));
  map.hours.resize(map.days.size() * kHoursPerDay);
  const std::vector<PointSums>& points = series.groups.front().points;
  for (size_t i = 0; i < points.size(); ++i) {
    const absl::Time begin = series.edges[i];
    const absl::Time end = series.edges[i + 1];
    AddPointToCells(begin, end, points[i], kDay, first, &map.days);
    AddPointToCells(begin, end, points[i], absl::Hours(1),
                    first * static_cast<int64_t>(kHoursPerDay), &map.hours);
  }
  map.unknown_hours = static_cast<uint64_t>(
      std::count_if(map.hours.begin(), map.hours.end(),
                    [](const HeatCell& cell) { return cell.state == CellState::kUnknown; }));
  return map;
}

}  // namespace flamekeep::query
