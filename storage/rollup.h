// Rollup: rebuilds the rolled parts of stale buckets from the level below.
//
// A bucket is rebuilt once its span is over, nothing below it is stale, and it has been quiet for a
// while. What was read under one snapshot goes through the committer; the mark is cleared only if
// its generation is still the one that was read. Until then readers do not look at rolled parts, so
// a rollup that stops half way leaves nothing wrong.
//
// Thread safety: one thread at a time (the maintenance thread).
#ifndef FLAMEKEEP_STORAGE_ROLLUP_H_
#define FLAMEKEEP_STORAGE_ROLLUP_H_

#include <atomic>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "storage/committer.h"
#include "storage/database.h"
#include "storage/flush.h"
#include "storage/level_state.h"

namespace flamekeep::storage {

class Rollup {
 public:
  struct Parts {  // not owned
    DatabaseHolder* database;
    Committer* committer;
    Flusher* flusher;
    LevelState* levels;
    Metrics* metrics;
    const std::atomic<bool>* stopping;
    absl::Duration quiet;
    absl::Duration at_latest;
  };

  explicit Rollup(Parts parts);

  // Rebuilds what is due at `now`, or all whose span is over if `force`; returns the number of
  // buckets rebuilt. One that can not be rebuilt stays stale and does not keep the others from it:
  // `error` becomes the first error where it was OK.
  int RunDue(absl::Time now, bool force, absl::Status* error);

 private:
  bool IsDue(const MarkKey& key, const StaleMark& mark, absl::Time now, bool force) const;
  // Rebuilds a bucket as it was at `generation`; false where it was touched since.
  absl::StatusOr<bool> Rebuild(const MarkKey& key, uint64_t generation);

  const Parts parts_;
  Counter* rebuilt_;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_ROLLUP_H_
