// The bytes of a file, a pipe or standard input as they lie there, with a way back to the start.
//
// A regular file is rewound by seeking. A pipe remembers what was read, up to kMaxRemembered bytes,
// until ForgetStart() says that nobody will go back.
//
// Thread safety: none. Errors are one sentence that names the file; CANCELLED where a signal asked
// to stop (cli/signals.h) while a pipe gave nothing.
#ifndef FLAMEKEEP_CLI_RAW_INPUT_H_
#define FLAMEKEEP_CLI_RAW_INPUT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace flamekeep::cli {

class RawInput {
 public:
  static constexpr size_t kMaxRemembered = size_t{64} << 20;

  // "-" is standard input. Errors: NOT_FOUND; INVALID_ARGUMENT for a directory.
  static absl::StatusOr<std::unique_ptr<RawInput>> Open(const std::string& path);
  ~RawInput();
  RawInput(const RawInput&) = delete;
  RawInput& operator=(const RawInput&) = delete;

  const std::string& name() const { return name_; }
  // A regular file may be longer the next time.
  bool is_regular() const { return is_regular_; }
  uint64_t size() const { return size_; }          // when opened; 0 for a pipe
  int64_t mtime_nanos() const { return mtime_; }   // when opened
  uint64_t position() const { return position_; }  // of the next byte

  // Up to `size` bytes; 0 only at the end.
  absl::StatusOr<size_t> Read(char* out, size_t size);
  // Up to `size` of the next bytes, which stay to be read; fewer only at the end, or where
  // `enough` says so of what has come. REQUIRES: the position is 0.
  absl::StatusOr<std::string> PeekStart(size_t size,
                                        absl::FunctionRef<bool(std::string_view)> enough);
  // Waits until Read() would not, at most so long (and never over a second); false where a signal
  // or the time came first.
  absl::StatusOr<bool> WaitReadable(absl::Duration timeout) const;

  // Errors: RESOURCE_EXHAUSTED where a pipe has given more than it remembers.
  absl::Status Rewind();
  void ForgetStart();

 private:
  RawInput(std::string name, int fd) : name_(std::move(name)), fd_(fd) {}
  absl::StatusOr<size_t> ReadFd(char* out, size_t size);

  const std::string name_;
  const int fd_;
  bool is_regular_ = false;
  uint64_t size_ = 0;
  int64_t mtime_ = 0;
  uint64_t position_ = 0;

  // Pipes only.
  std::string remembered_;
  bool remembers_ = true;
};

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_RAW_INPUT_H_
