// A series over time for people and programs.
//
// Thread safety: functions.
#ifndef FLAMEKEEP_CLI_SERIES_TEXT_H_
#define FLAMEKEEP_CLI_SERIES_TEXT_H_

#include <cstddef>
#include <string>

#include "cli/table_writer.h"
#include "flamekeep/v1/series.pb.h"

namespace flamekeep::cli {

// CSV and JSON lines: a row for each point of each group. A table: a row for each point or, where
// there are groups, one for each group with its course. `columns`: of the terminal; 0: none.
std::string SeriesText(const v1::SeriesRequest& request, const v1::SeriesResponse& response,
                       TableFormat format, size_t columns);

// "52 of 60 points are longer than a step of 1 minute ..."; empty where none are.
std::string WidePointsNote(const v1::SeriesResponse& response);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_SERIES_TEXT_H_
