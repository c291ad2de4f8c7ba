// Where a command writes its answer: standard output, or a file that appears whole or not at all.
//
// A file is written beside its name and takes the name at Commit(); without Commit() the old file
// stays. What is not a regular file (/dev/null, a pipe) is written directly, and a link is
// followed.
//
// Thread safety: none. Errors: PipeClosed() where the reader has gone; else one sentence that
// names the file.
#ifndef FLAMEKEEP_CLI_OUTPUT_H_
#define FLAMEKEEP_CLI_OUTPUT_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace flamekeep::cli {

class Output {
 public:
  // "-" is standard output.
  static absl::StatusOr<std::unique_ptr<Output>> Create(const std::string& path);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  absl::Status Write(std::string_view data);
  absl::Status Commit();

 private:
  Output(std::string name, int fd) : name_(std::move(name)), fd_(fd) {}
  absl::Status Flush();
  absl::Status CopySpool();

  const std::string name_;  // for messages
  int fd_;                  // what is committed to; -1 once closed
  // A file: what it is called until it is committed, and then.
  std::string temporary_;
  std::string target_;
  // Else: where the answer waits; -1: in the buffer.
  int spool_ = -1;
  std::string buffer_;
};

// Writes a whole answer to standard output.
absl::Status WriteAnswer(std::string_view text);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_OUTPUT_H_
