// Expiry: raises the floors of levels by retention, then frees the space below them.
//
// A floor is aligned to the buckets of the next coarser level and never passes one that is stale:
// what is deleted has been summed. The floor is durable before anything is deleted, and ingest and
// planner obey only the floor, so a crash in between leaves nothing wrong.
//
// Thread safety: one thread at a time (the maintenance thread).
#ifndef FLAMEKEEP_STORAGE_EXPIRY_H_
#define FLAMEKEEP_STORAGE_EXPIRY_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "storage/catalog.h"
#include "storage/committer.h"
#include "storage/database.h"
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
    Retention retention;
  };

  explicit Expiry(Parts parts) : parts_(parts) {}

  // Raises floors as far as `now` and the stale marks allow; the number of floors that moved.
  absl::StatusOr<int> RunDue(absl::Time now);

 private:
  // How far the floor of a level may go; nothing where it stays.
  std::optional<Minute> NewFloor(SiteId site, Level level, absl::Time now) const;
  absl::Status Delete(SiteId site, Level level, MinuteRange range);

  const Parts parts_;
};

// The floor that retention alone asks for, aligned to the next coarser level; 0 where all is kept.
Minute RetentionFloor(const Retention& retention, Level level, absl::Time now);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_EXPIRY_H_
