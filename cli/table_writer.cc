#include "cli/table_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

#include "cli/json.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/terminal_text.h"

namespace flamekeep::cli {
namespace {

// A text column is not cut below this.
constexpr size_t kMinTextColumns = 8;
// Blanks before each column of a Table.
constexpr size_t kColumnGap = 2;
constexpr size_t kMaxBarColumns = 24;
constexpr size_t kMinBarColumns = 10;
// On a terminal that is narrower there are none.
constexpr size_t kBarsFrom = 72;

bool IsMissingCell(const TableCell& cell) {
  const double* real = std::get_if<double>(&cell);
  return std::holds_alternative<std::monostate>(cell) || (real != nullptr && !std::isfinite(*real));
}

double CellNumber(const TableCell& cell) {
  if (IsMissingCell(cell)) return 0;
  if (const auto* number = std::get_if<uint64_t>(&cell)) return static_cast<double>(*number);
  if (const auto* number = std::get_if<int64_t>(&cell)) return static_cast<double>(*number);
  if (const auto* number = std::get_if<double>(&cell)) return *number;
  return 0;
}

// Numbers and the like, as programs read them.
std::string PlainCell(const TableCell& cell) {
  if (IsMissingCell(cell)) return "";
  return std::visit(
      [](const auto& value) {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::monostate>) {
          return std::string();
        } else {
          return fmt::format("{}", value);
        }
      },
      cell);
}

std::string TableCellText(const TableCell& cell, CellStyle style) {
  if (IsMissingCell(cell)) return "-";
  if (const auto* number = std::get_if<uint64_t>(&cell)) return CountText(*number);
  if (const auto* number = std::get_if<int64_t>(&cell)) {
    const auto magnitude = static_cast<uint64_t>(*number);
    return *number < 0 ? "-" + CountText(uint64_t{0} - magnitude) : CountText(magnitude);
  }
  if (const auto* number = std::get_if<double>(&cell)) {
    return style == CellStyle::kShare ? fmt::format("{:.2f}%", *number * 100)
                                      : fmt::format("{:.4g}", *number);
  }
  if (const auto* flag = std::get_if<bool>(&cell)) return *flag ? "yes" : "no";
  return TerminalText(std::get<std::string>(cell));
}

std::string CsvField(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string JsonCell(const TableCell& cell) {
  if (IsMissingCell(cell)) return "null";
  if (const auto* text = std::get_if<std::string>(&cell)) return JsonString(*text);
  return PlainCell(cell);
}

std::string TableHead(const TableColumn& column) {
  std::string head = column.head;
  if (head.empty()) {
    head = column.name;
    std::replace(head.begin(), head.end(), '_', ' ');
  }
  return column.style == CellStyle::kText ? head : ">" + head;
}

std::vector<std::string> TableBars(const std::vector<std::vector<TableCell>>& rows, size_t column,
                                   size_t width) {
  double most = 0;
  for (const auto& row : rows) most = std::max(most, CellNumber(row[column]));
  std::vector<std::string> bars;
  for (const auto& row : rows) {
    const double share = most > 0 ? std::max(0.0, CellNumber(row[column])) / most : 0;
    bars.emplace_back(static_cast<size_t>(std::lround(share * static_cast<double>(width))), '#');
  }
  return bars;
}

}  // namespace

std::vector<std::string> TableFormatNames() { return {"table", "csv", "jsonl"}; }

TableFormat TableFormatNamed(std::string_view name) {
  if (name == "csv") return TableFormat::kCsv;
  if (name == "jsonl") return TableFormat::kJsonLines;
  return TableFormat::kTable;
}

std::string TableWriter::Text(TableFormat format, const TableLayout& layout) const {
  switch (format) {
    case TableFormat::kTable:
      return AsTable(layout);
    case TableFormat::kCsv:
      return AsCsv(layout.width != 0);
    case TableFormat::kJsonLines:
      return AsJsonLines();
  }
  return "";
}

std::vector<std::vector<std::string>> TableWriter::TableCells() const {
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : rows_) {
    cells.emplace_back();
    for (size_t i = 0; i < columns_.size(); ++i) {
      cells.back().push_back(TableCellText(row[i], columns_[i].style));
    }
  }
  return cells;
}

std::vector<size_t> TableWriter::FitColumns(const std::vector<std::vector<std::string>>& cells,
                                            size_t width) const {
  std::vector<size_t> widths;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const std::string head = TableHead(columns_[i]);
    size_t most = DisplayColumns(head) - (head.starts_with('>') ? 1 : 0);
    for (const auto& row : cells) most = std::max(most, DisplayColumns(row[i]));
    widths.push_back(most);
  }
  if (width == 0) return widths;
  size_t sum = std::accumulate(widths.begin(), widths.end(), kColumnGap * widths.size());
  while (sum > width) {
    // The widest text gives way.
    size_t widest = columns_.size();
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].style != CellStyle::kText || widths[i] <= kMinTextColumns) continue;
      if (widest == columns_.size() || widths[i] > widths[widest]) widest = i;
    }
    if (widest == columns_.size()) break;
    --widths[widest];
    --sum;
  }
  return widths;
}

std::string TableWriter::AsTable(const TableLayout& layout) const {
  std::vector<std::vector<std::string>> cells = TableCells();
  const bool has_bars = layout.bar_of.has_value() && layout.width >= kBarsFrom;
  const std::vector<size_t> widths =
      FitColumns(cells, layout.width - (has_bars ? kMinBarColumns + kColumnGap : 0));
  std::vector<std::string> heads;
  heads.reserve(columns_.size());
  for (const TableColumn& column : columns_) heads.push_back(TableHead(column));
  for (auto& row : cells) {
    for (size_t i = 0; i < row.size(); ++i) row[i] = CutToColumns(row[i], widths[i]);
  }
  const size_t used = std::accumulate(widths.begin(), widths.end(), kColumnGap * widths.size());
  if (has_bars && used + kColumnGap + kMinBarColumns <= layout.width) {
    const size_t room = std::min(kMaxBarColumns, layout.width - used - kColumnGap);
    const std::vector<std::string> bars = TableBars(rows_, *layout.bar_of, room);
    const auto place = static_cast<std::ptrdiff_t>(*layout.bar_of) + 1;
    heads.insert(heads.begin() + place, "");
    for (size_t i = 0; i < cells.size(); ++i) cells[i].insert(cells[i].begin() + place, bars[i]);
  }
  Table table(std::move(heads));
  for (auto& row : cells) table.AddRow(std::move(row));
  return table.Text();
}

std::string TableWriter::AsCsv(bool on_terminal) const {
  const auto field = [on_terminal](const std::string& text) {
    return CsvField(on_terminal ? TerminalText(text) : text);
  };
  std::string text;
  for (size_t i = 0; i < columns_.size(); ++i) {
    text += (i == 0 ? "" : ",") + CsvField(columns_[i].name);
  }
  text += "\r\n";
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) text += (i == 0 ? "" : ",") + field(PlainCell(row[i]));
    text += "\r\n";
  }
  return text;
}

std::string TableWriter::AsJsonLines() const {
  std::string text;
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      text += fmt::format("{}{}:{}", i == 0 ? "{" : ",", JsonString(columns_[i].name),
                          JsonCell(row[i]));
    }
    text += "}\n";
  }
  return text;
}

}  // namespace flamekeep::cli
