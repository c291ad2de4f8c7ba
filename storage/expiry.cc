#include "storage/expiry.h"

#include <rocksdb/convenience.h>

#include <memory>
#include <string>

#include "base/status.h"
#include "storage/format.h"

namespace flamekeep::storage {

Minute RetentionFloor(const Retention& retention, Level level, absl::Time now) {
  const absl::Duration keep = retention.keep[static_cast<size_t>(level)];
  if (keep == absl::InfiniteDuration()) return 0;
  const std::optional<Minute> oldest = MinuteOf(now - keep);
  if (!oldest.has_value()) return 0;
  return BucketAt(level == Level::kYear ? level : Coarser(level), *oldest).start;
}

std::optional<Minute> Expiry::NewFloor(SiteId site, Level level, absl::Time now) const {
  const Minute old = parts_.levels->floors(site)[static_cast<size_t>(level)];
  Minute target = RetentionFloor(parts_.retention, level, now);
  if (target <= old) return std::nullopt;
  if (level != Level::kYear) {
    // Stop before the first parent that is still to be summed.
    const Level parent = Coarser(level);
    for (const auto& [key, mark] : parts_.levels->marks()) {
      if (key.site == site && key.bucket.level == parent && key.bucket.end() > old) {
        target = std::min(target, key.bucket.start);
      }
    }
  }
  if (target <= old) return std::nullopt;
  return target;
}

absl::StatusOr<int> Expiry::RunDue(absl::Time now) {
  int moved = 0;
  const size_t sites = parts_.catalog->sites().size();
  for (size_t i = 0; i < sites; ++i) {
    const SiteId site{static_cast<uint16_t>(i)};
    for (const Level level : kLevels) {
      MinuteRange gone;
      FLAMEKEEP_RETURN_IF_ERROR(parts_.committer->Run([&] {
        // On the committer's thread no new mark can come in between.
        const std::optional<Minute> floor = NewFloor(site, level, now);
        if (!floor.has_value()) return false;
        gone = {parts_.levels->floors(site)[static_cast<size_t>(level)], *floor};
        parts_.flusher->Begin();
        parts_.flusher->SetFloor(site, level, *floor);
        return true;
      }));
      if (gone.empty()) continue;
      ++moved;
      FLAMEKEEP_RETURN_IF_ERROR(Delete(site, level, gone));
    }
  }
  return moved;
}

absl::Status Expiry::Delete(SiteId site, Level level, MinuteRange range) {
  const std::shared_ptr<Database> database = parts_.database->Get();
  if (database->read_only()) return absl::OkStatus();
  rocksdb::ColumnFamilyHandle* family = database->level(level);
  const std::string begin = BucketPrefix(site, range.begin);
  const std::string end = BucketPrefix(site, range.end);
  const rocksdb::Slice begin_slice(begin);
  const rocksdb::Slice end_slice(end);
  // Whole files go at once; the tombstone takes what shares a file with live data when that is
  // compacted.
  FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(
      rocksdb::DeleteFilesInRange(database->db(), family, &begin_slice, &end_slice, false),
      "freeing expired files"));
  return FromRocksDb(
      database->db()->DeleteRange(rocksdb::WriteOptions(), family, begin_slice, end_slice),
      "deleting expired columns");
}

}  // namespace flamekeep::storage
