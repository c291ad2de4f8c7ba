#include "cli/export_manifest.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/status.h"
#include "cli/coverage_notes.h"
#include "cli/json.h"
#include "cli/part_file.h"

namespace flamekeep::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kManifestName = "_flamekeep.tsv";
constexpr std::string_view kManifestHead = "flamekeep export 2\t";
constexpr mode_t kManifestMode = 0644;

absl::Status CanNotKeepManifest(const std::string& path, int error) {
  return Error(absl::StatusCode::kUnavailable, "can not write {}: {}", path,
               std::generic_category().message(error));
}

std::string LineOf(const ExportedPartition& partition) {
  return fmt::format("part\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", partition.site, partition.begin,
                     partition.end, partition.version, partition.file, partition.bytes,
                     partition.rows, partition.total);
}

// False for a line that is none.
bool ParsePartition(const std::vector<std::string>& fields, ExportedPartition* out) {
  constexpr size_t kFields = 9;
  if (fields.size() != kFields) return false;
  out->site = fields[1];
  out->version = fields[4];
  out->file = fields[5];
  return absl::SimpleAtoi(fields[2], &out->begin) && absl::SimpleAtoi(fields[3], &out->end) &&
         absl::SimpleAtoi(fields[6], &out->bytes) && absl::SimpleAtoi(fields[7], &out->rows) &&
         absl::SimpleAtoi(fields[8], &out->total);
}

// The first second that is not before the time.
int64_t SecondsUp(const google::protobuf::Timestamp& time) {
  return time.seconds() + (time.nanos() > 0 ? 1 : 0);
}

std::string LinesOf(const v1::Coverage& coverage) {
  std::string lines = fmt::format(
      "range\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", coverage.covered().begin().seconds(),
      coverage.covered().end().seconds(), coverage.requested().begin().seconds(),
      SecondsUp(coverage.requested().end()),
      coverage.has_complete_through() ? std::to_string(coverage.complete_through().seconds()) : "-",
      coverage.final() ? "yes" : "no", coverage.version());
  for (const v1::Gap& gap : coverage.gaps()) {
    lines += fmt::format("gap\t{}\t{}\t{}\t{}\t{}\t{}\n", gap.site(), JsonString(gap.source()),
                         JsonString(gap.node()), gap.range().begin().seconds(),
                         SecondsUp(gap.range().end()), GapReasonText(gap.reason()));
  }
  return lines;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ExportManifest>> ExportManifest::Open(const std::string& directory,
                                                                     std::string_view question) {
  std::error_code error;
  fs::create_directories(directory, error);
  const int lock = error ? -1 : open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0) return CanNotKeepManifest(directory, error ? error.value() : errno);
  std::string head = fmt::format("{}{}\n", kManifestHead, question);
  std::unique_ptr<ExportManifest> manifest(new ExportManifest(directory, std::move(head), lock));
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    return Error(absl::StatusCode::kFailedPrecondition,
                 "another export writes to {}: wait for it, or name another directory", directory);
  }
  FLAMEKEEP_RETURN_IF_ERROR(manifest->Load());
  return manifest;
}

ExportManifest::~ExportManifest() { close(lock_); }

std::string ExportManifest::path() const { return fs::path(directory_) / kManifestName; }

absl::Status ExportManifest::Load() {
  std::ostringstream content;
  content << std::ifstream(path(), std::ios::binary).rdbuf();
  const std::string text = content.str();
  // A first line that was torn is no manifest yet.
  const size_t head_end = text.find('\n');
  if (head_end == text.npos) return Finish();
  if (!text.starts_with(head_)) {
    // Without anything below it says nothing about what is there.
    if (head_end + 1 == text.size()) return Finish();
    if (!text.starts_with(kManifestHead)) {
      return Error(
          absl::StatusCode::kFailedPrecondition,
          "{} was not written by this version of flamekeep: name another directory for the "
          "export, or remove this one",
          path());
    }
    return Error(absl::StatusCode::kFailedPrecondition,
                 "{} holds an export of another selection, filter, level or form: name another "
                 "directory, or remove it",
                 directory_);
  }
  for (size_t at = head_.size(), end = 0; (end = text.find('\n', at)) != text.npos; at = end + 1) {
    LoadLine(std::string_view(text).substr(at, end - at));
  }
  // Without a torn line at its end.
  return Finish();
}

