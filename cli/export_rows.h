// Writes the columns of an export as JSON lines: a row for each series, bucket and stack.
//
//   {"begin":"2026-11-20T13:00:00Z","end":"2026-11-20T14:00:00Z","level":"hour","site":"eqiad",
//    "profile_type":"excimer-wall:samples:count::","labels":{"entry_point":"index"},
//    "stack":["main","a"],"value":3}                                              (on one line)
//
// Where the file of a function is known, "files" stands behind the stack, an entry a frame. As
// text, the stack is "main;a" as in folded text, and its files are left out.
//
// Thread safety: none. Errors: DATA_LOSS for columns that no server would send.
#ifndef FLAMEKEEP_CLI_EXPORT_ROWS_H_
#define FLAMEKEEP_CLI_EXPORT_ROWS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "flamekeep/v1/export.pb.h"

namespace flamekeep::cli {

enum class StackForm { kArray, kText };

class ExportRows {
 public:
  ExportRows(StackForm form, std::string profile_type)
      : form_(form), profile_type_(std::move(profile_type)) {}

  // A partition of this site begins.
  void Begin(std::string_view site);

  // Calls `write` with each row, line feed included.
  absl::Status Write(const v1::ExportResponse::Column& column,
                     absl::FunctionRef<absl::Status(std::string_view)> write);

  // Of the partition.
  uint64_t rows() const { return rows_; }
  uint64_t total() const { return total_; }  // saturates

 private:
  // A path as JSON, of which each depth knows where it ends.
  struct Path {
    std::string text;
    std::vector<size_t> ends = {0};  // by depth; 0 of the root

    void Push(uint32_t depth, std::string_view separator, std::string_view entry);
  };

  void StartColumn(const v1::ExportResponse::Column& column);
  std::string Entry(std::string_view name) const;
  void AppendRow(uint64_t value);

  const StackForm form_;
  const std::string profile_type_;
  std::string site_;
  std::string head_;                // of the rows of the column, up to the stack
  std::vector<std::string> names_;  // as they stand in a row
  std::vector<std::string> files_;
  Path stack_;
  Path stack_files_;
  std::vector<uint32_t> known_files_;  // by depth: in the path up to it
  std::string row_;
  uint64_t rows_ = 0;
  uint64_t total_ = 0;
};

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_EXPORT_ROWS_H_
