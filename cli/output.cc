#include "cli/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/status.h"
#include "cli/exit_code.h"
#include "cli/signals.h"

namespace flamekeep::cli {
namespace {

constexpr size_t kBufferBytes = 64 << 10;
constexpr mode_t kDefaultMode = 0666;  // cut by the umask

absl::Status CanNotWrite(const std::string& name, int error) {
  return Error(absl::StatusCode::kUnavailable, "can not write {}: {}", name,
               std::generic_category().message(error));
}

// The mode that the finished file gets: that of the file it replaces, else the default.
mode_t FinalMode(const std::string& target) {
  struct stat info;
  if (stat(target.c_str(), &info) == 0) return info.st_mode & ALLPERMS;
  const mode_t mask = umask(0);
  umask(mask);
  return kDefaultMode & ~mask;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Output>> Output::Create(const std::string& path) {
  if (path == "-") {
    return std::unique_ptr<Output>(new Output("standard output", "", "", STDOUT_FILENO));
  }
  struct stat info;
  const bool exists = stat(path.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode)) {
    return InvalidArgument("can not write {}: it is a directory: name a file", path);
  }
  if (exists && !S_ISREG(info.st_mode)) {
    const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return CanNotWrite(path, errno);
    return std::unique_ptr<Output>(new Output(path, "", "", fd));
  }
  std::string target = path;
  if (exists) {
    std::error_code error;
    target = std::filesystem::canonical(path, error).string();
    if (error) return CanNotWrite(path, error.value());
  }
  std::string temporary = target + ".XXXXXX";
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return CanNotWrite(path, errno);
  SetUnfinishedFile(temporary);
  fchmod(fd, FinalMode(target));
  return std::unique_ptr<Output>(new Output(path, std::move(target), std::move(temporary), fd));
}

Output::~Output() {
  if (fd_ >= 0 && fd_ != STDOUT_FILENO) close(fd_);
  if (temporary_.empty()) return;
  unlink(temporary_.c_str());
  SetUnfinishedFile("");
}

absl::Status Output::Write(std::string_view data) {
  buffer_ += data;
  return buffer_.size() < kBufferBytes ? absl::OkStatus() : Flush();
}

absl::Status Output::Flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t n = write(fd_, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EPIPE ? PipeClosed() : CanNotWrite(name_, errno);
    rest.remove_prefix(static_cast<size_t>(n));
  }
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status Output::Commit() {
  FLAMEKEEP_RETURN_IF_ERROR(Flush());
  if (fd_ == STDOUT_FILENO) return absl::OkStatus();
  // A network file system tells of a failed write only here.
  if (close(std::exchange(fd_, -1)) != 0) return CanNotWrite(name_, errno);
  if (temporary_.empty()) return absl::OkStatus();
  if (rename(temporary_.c_str(), target_.c_str()) != 0) return CanNotWrite(name_, errno);
  temporary_.clear();
  SetUnfinishedFile("");
  return absl::OkStatus();
}

}  // namespace flamekeep::cli
