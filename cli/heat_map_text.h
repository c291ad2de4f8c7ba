// A heat map for people and programs.
//
// Thread safety: functions.
#ifndef FLAMEKEEP_CLI_HEAT_MAP_TEXT_H_
#define FLAMEKEEP_CLI_HEAT_MAP_TEXT_H_

#include <cstddef>
#include <string>

#include "cli/table_writer.h"
#include "flamekeep/v1/series.pb.h"

namespace flamekeep::cli {

// A drawing: a row for each day, week (Monday to Sunday) or month, by the length of the range; a
// column for each hour of the day, UTC. `columns`: of the terminal.
std::string HeatMapDrawing(const v1::HeatMapRequest& request, const v1::HeatMapResponse& response,
                           size_t columns);

// A row for each hour that is known, for each day of which only the sum is (without an hour), and
// for each day of which nothing is (without numbers).
TableWriter HeatMapRows(const v1::HeatMapRequest& request, const v1::HeatMapResponse& response);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_HEAT_MAP_TEXT_H_
