#include "cli/series_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/time_parse.h"
#include "cli/progress.h"
#include "cli/shades.h"
#include "cli/step_parse.h"

namespace flamekeep::cli {
namespace {

constexpr size_t kCourseColumns = 60;     // where there is no terminal
constexpr size_t kMinCourseColumns = 10;  // for less there is none
constexpr size_t kColumnBlanks = 2;       // before each column of a table

std::string SeriesEdgeText(const v1::SeriesResponse& response, int edge) {
  return TimeText(absl::FromUnixSeconds(response.edges(edge).seconds()));
}

// A label's column; those of numbers keep their names.
TableColumn LabelColumn(const std::string& label) {
  constexpr std::array kTaken = {"begin",        "end",   "rest", "total",
                                 "observations", "value", "self", "share"};
  const bool taken = std::find(kTaken.begin(), kTaken.end(), label) != kTaken.end();
  return {.name = taken ? "label_" + label : label, .head = label};
}

TableCell SeriesShareCell(uint64_t value, uint64_t total) {
  if (total == 0) return std::monostate();
  return static_cast<double>(value) / static_cast<double>(total);
}

void AddSeriesSumCells(uint64_t total, uint64_t observations, std::vector<TableCell>* row) {
  row->emplace_back(total);
  row->emplace_back(observations);
}

void AddSeriesFunctionCells(uint64_t value, uint64_t self, uint64_t total,
                            std::vector<TableCell>* row) {
  row->emplace_back(value);
  row->emplace_back(self);
  row->push_back(SeriesShareCell(value, total));
}

void AddSumColumns(bool has_function, std::vector<TableColumn>* columns) {
  columns->push_back({"total", CellStyle::kNumber});
  columns->push_back({"observations", CellStyle::kNumber, "samples"});
  if (!has_function) return;
  columns->push_back({"value", CellStyle::kNumber});
  columns->push_back({"self", CellStyle::kNumber});
  columns->push_back({"share", CellStyle::kShare});
}

void AddPointCells(const v1::SeriesGroup& group, int point, bool has_function,
                   std::vector<TableCell>* row) {
  AddSeriesSumCells(group.totals(point), group.observations(point), row);
  if (!has_function) return;
  AddSeriesFunctionCells(group.values(point), group.selfs(point), group.totals(point), row);
}

// Every group, with the rest as the last one.
template <typename Visit>
void ForEachGroup(const v1::SeriesResponse& response, const Visit& visit) {
  for (const v1::SeriesGroup& group : response.groups()) visit(group, false);
  if (response.has_rest()) visit(response.rest(), true);
}

// A row for each point of each group.
TableWriter PointRows(const v1::SeriesRequest& request, const v1::SeriesResponse& response,
                      bool with_end) {
  const bool has_function = request.has_function();
  std::vector<TableColumn> columns = {{"begin"}};
  if (with_end) columns.push_back({"end"});
  for (const std::string& label : request.by()) columns.push_back(LabelColumn(label));
  // Which labels the rest has can not be told.
  if (request.by_size() > 0) columns.push_back({"rest"});
  AddSumColumns(has_function, &columns);
  TableWriter writer(std::move(columns));
  ForEachGroup(response, [&](const v1::SeriesGroup& group, bool is_rest) {
    for (int point = 0; point < group.totals_size(); ++point) {
      std::vector<TableCell> row = {SeriesEdgeText(response, point)};
      if (with_end) row.emplace_back(SeriesEdgeText(response, point + 1));
      for (int i = 0; i < request.by_size(); ++i) {
        row.push_back(is_rest ? TableCell() : TableCell(group.labels(i)));
      }
      if (request.by_size() > 0) row.emplace_back(is_rest);
      AddPointCells(group, point, has_function, &row);
      writer.AddRow(std::move(row));
    }
  });
  return writer;
}

// What is drawn of each point: the share of the function, or the value a minute, as points may
// differ in length.
std::vector<double> CourseOf(const v1::SeriesResponse& response, const v1::SeriesGroup& group,
                             bool has_function) {
  std::vector<double> numbers;
  for (int point = 0; point < group.totals_size(); ++point) {
    const auto total = static_cast<double>(group.totals(point));
    if (has_function) {
      numbers.push_back(total > 0 ? static_cast<double>(group.values(point)) / total
                                  : std::nan(""));
    } else {
      const int64_t seconds = response.edges(point + 1).seconds() - response.edges(point).seconds();
      numbers.push_back(total / static_cast<double>(seconds));
    }
  }
  return numbers;
}

TableWriter GroupRows(const v1::SeriesRequest& request, const v1::SeriesResponse& response,
                      size_t course_columns) {
  const bool has_function = request.has_function();
  std::vector<TableColumn> columns;
  for (const std::string& label : request.by()) columns.push_back(LabelColumn(label));
  AddSumColumns(has_function, &columns);
  if (course_columns > 0) columns.push_back({"course"});
  TableWriter writer(std::move(columns));
  ForEachGroup(response, [&](const v1::SeriesGroup& group, bool is_rest) {
    std::vector<TableCell> row;
    for (int i = 0; i < request.by_size(); ++i) {
      const std::string rest = i == 0 ? fmt::format("({} more)", response.groups_left_out()) : "";
      row.emplace_back(is_rest ? rest : group.labels(i));
    }
    AddSeriesSumCells(group.total(), group.all_observations(), &row);
    if (has_function) AddSeriesFunctionCells(group.value(), group.self(), group.total(), &row);
    if (course_columns > 0) {
      row.emplace_back(Sparkline(CourseOf(response, group, has_function), course_columns));
    }
    writer.AddRow(std::move(row));
  });
  return writer;
}

// How wide the widest line of a table is; all of it is narrow text.
size_t TableTextWidth(const std::string& text) {
  size_t most = 0;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = text.find('\n', begin);
    most = std::max(most, end - begin);
    begin = end + 1;
  }
  return most;
}

std::string GroupTable(const v1::SeriesRequest& request, const v1::SeriesResponse& response,
                       size_t columns) {
  if (response.groups_size() == 0) return "";
  size_t course = kCourseColumns;
  if (columns != 0) {
    const size_t used =
        TableTextWidth(GroupRows(request, response, 0).Text(TableFormat::kTable, {})) +
        kColumnBlanks;
    course = used + kMinCourseColumns <= columns ? columns - used : kMinCourseColumns;
  }
  return GroupRows(request, response, course).Text(TableFormat::kTable, {.width = columns});
}

}  // namespace

std::string SeriesText(const v1::SeriesRequest& request, const v1::SeriesResponse& response,
                       TableFormat format, size_t columns) {
  if (format != TableFormat::kTable) {
    return PointRows(request, response, /*with_end=*/true).Text(format, {.width = columns});
  }
  if (request.by_size() > 0) return GroupTable(request, response, columns);
  const bool with_end = response.wide_points() > 0;
  const size_t bar_of = (with_end ? 2 : 1) + (request.has_function() ? 4 : 0);
  return PointRows(request, response, with_end).Text(format, {.width = columns, .bar_of = bar_of});
}

std::string WidePointsNote(const v1::SeriesResponse& response) {
  if (response.wide_points() == 0) return "";
  return fmt::format(
      "{} of {} points are longer than a step of {}: the store keeps no finer buckets there",
      CountText(response.wide_points()),
      CountText(static_cast<uint64_t>(response.edges_size() - 1)), StepText(response.step()));
}

}  // namespace flamekeep::cli
