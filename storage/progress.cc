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
    case GapReason::kUnhashed:
      return "unhashed";
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

KeyedRecords Keyed(std::map<SourceId, ProgressRecord> records, const Catalog& catalog) {
  KeyedRecords keyed;
  keyed.reserve(records.size());
  for (auto& [source, record] : records) {
    keyed.emplace_back(catalog.SourceOf(source), std::move(record));
  }
  return keyed;
}

std::vector<FinalRange> FinalRangesOf(const KeyedRecords& records, std::string_view site,
                                      std::string_view profile_type) {
  const std::string type(profile_type);
  int64_t end = std::numeric_limits<int64_t>::max();
  std::vector<FinalRange> read;
  for (const auto& [key, record] : records) {
    if (key.site != site || !record.profile_types.contains(type)) continue;
    if (key.kind == SourceKind::kPush) {
      const auto before = record.final_before_ms.find(type);
      end = std::min(end, before == record.final_before_ms.end() ? 0 : before->second);
    }
    if (!IsLive(key.kind)) continue;
    if (!record.retired) end = std::min(end, record.complete_through_ms);
    if (record.recorded_from_ms != 0) {
      read.push_back({record.recorded_from_ms, record.complete_through_ms});
    }
  }
  std::sort(read.begin(), read.end(),
            [](const FinalRange& a, const FinalRange& b) { return a.begin_ms < b.begin_ms; });
  std::vector<FinalRange> final;
  for (FinalRange range : read) {
    range.end_ms = std::min(range.end_ms, end);
    if (range.begin_ms >= range.end_ms) continue;
    if (!final.empty() && range.begin_ms <= final.back().end_ms) {
      final.back().end_ms = std::max(final.back().end_ms, range.end_ms);
    } else {
      final.push_back(range);
    }
  }
  return final;
}

std::vector<Gap> Outside(const Gap& gap, absl::Span<const FinalRange> ranges) {
  std::vector<Gap> outside;
  int64_t begin = gap.begin_ms;
  for (const FinalRange& range : ranges) {
    if (range.end_ms <= begin) continue;
    if (range.begin_ms >= gap.end_ms) break;
    if (range.begin_ms > begin) outside.push_back({begin, range.begin_ms, gap.reason});
    begin = range.end_ms;
  }
  if (begin < gap.end_ms) outside.push_back({begin, gap.end_ms, gap.reason});
  return outside;
}

bool IsPushed(const KeyedRecords& records, std::string_view site, std::string_view profile_type) {
  return std::any_of(records.begin(), records.end(), [&](const auto& entry) {
    return entry.first.kind == SourceKind::kPush && entry.first.site == site &&
           entry.second.profile_types.contains(std::string(profile_type));
  });
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
