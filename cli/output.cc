#include "cli/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/status.h"
#include "cli/exit_code.h"
#include "cli/signals.h"

namespace flamekeep::cli {
namespace {

namespace fs = std::filesystem;

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

absl::Status WriteAll(int fd, std::string_view data, const std::string& name) {
  while (!data.empty()) {
    const ssize_t n = write(fd, data.data(), data.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EPIPE ? PipeClosed() : CanNotWrite(name, errno);
    data.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Output>> Output::Create(const std::string& path) {
  if (path == "-") return std::unique_ptr<Output>(new Output("standard output", STDOUT_FILENO));
  struct stat info;
  const bool exists = stat(path.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode)) {
    return InvalidArgument("can not write {}: it is a directory: name a file", path);
  }
  if (exists && !S_ISREG(info.st_mode)) {
    const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return CanNotWrite(path, errno);
    return std::unique_ptr<Output>(new Output(path, fd));
  }
  std::string target = path;
  if (exists) {
    std::error_code error;
    target = fs::canonical(path, error).string();
    if (error) return CanNotWrite(path, error.value());
  }
  std::string temporary = target + ".XXXXXX";
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return CanNotWrite(path, errno);
  SetUnfinishedFile(temporary);
  fchmod(fd, FinalMode(target));
  std::unique_ptr<Output> output(new Output(path, fd));
  output->temporary_ = std::move(temporary);
  output->target_ = std::move(target);
  return output;
}

Output::~Output() {
  if (fd_ >= 0 && fd_ != STDOUT_FILENO) close(fd_);
  if (spool_ >= 0) close(spool_);
  if (temporary_.empty()) return;
  unlink(temporary_.c_str());
  SetUnfinishedFile("");
}

absl::Status Output::Write(std::string_view data) {
  buffer_ += data;
  return buffer_.size() < kBufferBytes ? absl::OkStatus() : Flush();
}

// To the file, or to the spool.
absl::Status Output::Flush() {
  if (temporary_.empty() && spool_ < 0) {
    const fs::path directory = fs::temp_directory_path();
    std::string name = directory / "flamekeep-XXXXXX";
    spool_ = mkostemp(name.data(), O_CLOEXEC);
    if (spool_ < 0) return CanNotWrite("a temporary file in " + directory.string(), errno);
    unlink(name.c_str());
  }
  FLAMEKEEP_RETURN_IF_ERROR(temporary_.empty() ? WriteAll(spool_, buffer_, "a temporary file")
                                               : WriteAll(fd_, buffer_, name_));
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status Output::CopySpool() {
  std::string data(kBufferBytes, '\0');
  off_t at = 0;
  while (spool_ >= 0) {
    const ssize_t n = pread(spool_, data.data(), data.size(), at);
    if (n < 0) return CanNotWrite("a temporary file", errno);
    if (n == 0) break;
    FLAMEKEEP_RETURN_IF_ERROR(WriteAll(fd_, std::string_view(data.data(), n), name_));
    at += n;
  }
  return WriteAll(fd_, buffer_, name_);
}

absl::Status Output::Commit() {
  FLAMEKEEP_RETURN_IF_ERROR(temporary_.empty() ? CopySpool() : Flush());
  if (fd_ == STDOUT_FILENO) return absl::OkStatus();
  // A network file system tells of a failed write only here.
  if (close(std::exchange(fd_, -1)) != 0) return CanNotWrite(name_, errno);
  if (temporary_.empty()) return absl::OkStatus();
  if (rename(temporary_.c_str(), target_.c_str()) != 0) return CanNotWrite(name_, errno);
  temporary_.clear();
  SetUnfinishedFile("");
  return absl::OkStatus();
}

absl::Status WriteAnswer(std::string_view text) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::unique_ptr<Output> output, Output::Create("-"));
  FLAMEKEEP_RETURN_IF_ERROR(output->Write(text));
  return output->Commit();
}

}  // namespace flamekeep::cli
