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
  Output(std::string name, std::string target, std::string temporary, int fd)
      : name_(std::move(name)),
        target_(std::move(target)),
        temporary_(std::move(temporary)),
        fd_(fd) {}
  absl::Status Flush();

  const std::string name_;    // for messages
  const std::string target_;  // empty: written directly
  std::string temporary_;     // empty: written directly, or committed
  int fd_;                    // -1 once closed
  std::string buffer_;
};

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_OUTPUT_H_
