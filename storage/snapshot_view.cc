#include "storage/snapshot_view.h"

#include <rocksdb/db.h>

#include <memory>
#include <string>

#include "base/status.h"

namespace flamekeep::storage {

absl::Status SnapshotView::Load() {
  const auto it =
      std::unique_ptr<rocksdb::Iterator>(database_.db()->NewIterator(options_, database_.meta()));
  for (const MetaTag tag : {MetaTag::kFloor, MetaTag::kStale}) {
    const std::string prefix = MetaKey(tag);
    for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
      FLAMEKEEP_RETURN_IF_ERROR(Step());
      FLAMEKEEP_RETURN_IF_ERROR(state_.Load(View(it->key()), View(it->value())));
    }
  }
  return FromRocksDb(it->status(), "reading stale marks");
}

bool SnapshotView::HasDirect(SiteId site, const Bucket& bucket) const {
  const auto [known, added] = has_direct_.try_emplace({site, bucket});
  if (added && stopped_.ok()) known->second = FindDirect(site, bucket);
  return known->second;
}

bool SnapshotView::FindDirect(SiteId site, const Bucket& bucket) const {
  const auto it = std::unique_ptr<rocksdb::Iterator>(
      database_.db()->NewIterator(options_, database_.level(bucket.level)));
  for (const SeriesId series : series_) {
    if (!Step().ok()) return false;
    if (deletion_.has_value() && deletion_->Covers(bucket.level, {site, bucket.start, series})) {
      continue;
    }
    // Rolled parts have source 0 and sort before all direct ones.
    it->Seek(EncodeColumnKey({site, bucket.start, series, SourceId{1}, Part::kDirect}));
    if (it->Valid() && it->key().starts_with(SeriesPrefix(site, bucket.start, series))) return true;
  }
  return false;
}

const absl::Status& SnapshotView::Step() const {
  constexpr uint32_t kStepsPerCheck = 64;
  if (stopped_.ok() && ++steps_ % kStepsPerCheck == 0) stopped_ = check_();
  return stopped_;
}

}  // namespace flamekeep::storage
