#include "cli/heat_map_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "cli/progress.h"
#include "cli/shades.h"

namespace flamekeep::cli {
namespace {

using HeatCells = v1::HeatCells;

constexpr int kHeatHours = 24;
constexpr int kMaxDayRows = 92;
constexpr int kMaxWeekRows = 160;
constexpr size_t kHeatNameColumns = 16;  // "2026-11-20 Fri  "
constexpr size_t kHeatTotalColumns = 12;

absl::CivilDay HeatDayOf(const v1::HeatMapResponse& response, int day) {
  return absl::ToCivilDay(absl::FromUnixSeconds(response.first_day().seconds()),
                          absl::UTCTimeZone()) +
         day;
}

std::string HeatDayText(absl::CivilDay day) {
  return fmt::format("{:04}-{:02}-{:02}", day.year(), day.month(), day.day());
}

// What a row or one of its cells holds: of the cells that are known.
struct HeatSums {
  uint64_t cells = 0;
  bool unknown = false;  // some cell
  double total = 0;
  double value = 0;

  void Add(const HeatCells& from, int index, bool has_function) {
    if (from.states(index) == HeatCells::STATE_UNKNOWN) unknown = true;
    if (from.states(index) != HeatCells::STATE_KNOWN) return;
    ++cells;
    total += static_cast<double>(from.totals(index));
    if (has_function) value += static_cast<double>(from.values(index));
  }

