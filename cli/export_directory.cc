#include "cli/export_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/status.h"
#include "base/time_parse.h"
#include "cli/selection.h"
#include "storage/column.h"

namespace flamekeep::cli {
namespace {

constexpr int64_t kSecondsPerMinute = 60;
constexpr int64_t kSecondsPerDay = 24 * 60 * kSecondsPerMinute;
// What a server takes.
constexpr int kMostKnown = 100'000;
// A bucket that begins before the range and reaches into it is a year at most.
constexpr int64_t kLongestBucket = int64_t{366} * 24 * 60 * 60;

// What the files of a directory have in common, whatever the range.
std::string QuestionOf(const v1::ExportRequest& request, StackForm form) {
  v1::Selection selection = request.selection();
  selection.clear_range();
  return fmt::format("{} level: {} stacks: {}", selection.ShortDebugString(),
                     v1::Level_Name(request.level()), form == StackForm::kArray ? "array" : "text");
}

ExportManifest::Key KeyOf(const v1::ExportResponse::Begin& begin) {
  return {begin.site(), begin.range().begin().seconds()};
}

}  // namespace

absl::StatusOr<std::unique_ptr<ExportDirectory>> ExportDirectory::Open(const Options& options,
                                                                       v1::ExportRequest* request,
                                                                       Progress* progress) {
  std::unique_ptr<ExportDirectory> opened(new ExportDirectory(options, progress));
  FLAMEKEEP_ASSIGN_OR_RETURN(
      opened->manifest_,
      ExportManifest::Open(options.directory, QuestionOf(*request, options.form)));
  const int64_t begin = request->selection().range().begin().seconds();
  const int64_t end = request->selection().range().end().seconds();
  const std::string ending = fmt::format(".jsonl{}", EndingOf(options.compression));
  for (const auto& [key, partition] : opened->manifest_->partitions()) {
    if (partition.begin < begin - kLongestBucket || partition.begin > end + kLongestBucket ||
        !partition.file.ends_with(ending) || request->known_size() == kMostKnown) {
      continue;
    }
    v1::ExportRequest::Partition* known = request->add_known();
    known->set_site(partition.site);
    known->mutable_begin()->set_seconds(partition.begin);
    known->set_version(partition.version);
  }
  return opened;
}

absl::Status ExportDirectory::Add(const v1::ExportResponse& response) {
  switch (response.part_case()) {
    case v1::ExportResponse::kHeader:
      SetHeader(response.header());
      return absl::OkStatus();
    case v1::ExportResponse::kBegin:
      return BeginPartition(response.begin());
    case v1::ExportResponse::kColumn:
      if (file_ == nullptr) break;
      return rows_->Write(response.column(),
                          [this](std::string_view row) { return file_->Write(row); });
    case v1::ExportResponse::kEnd:
      cursor_ = response.end().cursor();
      return EndPartition();
    case v1::ExportResponse::PART_NOT_SET:
      return absl::OkStatus();  // of a newer server
  }
  return DataLoss("the server's answer is damaged: a column is in no partition");
}

// Named by the day in which it begins.
std::string ExportDirectory::FileOf(const v1::ExportResponse::Begin& begin) const {
  return fmt::format(
      "site={}/day={}/part-0.jsonl{}", begin.site(),
      absl::FormatTime("%Y-%m-%d", absl::FromUnixSeconds(begin.range().begin().seconds()),
                       absl::UTCTimeZone()),
      EndingOf(options_.compression));
}

absl::Status ExportDirectory::BeginPartition(const v1::ExportResponse::Begin& begin) {
  // It becomes a part of a path.
  if (!rows_.has_value() || begin.site().find('/') != std::string::npos || begin.site().empty()) {
    return DataLoss("the server's answer is damaged: site \"{}\" can not be", begin.site());
  }
  begin_ = begin;
  seen_.insert(KeyOf(begin));
  ShowProgress();
  if (begin.known()) return absl::OkStatus();
  FLAMEKEEP_RETURN_IF_ERROR(CheckDay(begin));
  rows_->Begin(begin.site());
  FLAMEKEEP_ASSIGN_OR_RETURN(
      file_, PartFile::Create(std::filesystem::path(options_.directory) / FileOf(begin),
                              options_.compression));
  return absl::OkStatus();
}

// What the directory has of the day must be in the partition that takes its place.
absl::Status ExportDirectory::CheckDay(const v1::ExportResponse::Begin& begin) const {
  const int64_t from = begin.range().begin().seconds();
  const int64_t day = from - from % kSecondsPerDay;
  for (auto it = manifest_->partitions().lower_bound({begin.site(), day});
       it != manifest_->partitions().end() &&
       it->first < ExportManifest::Key(begin.site(), day + kSecondsPerDay);
       ++it) {
    const ExportedPartition& partition = it->second;
    if (partition.begin >= from && partition.end <= begin.range().end().seconds()) continue;
    return Error(absl::StatusCode::kFailedPrecondition,
                 "{} has {} to {}, this export only {}: choose --from and --to so that they do not "
                 "cut the day",
                 partition.file, TimeText(absl::FromUnixSeconds(partition.begin)),
                 TimeText(absl::FromUnixSeconds(partition.end)), RangeText(begin.range()));
  }
  return absl::OkStatus();
}

absl::Status ExportDirectory::EndPartition() {
  if (file_ == nullptr) return absl::OkStatus();
  FLAMEKEEP_ASSIGN_OR_RETURN(const uint64_t bytes, file_->Commit());
  file_.reset();
  ++written_;
  return manifest_->Add({.site = begin_.site(),
                         .begin = begin_.range().begin().seconds(),
                         .end = begin_.range().end().seconds(),
                         .version = begin_.version(),
                         .file = FileOf(begin_),
                         .bytes = bytes,
                         .rows = rows_->rows(),
                         .total = rows_->total()});
}

void ExportDirectory::SetHeader(const v1::ExportResponse::Header& header) {
  const bool is_first = !rows_.has_value();
  header_ = header;
  rows_.emplace(options_.form, header.profile_type());
  file_.reset();  // of a stream that broke off
  const int64_t span = header.covered().end().seconds() - header.covered().begin().seconds();
  progress_.Begin(options_.directory,
                  static_cast<uint64_t>(header.sites_size() * span / kSecondsPerMinute),
                  Progress::Unit::kMinutes);
  if (is_first && header.widened() &&
      RangeText(header.requested()) != RangeText(header.covered())) {
    progress_.Say(stderr, fmt::format("flamekeep: note: the export covers {}: the store keeps no "
                                      "finer buckets there",
                                      RangeText(header.covered())));
  }
}

// How much of the time of all sites is behind.
void ExportDirectory::ShowProgress() {
  const int64_t begin = header_.covered().begin().seconds();
  const int64_t span = header_.covered().end().seconds() - begin;
  const auto site = std::find(header_.sites().begin(), header_.sites().end(), begin_.site());
  const int64_t done =
      (site - header_.sites().begin()) * span + begin_.range().begin().seconds() - begin;
  progress_.Update(static_cast<uint64_t>(done / kSecondsPerMinute));
}

absl::StatusOr<std::string> ExportDirectory::Finish() {
  const int64_t begin = header_.covered().begin().seconds();
  const int64_t end = header_.covered().end().seconds();
  std::vector<ExportManifest::Key> gone;
  uint64_t partitions = 0;
  uint64_t rows = 0;
  uint64_t total = 0;
  uint64_t bytes = 0;
  bool saturated = false;
  for (const auto& [key, partition] : manifest_->partitions()) {
    if (partition.begin < begin || partition.begin >= end) continue;
    if (!seen_.contains(key)) {
      gone.push_back(key);
      continue;
    }
    ++partitions;
    rows += partition.rows;
    bytes += partition.bytes;
    total = storage::SaturatingAdd(total, partition.total, &saturated);
  }
  for (const ExportManifest::Key& key : gone) FLAMEKEEP_RETURN_IF_ERROR(manifest_->Remove(key));
  FLAMEKEEP_RETURN_IF_ERROR(manifest_->Finish());
  std::string line = fmt::format("{}: {} rows of {} {} in {} files, {}; {} written, {} as before",
                                 options_.directory, CountText(rows), CountText(total),
                                 header_.unit(), CountText(partitions), RoundedBytesText(bytes),
                                 CountText(written_), CountText(partitions - written_));
  if (!gone.empty()) line += fmt::format(", {} removed", CountText(gone.size()));
  return line;
}

}  // namespace flamekeep::cli
