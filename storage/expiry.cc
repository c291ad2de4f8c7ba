#include "storage/expiry.h"

#include <rocksdb/convenience.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

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

std::optional<Minute> Expiry::Reachable(SiteId site, Level level, Minute wanted) const {
  const Minute old = parts_.levels->floors(site)[static_cast<size_t>(level)];
  Minute target = wanted;
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
  const std::vector<std::string> sites = parts_.catalog->sites();
  for (size_t i = 0; i < sites.size(); ++i) {
    const SiteId site{static_cast<uint16_t>(i)};
    for (const Level level : kLevels) {
      const absl::StatusOr<bool> raised =
          Raise(site, level, RetentionFloor(parts_.options->RetentionOf(sites[i]), level, now),
                /*capped=*/false);
      if (raised.ok() && *raised) ++moved;
      error.Update(raised.ok() ? Free(site, level, /*all=*/false) : raised.status());
    }
  }
  if (!error.ok()) return error;
  return moved;
}

absl::StatusOr<bool> Expiry::Raise(SiteId site, Level level, Minute wanted, bool capped) {
  if (!Reachable(site, level, wanted).has_value()) return false;
  bool raised = false;
  FLAMEKEEP_RETURN_IF_ERROR(parts_.committer->Run([&] {
    // On the committer's thread no new mark can come in between.
    const std::optional<Minute> floor = Reachable(site, level, wanted);
    if (!floor.has_value()) return false;
    raised = true;
    parts_.flusher->Begin();
    parts_.flusher->SetFloor(site, level, *floor, capped);
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

absl::Status Expiry::Free(SiteId site, Level level, bool all) {
  const Minute floor = parts_.levels->floors(site)[static_cast<size_t>(level)];
  Freed& freed = freed_[{site, level}];
  if ((all ? freed.compacted : freed.floor) >= floor) return absl::OkStatus();
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::shared_ptr<Database> database, parts_.database->Get());
  if (database->read_only()) return absl::OkStatus();
  if (database->OldestSnapshot() < freed.raised) return absl::OkStatus();

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
  const Minute expired = floor - std::min(freed.compacted, floor);
  if (!all && expired < kCompactAfter[static_cast<size_t>(level)]) return absl::OkStatus();
  // What is not in files yet is never worth it.
  FLAMEKEEP_ASSIGN_OR_RETURN(const uint64_t left, database->BytesBetween(level, begin, end));
  if (left > 0) {
    rocksdb::CompactRangeOptions options;
    options.canceled = parts_.stopping;
    const rocksdb::Status compacted =
        database->db()->CompactRange(options, family, &begin_slice, &end_slice);
    if (compacted.IsIncomplete()) return absl::OkStatus();  // the store is closing
    FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(compacted, "freeing expired columns"));
  }
  freed.compacted = floor;
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> Expiry::BytesToFree(SiteId site, Level level) const {
  const Minute floor = parts_.levels->floors(site)[static_cast<size_t>(level)];
  const auto freed = freed_.find({site, level});
  if (floor == 0 || (freed != freed_.end() && freed->second.compacted >= floor)) return 0;
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::shared_ptr<Database> database, parts_.database->Get());
  return database->BytesBetween(level, BucketPrefix(site, 0), BucketPrefix(site, floor));
}

}  // namespace flamekeep::storage