  // What is drawn: the function's share, or the mean of the cells. NaN where nothing is known, and
  // nothing at all where it lies outside of the range.
  std::optional<double> Number(bool has_function) const {
    if (cells == 0) return unknown ? std::optional(std::nan("")) : std::nullopt;
    if (has_function) return total > 0 ? value / total : 0;
    return total / static_cast<double>(cells);
  }
};

struct HeatRow {
  std::string name;
  HeatSums all;  // by days
  std::array<HeatSums, kHeatHours> hours;
};

enum class HeatRowUnit { kDay, kWeek, kMonth };

HeatRowUnit HeatRowUnitFor(int days) {
  constexpr int kDaysPerWeek = 7;
  if (days <= kMaxDayRows) return HeatRowUnit::kDay;
  return days <= kMaxWeekRows * kDaysPerWeek ? HeatRowUnit::kWeek : HeatRowUnit::kMonth;
}

std::string HeatRowName(absl::CivilDay day, HeatRowUnit unit) {
  constexpr std::array kWeekdays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  switch (unit) {
    case HeatRowUnit::kDay:
      return fmt::format("{} {}", HeatDayText(day),
                         kWeekdays[static_cast<size_t>(absl::GetWeekday(day))]);
    case HeatRowUnit::kWeek:
      return HeatDayText(absl::PrevWeekday(day + 1, absl::Weekday::monday));
    case HeatRowUnit::kMonth:
      return HeatDayText(day).substr(0, std::string_view("2026-11").size());
  }
  return "";
}

std::vector<HeatRow> HeatRowsOf(const v1::HeatMapResponse& response, bool has_function) {
  const int days = response.days().states_size();
  const HeatRowUnit unit = HeatRowUnitFor(days);
  std::vector<HeatRow> rows;
  for (int day = 0; day < days; ++day) {
    std::string name = HeatRowName(HeatDayOf(response, day), unit);
    if (rows.empty() || rows.back().name != name) rows.push_back({.name = std::move(name)});
    HeatRow& row = rows.back();
    row.all.Add(response.days(), day, has_function);
    for (int hour = 0; hour < kHeatHours; ++hour) {
      row.hours[static_cast<size_t>(hour)].Add(response.hours(), day * kHeatHours + hour,
                                               has_function);
    }
  }
  return rows;
}

double MostHeatOf(const std::vector<HeatRow>& rows, bool has_function) {
  double most = 0;
  for (const HeatRow& row : rows) {
    for (const HeatSums& hour : row.hours) {
      const std::optional<double> number = hour.Number(has_function);
      if (number.has_value() && *number > most) most = *number;
    }
  }
  return most;
}

std::string HeatNumberText(double number, bool has_function) {
  if (std::isnan(number)) return "?";
  return has_function ? fmt::format("{:.2f}%", number * 100)
                      : CountText(static_cast<uint64_t>(std::llround(number)));
}

// Which numbers the shades stand for.
std::string HeatLegend(double most, bool has_function, bool any_unknown) {
  if (!(most > 0)) return any_unknown ? "? hours that are not kept or known\n" : "";
  std::string line;
  for (const double share : kShadeShares) {
    line += fmt::format("{} up to {}  ", Shade(share * most, most),
                        HeatNumberText(share * most, has_function));
  }
  line += "· nothing";
  if (any_unknown) line += "  ? hours that are not kept or known";
  return line + "\n";
}

}  // namespace

std::string HeatMapDrawing(const v1::HeatMapRequest& request, const v1::HeatMapResponse& response,
                           size_t columns) {
  const bool has_function = request.has_function();
  const std::vector<HeatRow> rows = HeatRowsOf(response, has_function);
  const double most = MostHeatOf(rows, has_function);
  const size_t cell = columns >= kHeatNameColumns + 2 * kHeatHours + kHeatTotalColumns ? 2 : 1;
  const bool with_all = columns >= kHeatNameColumns + cell * kHeatHours + kHeatTotalColumns;

  std::string text(kHeatNameColumns, ' ');
  constexpr int kHoursBetweenHeads = 6;
  for (int hour = 0; hour < kHeatHours; hour += kHoursBetweenHeads) {
    text += fmt::format("{:<{}}", hour, kHoursBetweenHeads * cell);
  }
  if (with_all) text += has_function ? "       share" : "       total";
  text.resize(text.find_last_not_of(' ') + 1);
  text += '\n';
  for (const HeatRow& row : rows) {
    text += fmt::format("{:<{}}", row.name, kHeatNameColumns);
    for (const HeatSums& hour : row.hours) {
      const std::optional<double> number = hour.Number(has_function);
      for (size_t i = 0; i < cell; ++i) {
        text += number.has_value() ? Shade(*number, most) : std::string_view(" ");
      }
    }
    if (with_all) {
      // The sum of what is known; a question mark where a day is not.
      std::string all = "?";
      if (row.all.cells > 0) {
        if (!has_function) {
          all = HeatNumberText(row.all.total, false);
        } else if (row.all.total > 0) {
          all = HeatNumberText(row.all.value / row.all.total, true);
        } else {
          all = "-";
        }
        if (row.all.unknown) all += "?";
      }
      text += fmt::format("{:>{}}", all, kHeatTotalColumns);
    }
    text += '\n';
  }
  return text + HeatLegend(most, has_function, response.unknown_hours() > 0);
}

TableWriter HeatMapRows(const v1::HeatMapRequest& request, const v1::HeatMapResponse& response) {
  const bool has_function = request.has_function();
  std::vector<TableColumn> columns = {{"day"},
                                      {"hour", CellStyle::kNumber},
                                      {"total", CellStyle::kNumber},
                                      {"observations", CellStyle::kNumber}};
  if (has_function) {
    columns.push_back({"value", CellStyle::kNumber});
    columns.push_back({"self", CellStyle::kNumber});
    columns.push_back({"share", CellStyle::kShare});
  }
  const size_t width = columns.size();
  TableWriter writer(std::move(columns));
  const auto add = [&](int day, TableCell hour, const HeatCells& cells, int index) {
    std::vector<TableCell> row = {HeatDayText(HeatDayOf(response, day)), std::move(hour)};
    if (cells.states(index) == HeatCells::STATE_KNOWN) {
      row.emplace_back(cells.totals(index));
      row.emplace_back(cells.observations(index));
      if (has_function) {
        row.emplace_back(cells.values(index));
        row.emplace_back(cells.selfs(index));
        row.push_back(cells.totals(index) == 0
                          ? TableCell()
                          : TableCell(static_cast<double>(cells.values(index)) /
                                      static_cast<double>(cells.totals(index))));
      }
    }
    row.resize(width);
    writer.AddRow(std::move(row));
  };
  for (int day = 0; day < response.days().states_size(); ++day) {
    bool any_unknown = false;
    for (int hour = 0; hour < kHeatHours; ++hour) {
      const int index = day * kHeatHours + hour;
      any_unknown |= response.hours().states(index) == HeatCells::STATE_UNKNOWN;
      if (response.hours().states(index) != HeatCells::STATE_KNOWN) continue;
      add(day, static_cast<uint64_t>(hour), response.hours(), index);
    }
    if (any_unknown) add(day, std::monostate(), response.days(), day);
  }
  return writer;
}

}  // namespace flamekeep::cli
