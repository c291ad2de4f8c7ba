#include "cli/raw_input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/status.h"
#include "cli/signals.h"

namespace flamekeep::cli {
namespace {

absl::Status CanNotRead(const std::string& name, int error) {
  const absl::StatusCode code = error == ENOENT   ? absl::StatusCode::kNotFound
                                : error == EACCES ? absl::StatusCode::kPermissionDenied
                                                  : absl::StatusCode::kUnknown;
  return Error(code, "can not read {}: {}", name, std::generic_category().message(error));
}

absl::Status Stopped() { return absl::CancelledError("interrupted"); }

}  // namespace

absl::StatusOr<std::unique_ptr<RawInput>> RawInput::Open(const std::string& path) {
  const bool is_stdin = path == "-";
  int fd = STDIN_FILENO;
  while (!is_stdin && (fd = open(path.c_str(), O_RDONLY | O_CLOEXEC)) < 0) {
    if (errno != EINTR) return CanNotRead(path, errno);
    if (StopRequested()) return Stopped();  // a named pipe that nobody has opened to write
  }
  std::unique_ptr<RawInput> input(new RawInput(is_stdin ? "standard input" : path, fd));
  struct stat info;
  if (fstat(fd, &info) != 0) return CanNotRead(input->name_, errno);
  if (S_ISDIR(info.st_mode)) {
    return InvalidArgument("{} is a directory: name files, or use --arclamp for Arc Lamp's logs",
                           path);
  }
  // Standard input that was redirected in its middle can not be rewound to its start by seeking.
  input->is_regular_ = S_ISREG(info.st_mode) && (!is_stdin || lseek(fd, 0, SEEK_CUR) == 0);
  if (input->is_regular_) {
    constexpr int64_t kNanos = 1'000'000'000;
    input->size_ = static_cast<uint64_t>(info.st_size);
    input->mtime_ = info.st_mtim.tv_sec * kNanos + info.st_mtim.tv_nsec;
    posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  return input;
}

RawInput::~RawInput() {
  if (fd_ != STDIN_FILENO) close(fd_);
}

absl::StatusOr<size_t> RawInput::ReadFd(char* out, size_t size) {
  while (true) {
    const ssize_t n = read(fd_, out, size);
    if (n >= 0) return static_cast<size_t>(n);
    if (errno != EINTR) return CanNotRead(name_, errno);
    if (StopRequested()) return Stopped();
  }
}

absl::StatusOr<size_t> RawInput::Read(char* out, size_t size) {
  if (!is_regular_ && position_ < remembered_.size()) {
    const size_t n = std::min<uint64_t>(size, remembered_.size() - position_);
    std::memcpy(out, remembered_.data() + position_, n);
    position_ += n;
    return n;
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const size_t n, ReadFd(out, size));
  if (!is_regular_ && remembers_) {
    if (remembered_.size() + n > kMaxRemembered) {
      ForgetStart();
    } else {
      remembered_.append(out, n);
    }
  }
  position_ += n;
  return n;
}

absl::StatusOr<bool> RawInput::WaitReadable(absl::Duration timeout) const {
  constexpr absl::Duration kLongest = absl::Seconds(1);
  if (is_regular_ || position_ < remembered_.size()) return true;
  timeout = std::clamp(timeout, absl::ZeroDuration(), kLongest);
  pollfd wanted{.fd = fd_, .events = POLLIN, .revents = 0};
  const int ready =
      poll(&wanted, 1,
           static_cast<int>(absl::ToInt64Milliseconds(absl::Ceil(timeout, absl::Milliseconds(1)))));
  if (ready < 0 && errno != EINTR) return CanNotRead(name_, errno);
  return ready > 0;
}

absl::StatusOr<std::string> RawInput::PeekStart(size_t size,
                                                absl::FunctionRef<bool(std::string_view)> enough) {
  std::string start(size, '\0');
  size_t filled = 0;
  while (filled < size) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const size_t n, Read(start.data() + filled, size - filled));
    if (n == 0) break;
    filled += n;
    if (enough({start.data(), filled})) break;
  }
  start.resize(filled);
  FLAMEKEEP_RETURN_IF_ERROR(Rewind());
  return start;
}

absl::Status RawInput::Rewind() {
  if (is_regular_) {
    if (lseek(fd_, 0, SEEK_SET) < 0) return CanNotRead(name_, errno);
  } else if (!remembers_) {
    return Error(absl::StatusCode::kResourceExhausted,
                 "{} begins like something that was imported before and is not a file, so it can "
                 "not be read twice: write it to a file and import that",
                 name_);
  }
  position_ = 0;
  return absl::OkStatus();
}

void RawInput::ForgetStart() {
  remembers_ = false;
  // What is remembered may still have to be read.
  if (position_ >= remembered_.size()) std::string().swap(remembered_);
}

}  // namespace flamekeep::cli
