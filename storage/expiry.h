// Expiry: raises the floors of levels by retention, then frees the space below them.
//
// A floor is aligned to the buckets of the next coarser level and never passes one that is stale:
// what is deleted has been summed. The floor is durable before anything is deleted, and ingest and
// planner obey only the floor, so a crash in between leaves nothing wrong. Columns below it go once
// no snapshot is older than the floor: whole files at once, those in files that hold more by and by
// (expired_filter.h), at the latest when a good part of the level has expired.
//
// Thread safety: one thread at a time (the maintenance thread).
#ifndef FLAMEKEEP_STORAGE_EXPIRY_H_
#define FLAMEKEEP_STORAGE_EXPIRY_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/catalog.h"
#include "storage/committer.h"
#include "storage/database.h"
#include "storage/expired_filter.h"
#include "storage/flush.h"
#include "storage/level_state.h"
#include "storage/store.h"

namespace flamekeep::storage {

class Expiry {
 public:
  struct Parts {  // not owned
    DatabaseHolder* database;
    Committer* committer;
    Flusher* flusher;
    LevelState* levels;
    Catalog* catalog;
    DeletableFloors* deletable;
    const StoreOptions* options;  // retention
    std::atomic<bool>* stopping;
  };

  explicit Expiry(Parts parts) : parts_(parts) {}

  // Raises floors as far as `now` and the stale marks allow; the number of floors that moved, or
  // the first error, which keeps no other floor where it is.
  absl::StatusOr<int> RunDue(absl::Time now);

  // How far the floor of a level can be raised towards `wanted`; nothing where it stays.
  std::optional<Minute> Reachable(SiteId site, Level level, Minute wanted) const;
  // Raises one floor as far as that; whether it moved. `capped`: `max_bytes` asks for it.
  absl::StatusOr<bool> Raise(SiteId site, Level level, Minute wanted, bool capped);
  // Frees what lies below the floor, unless a snapshot may need it: whole files, and, if `all` or
  // where it is worth it, also those that hold other columns, by writing them again.
  absl::Status Free(SiteId site, Level level, bool all);
  // Bytes on disk below the floor that are still to be freed, estimated.
  absl::StatusOr<uint64_t> BytesToFree(SiteId site, Level level) const;

 private:
  // What is known of the space below a floor.
  struct Freed {
    Minute floor = 0;      // files that lie below it are gone
    Minute compacted = 0;  // below it nothing is left in other files either
    uint64_t raised = 0;   // RocksDB's sequence number when the floor came to where it is
  };

  const Parts parts_;
  std::map<std::pair<SiteId, Level>, Freed> freed_;
};

// The floor that retention alone asks for, aligned to the next coarser level; 0 where all is kept.
Minute RetentionFloor(const Retention& retention, Level level, absl::Time now);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_EXPIRY_H_