void ExportManifest::LoadLine(std::string_view line) {
  const std::vector<std::string> fields = absl::StrSplit(std::string(line), '\t');
  if (ExportedPartition partition; fields[0] == "part" && ParsePartition(fields, &partition)) {
    LoadPartition(std::move(partition));
  }
  if (fields[0] == "range") {
    std::pair<int64_t, int64_t> covered;
    loaded_range_.reset();
    if (fields.size() > 2 && absl::SimpleAtoi(fields[1], &covered.first) &&
        absl::SimpleAtoi(fields[2], &covered.second)) {
      loaded_range_ = covered;
      ranges_[covered].clear();
    }
  }
  if ((fields[0] == "range" || fields[0] == "gap") && loaded_range_.has_value()) {
    ranges_[*loaded_range_] += fmt::format("{}\n", line);
  }
}

void ExportManifest::LoadPartition(ExportedPartition partition) {
  std::error_code error;
  const uint64_t size = fs::file_size(fs::path(directory_) / partition.file, error);
  const Key key(partition.site, partition.begin);
  std::erase_if(partitions_, [&](const auto& other) {
    return other.first == key || other.second.file == partition.file;
  });
  if (!error && size == partition.bytes) partitions_[key] = std::move(partition);
}

absl::Status ExportManifest::Append(std::string_view text) {
  const int fd = open(path().c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kManifestMode);
  if (fd < 0) return CanNotKeepManifest(path(), errno);
  const ssize_t written = write(fd, text.data(), text.size());
  const bool kept = written == static_cast<ssize_t>(text.size()) && fsync(fd) == 0;
  const int error = written < 0 || !kept ? errno : 0;
  close(fd);
  return kept ? absl::OkStatus() : CanNotKeepManifest(path(), error);
}

absl::Status ExportManifest::RemoveFile(const std::string& file) const {
  std::error_code error;
  fs::remove(fs::path(directory_) / file, error);
  if (error) return CanNotKeepManifest(fs::path(directory_) / file, error.value());
  return absl::OkStatus();
}

absl::Status ExportManifest::Add(const ExportedPartition& partition) {
  const Key key(partition.site, partition.begin);
  const auto before = partitions_.find(key);
  if (before != partitions_.end() && before->second.file != partition.file) {
    FLAMEKEEP_RETURN_IF_ERROR(RemoveFile(before->second.file));
  }
  std::erase_if(partitions_,
                [&](const auto& other) { return other.second.file == partition.file; });
  partitions_[key] = partition;
  return Append(LineOf(partition));
}

absl::Status ExportManifest::Remove(const Key& key) {
  const auto found = partitions_.find(key);
  const fs::path file = fs::path(directory_) / found->second.file;
  FLAMEKEEP_RETURN_IF_ERROR(RemoveFile(found->second.file));
  partitions_.erase(found);
  // Its day, and its site, where nothing else is in them.
  std::error_code error;
  for (fs::path folder = file.parent_path(); folder != fs::path(directory_);
       folder = folder.parent_path()) {
    if (!fs::remove(folder, error)) break;
  }
  return absl::OkStatus();
}

void ExportManifest::SetCoverage(const v1::Coverage& coverage) {
  const std::pair covered(coverage.covered().begin().seconds(), coverage.covered().end().seconds());
  std::erase_if(ranges_, [&](const auto& other) {
    return covered.first <= other.first.first && other.first.second <= covered.second;
  });
  ranges_[covered] = LinesOf(coverage);
}

absl::Status ExportManifest::Finish() {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::unique_ptr<PartFile> file,
                             PartFile::Create(path(), Compression::kNone));
  FLAMEKEEP_RETURN_IF_ERROR(file->Write(head_));
  for (const auto& [covered, lines] : ranges_) FLAMEKEEP_RETURN_IF_ERROR(file->Write(lines));
  for (const auto& [key, partition] : partitions_) {
    FLAMEKEEP_RETURN_IF_ERROR(file->Write(LineOf(partition)));
  }
  return file->Commit().status();
}

}  // namespace flamekeep::cli
