#include "storage/store_directory.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

#include "base/status.h"
#include "storage/format.h"
#include "storage/system_error.h"

namespace flamekeep::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormatPrefix = "flamekeep store ";

std::string FormatLine() { return fmt::format("{}{}\n", kFormatPrefix, kStoreFormat); }

absl::Status WriteFormat(const std::string& directory) {
  const std::string path = directory + "/FORMAT";
  const std::string temporary = path + ".new";
  std::ofstream out(temporary);
  out << FormatLine();
  out.close();
  if (!out) return SystemError("write", temporary);
  FLAMEKEEP_RETURN_IF_ERROR(SyncPath(temporary));
  if (rename(temporary.c_str(), path.c_str()) != 0) return SystemError("rename", temporary);
  return SyncPath(directory);
}

// Makes it where it is missing.
absl::Status MakeDirectory(const std::string& directory) {
  std::error_code error;
  if (!fs::exists(directory, error) && !fs::create_directories(directory, error)) {
    return Error(absl::StatusCode::kFailedPrecondition,
                 "the directory {} can not be made ({}): name one that can be written", directory,
                 error.message());
  }
  if (!fs::is_directory(directory, error)) {
    return Error(absl::StatusCode::kFailedPrecondition, "{} is not a directory: name another",
                 directory);
  }
  return absl::OkStatus();
}

absl::Status CheckEmpty(const std::string& directory) {
  std::error_code error;
  fs::directory_iterator entries(directory, error);
  if (error) {
    return Error(absl::StatusCode::kFailedPrecondition, "the directory {} can not be read: {}",
                 directory, error.message());
  }
  for (const fs::directory_entry& entry : entries) {
    // What an interrupted creation leaves behind.
    if (entry.path().filename() == "FORMAT.new") continue;
    return Error(absl::StatusCode::kFailedPrecondition,
                 "{} holds other files (\"{}\"): name an empty directory", directory,
                 entry.path().filename().string());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status SyncPath(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return SystemError("open", path);
  const int result = fsync(fd);
  close(fd);
  return result == 0 ? absl::OkStatus() : SystemError("sync", path);
}

absl::Status RequireEmptyDirectory(const std::string& directory) {
  FLAMEKEEP_RETURN_IF_ERROR(MakeDirectory(directory));
  return CheckEmpty(directory);
}

absl::Status CompleteStoreDirectory(const std::string& directory) { return WriteFormat(directory); }

absl::Status PrepareStoreDirectory(const std::string& directory, bool create) {
  std::error_code error;
  const bool exists = fs::exists(directory, error);
  if (!exists && !create) {
    return NotFound(
        "there is no store in {}: name its directory, or make one with `flamekeep serve`",
        directory);
  }
  FLAMEKEEP_RETURN_IF_ERROR(MakeDirectory(directory));
  std::ifstream in(directory + "/FORMAT");
  if (in) {
    const std::string line((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    if (line == FormatLine()) return absl::OkStatus();
    if (line.starts_with(kFormatPrefix)) {
      return Error(absl::StatusCode::kFailedPrecondition,
                   "the store in {} has format \"{:.20}\", this version knows format {}: use the "
                   "Flamekeep that wrote it or a later one",
                   directory,
                   line.substr(kFormatPrefix.size(), line.find('\n') - kFormatPrefix.size()),
                   kStoreFormat);
    }
    return DataLoss("the file {}/FORMAT is damaged: it must hold \"{}{}\"", directory,
                    kFormatPrefix, kStoreFormat);
  }
  FLAMEKEEP_RETURN_IF_ERROR(CheckEmpty(directory));
  if (!create) {
    return NotFound("there is no store in {}: it is empty", directory);
  }
  return WriteFormat(directory);
}

uint64_t DirectoryBytes(const std::string& directory) {
  uint64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code gone;  // files come and go while a store works
    if (!it->is_regular_file(gone)) continue;
    const uintmax_t size = it->file_size(gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

}  // namespace flamekeep::storage
