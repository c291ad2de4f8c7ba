// Columns of text, aligned: numbers to the right, the rest to the left.
//
// Thread safety: none.
#ifndef FLAMEKEEP_CLI_TABLE_H_
#define FLAMEKEEP_CLI_TABLE_H_

#include <string>
#include <vector>

namespace flamekeep::cli {

class Table {
 public:
  // A column whose head starts with '>' is aligned to the right (the sign is not shown).
  explicit Table(std::vector<std::string> head);

  // Missing cells are empty.
  void AddRow(std::vector<std::string> cells);
  bool empty() const { return rows_.size() == 1; }

  // Each line is indented by two blanks and has none at its end.
  std::string Text() const;

 private:
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;  // the head is the first
};

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_TABLE_H_
