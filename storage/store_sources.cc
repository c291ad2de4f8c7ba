// What a store knows of its sources: how far they were read, and what they have made final.
#include <spdlog/spdlog.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "storage/store.h"
#include "storage/store_impl.h"

namespace flamekeep::storage {

std::vector<SourceStatus> Store::Sources() const {
  const std::vector<SourceKey> keys = impl_->catalog.sources();
  absl::flat_hash_map<SourceId, Position> positions;
  if (impl_->committer != nullptr) positions = impl_->committer->DurablePositions();
  std::vector<SourceStatus> sources(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    sources[i].id = SourceId{static_cast<uint32_t>(i)};
    sources[i].key = keys[i];
    const auto it = positions.find(sources[i].id);
    if (it != positions.end()) sources[i].position = it->second;
    sources[i].progress = impl_->progress.Get(sources[i].id);
  }
  return sources;
}

void Store::SetLiveSources(std::vector<LiveSource> live) {
  impl_->committer->SetLiveSources(std::move(live));
}

std::optional<ProgressRecord> Store::ProgressOf(SourceId source) const {
  return impl_->progress.Get(source);
}

std::map<std::string, std::vector<FinalRange>> Store::FinalRanges(std::string_view site) const {
  KeyedRecords records;
  std::set<std::string> types;
  for (auto& [source, record] : impl_->progress.All()) {
    SourceKey key = impl_->catalog.SourceOf(source);
    const bool never_read = IsLive(key.kind) && record.recorded_from_ms == 0;
    if (key.site != site || never_read) continue;
    types.insert(record.profile_types.begin(), record.profile_types.end());
    records.emplace_back(std::move(key), std::move(record));
  }
  std::map<std::string, std::vector<FinalRange>> ranges;
  for (const std::string& type : types) {
    std::vector<FinalRange> of_type = FinalRangesOf(records, site, type);
    if (!of_type.empty()) ranges.emplace(type, std::move(of_type));
  }
  return ranges;
}

std::optional<Position> Store::AcceptedPosition(SourceId source) const {
  return impl_->committer->AcceptedPosition(source);
}

absl::Time Store::PositionTime() const { return impl_->committer->PositionTime(); }
void Store::HoldPosition(SourceId source) { impl_->committer->HoldPosition(source); }
void Store::ReleasePosition(SourceId source) { impl_->committer->ReleasePosition(source); }

std::optional<FinalGuard> Store::Impl::GuardOf(SourceId source) const {
  const SourceKey key = catalog.SourceOf(source);
  if (IsLive(key.kind) || !catalog.HasLiveSource(key.site)) return std::nullopt;
  return FinalGuard(&catalog, &progress, /*pushed=*/key.kind == SourceKind::kPush);
}

void Store::Impl::NoteAmendment(SourceId source, const FinalGuard& guard) {
  const absl::Status status = guard.Check();
  if (status.ok()) return;
  metrics()
      ->GetCounter("storage_amendments_total", Severity::kInfo,
                   "Batches of imports with --amend that changed a range which was final.")
      .Add();
  // Once for each source: an import may have many batches.
  absl::MutexLock lock(&amended_mutex);
  if (!amended.insert(source).second) return;
  spdlog::warn("\"{}\" imports with --amend what is refused without: {}",
               catalog.SourceOf(source).name, Message(status));
}

}  // namespace flamekeep::storage
