#include "storage/progress.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/status.h"
#include "storage/catalog.h"
#include "storage/format.h"

namespace flamekeep::storage {
std::string_view GapReasonName(GapReason reason) {
  switch (reason) {
    case GapReason::kDisconnected:
      return "disconnected";
    case GapReason::kTrimmed:
      return "trimmed";
    case GapReason::kReplaced:
      return "replaced";
    case GapReason::kOverflow:
      return "overflow";
  }
  return "unknown";
}

void Progress::Add(const Progress& later) {
  if (begins_ms == 0) begins_ms = later.begins_ms;
  complete_through_ms = std::max(complete_through_ms, later.complete_through_ms);
  gaps.insert(gaps.end(), later.gaps.begin(), later.gaps.end());
}

absl::Status ProgressTable::Load(std::string_view key, std::string_view value) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const SourceId source, DecodeProgressKey(key));
  FLAMEKEEP_ASSIGN_OR_RETURN(ProgressRecord record, DecodeProgress(value));
  Set(source, std::move(record));
  return absl::OkStatus();
}

std::optional<ProgressRecord> ProgressTable::Get(SourceId source) const {
  absl::MutexLock lock(&mutex_);
  const auto it = records_.find(source);
  if (it == records_.end()) return std::nullopt;
  return it->second;
}

std::map<SourceId, ProgressRecord> ProgressTable::All() const {
  absl::MutexLock lock(&mutex_);
  return records_;
}

void ProgressTable::Set(SourceId source, ProgressRecord record) {
  absl::MutexLock lock(&mutex_);
  records_[source] = std::move(record);
}

FinalRange FinalRangeOf(const KeyedRecords& records, std::string_view site,
                        std::string_view profile_type) {
  constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  int64_t begin = kNever;
  int64_t live_end = kNever;
  int64_t retired_end = 0;
  bool live = false;
  for (const auto& [key, record] : records) {
    if (key.site != site || !record.profile_types.contains(std::string(profile_type))) continue;
    if (key.kind == SourceKind::kPush) return {};
    if (!IsLive(key.kind)) continue;
    if (record.recorded_from_ms != 0) begin = std::min(begin, record.recorded_from_ms);
    if (record.retired) {
      retired_end = std::max(retired_end, record.complete_through_ms);
    } else {
      live = true;
      live_end = std::min(live_end, record.complete_through_ms);
    }
  }
  if (begin == kNever) return {};
  return {begin, live ? live_end : retired_end};
}

std::optional<int64_t> CompleteThrough(const KeyedRecords& records, std::string_view site,
                                       std::string_view profile_type) {
  std::optional<int64_t> through;
  for (const auto& [key, record] : records) {
    if (key.site != site || !IsLive(key.kind) || record.retired ||
        !record.profile_types.contains(std::string(profile_type))) {
      continue;
    }
    through =
        std::min(through.value_or(std::numeric_limits<int64_t>::max()), record.complete_through_ms);
  }
  return through;
}

}  // namespace flamekeep::storage
