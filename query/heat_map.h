// Samples, or what one function has of them, by day and hour of the day: years at a glance.
//
// A day's hours are known where the store keeps them; else only the day may be, or not even that.
//
// Thread safety: values and pure functions.
#ifndef FLAMEKEEP_QUERY_HEAT_MAP_H_
#define FLAMEKEEP_QUERY_HEAT_MAP_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "query/flame_graph.h"
#include "query/time_series.h"

namespace flamekeep::query {

inline constexpr uint32_t kMaxHeatMapDays = 4000;
inline constexpr size_t kHoursPerDay = 24;

enum class CellState : uint8_t {
  kOutside,  // of the covered range
  kUnknown,  // samples are known no finer than by spans that reach beyond the cell
  kKnown,    // what the range holds of the cell
};

struct HeatCell {
  CellState state = CellState::kOutside;
  PointSums sums;  // zeros unless the cell is known

  bool operator==(const HeatCell&) const = default;
};

struct HeatMap {
  Coverage coverage;
  bool has_function = false;
  absl::Time first_day;         // its midnight, UTC
  std::vector<HeatCell> days;   // one after the other
  std::vector<HeatCell> hours;  // kHoursPerDay for each of them
  uint64_t unknown_hours = 0;
};

// From a series without groups, in steps of an hour.
HeatMap HeatMapOf(SeriesAnswer series);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_HEAT_MAP_H_
