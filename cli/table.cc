#include "cli/table.h"

#include <algorithm>
#include <utility>

#include "cli/terminal_text.h"

namespace flamekeep::cli {

Table::Table(std::vector<std::string> head) {
  for (std::string& cell : head) {
    right_.push_back(cell.starts_with('>'));
    if (right_.back()) cell.erase(0, 1);
  }
  rows_.push_back(std::move(head));
}

void Table::AddRow(std::vector<std::string> cells) {
  cells.resize(right_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::Text() const {
  std::vector<size_t> widths(right_.size());
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], DisplayColumns(row[i]));
  }
  std::string text;
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string blanks(widths[i] - DisplayColumns(row[i]), ' ');
      text += "  ";
      text += right_[i] ? blanks + row[i] : row[i] + blanks;
    }
    text.resize(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  return text;
}

}  // namespace flamekeep::cli
