#include "storage/expiry.h"

#include <rocksdb/convenience.h>

#include <memory>
#include <string>

#include "base/status.h"
#include "storage/format.h"

namespace flamekeep::storage {
namespace {

// How much of a level must have expired until the files that hold other columns, too, are
// rewritten for it.
constexpr Minute kDay = 24 * 60;
constexpr std::array<Minute, kLevelCount> kCompactAfter = {kDay, 30 * kDay, 365 * kDay, 365 * kDay,
                                                           365 * kDay};

}  // namespace

Minute RetentionFloor(const Retention& retention, Level level, absl::Time now) {
  const absl::Duration keep = retention.keep[static_cast<size_t>(level)];
  if (keep == absl::InfiniteDuration()) return 0;
  const std::optional<Minute> oldest = MinuteOf(now - keep);
  if (!oldest.has_value()) return 0;
  return BucketAt(level == Level::kYear ? level : Coarser(level), *oldest).start;
}

std::optional<Minute> Expiry::NewFloor(SiteId site, Level level, absl::Time now) const {
  const Minute old = parts_.levels->floors(site)[static_cast<size_t>(level)];
  Minute target = RetentionFloor(
      parts_.options->RetentionOf(parts_.catalog->sites()[Raw(site)]), level, now);
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
  absl::Status error;
  const size_t sites = parts_.catalog->sites().size();
  for (size_t i = 0; i < sites; ++i) {
    const SiteId site{static_cast<uint16_t>(i)};
    for (const Level level : kLevels) {
      const absl::StatusOr<bool> raised = Raise(site, level, now);
      if (raised.ok() && *raised) ++moved;
      error.Update(raised.ok() ? Free(site, level) : raised.status());
    }
  }
  if (!error.ok()) return error;
  return moved;
}

absl::StatusOr<bool> Expiry::Raise(SiteId site, Level level, absl::Time now) {
  bool raised = false;
  FLAMEKEEP_RETURN_IF_ERROR(parts_.committer->Run([&] {
    // On the committer's thread no new mark can come in between.
    const std::optional<Minute> floor = NewFloor(site, level, now);
    if (!floor.has_value()) return false;
    raised = true;
    parts_.flusher->Begin();
    parts_.flusher->SetFloor(site, level, *floor);
    return true;
  }));
  if (raised) {
    // Where the number can not be read, every snapshot counts as an older one.
    freed_[{site, level}].raised = UINT64_MAX;
    FLAMEKEEP_ASSIGN_OR_RETURN(const std::shared_ptr<Database> database, parts_.database->Get());
    freed_[{site, level}].raised = database->db()->GetLatestSequenceNumber();
  }
  return raised;
}

absl::Status Expiry::Free(SiteId site, Level level) {
  const Minute floor = parts_.levels->floors(site)[static_cast<size_t>(level)];
  Freed& freed = freed_[{site, level}];
  if (freed.floor >= floor) return absl::OkStatus();
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::shared_ptr<Database> database, parts_.database->Get());
  if (database->read_only()) return absl::OkStatus();
  uint64_t oldest = 0;  // 0: there is no snapshot
  database->db()->GetIntProperty(rocksdb::DB::Properties::kOldestSnapshotSequence, &oldest);
  if (oldest != 0 && oldest < freed.raised) return absl::OkStatus();

  parts_.deletable->Set(site, level, floor);
  rocksdb::ColumnFamilyHandle* family = database->level(level);
  const std::string begin = BucketPrefix(site, 0);
  const std::string end = BucketPrefix(site, floor);
  const rocksdb::Slice begin_slice(begin);
  const rocksdb::Slice end_slice(end);
  FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(
      rocksdb::DeleteFilesInRange(database->db(), family, &begin_slice, &end_slice, false),
      "freeing expired files"));
  freed.floor = floor;
  if (floor - freed.compacted < kCompactAfter[static_cast<size_t>(level)]) return absl::OkStatus();
  FLAMEKEEP_RETURN_IF_ERROR(
      FromRocksDb(database->db()->CompactRange(rocksdb::CompactRangeOptions(), family, &begin_slice,
                                               &end_slice),
                  "freeing expired columns"));
  freed.compacted = floor;
  return absl::OkStatus();
}

}  // namespace flamekeep::storage
