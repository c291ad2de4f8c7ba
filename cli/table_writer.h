// Rows of an answer as a table for people, as CSV or as JSON lines.
//
//   TableWriter writer({{"function"}, {"self", CellStyle::kNumber},
//                       {"self_share", CellStyle::kShare}});
//   writer.AddRow({"parse", uint64_t{17}, 0.25});
//   WriteAnswer(writer.Text(TableFormat::kCsv));
//
// CSV is that of RFC 4180: a line of names first, lines end with CR LF. A JSON line is an object;
// 64-bit numbers stand as numbers, as they are, a share as a number from 0 to 1. What is missing,
// and a number that is none, is empty in CSV and null in JSON. A table has shares in percent.
//
// Thread safety: none.
#ifndef FLAMEKEEP_CLI_TABLE_WRITER_H_
#define FLAMEKEEP_CLI_TABLE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace flamekeep::cli {

enum class TableFormat { kTable, kCsv, kJsonLines };

// "table", "csv", "jsonl": for the choices of an option.
std::vector<std::string> TableFormatNames();
// REQUIRES: one of these, or empty for the table.
TableFormat TableFormatNamed(std::string_view name);

enum class CellStyle { kText, kNumber, kShare };

struct TableColumn {
  std::string name;  // of the column in CSV, and the key in JSON: "self_share"
  CellStyle style = CellStyle::kText;
  std::string head = {};  // of the table; empty: the name with blanks for "_"
};

// std::monostate: missing.
using TableCell = std::variant<std::monostate, std::string, uint64_t, int64_t, double, bool>;

struct TableLayout {
  size_t width = 0;  // columns of the terminal: texts are cut to fit it; 0: they are not
  std::optional<size_t> bar_of =
      std::nullopt;  // bars behind this column show it, where there is room
};

class TableWriter {
 public:
  explicit TableWriter(std::vector<TableColumn> columns) : columns_(std::move(columns)) {}

  // REQUIRES: a cell for each column.
  void AddRow(std::vector<TableCell> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }

  // In a table text from elsewhere is made harmless for a terminal; in CSV only where `layout` has
  // a width.
  std::string Text(TableFormat format, const TableLayout& layout = {}) const;

 private:
  std::string AsTable(const TableLayout& layout) const;
  std::string AsCsv(bool on_terminal) const;
  std::string AsJsonLines() const;
  std::vector<std::vector<std::string>> TableCells() const;
  // What each column may take, so that a line has at most `width` columns where that is possible.
  std::vector<size_t> FitColumns(const std::vector<std::vector<std::string>>& cells,
                                 size_t width) const;

  std::vector<TableColumn> columns_;
  std::vector<std::vector<TableCell>> rows_;
};

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_TABLE_WRITER_H_
