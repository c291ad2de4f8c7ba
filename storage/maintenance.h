// The background thread of a store: rollup, derived files of the dictionary, expiry, the size cap,
// deletions, positions that are forgotten.
//
// Thread safety: all methods.
#ifndef FLAMEKEEP_STORAGE_MAINTENANCE_H_
#define FLAMEKEEP_STORAGE_MAINTENANCE_H_

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "storage/committer.h"
#include "storage/database.h"
#include "storage/deletion.h"
#include "storage/dictionary.h"
#include "storage/expiry.h"
#include "storage/flush.h"
#include "storage/growth_log.h"
#include "storage/rollup.h"
#include "storage/size_cap.h"

namespace flamekeep::storage {

class Maintenance {
 public:
  struct Parts {  // not owned
    Deleter* deleter;
    Rollup* rollup;
    Expiry* expiry;
    SizeCap* cap;
    GrowthLog* growth;
    Dictionary* dictionary;
    Committer* committer;
    Flusher* flusher;
    DatabaseHolder* database;
    Metrics* metrics;
    std::atomic<bool>* stopping;
    std::function<absl::Time()> now;
    std::function<absl::Time()> steady_now;
  };

  // Starts the thread if `background`.
  Maintenance(Parts parts, bool background);
  // Stops within the time of one step.
  ~Maintenance();

  // Verifies one derived file, then does everything that is due, until nothing is left that can be
  // done. Returns the first error.
  absl::Status Run(bool force) ABSL_LOCKS_EXCLUDED(run_mutex_);

  // Records a deletion (deletion.h) and has the thread go on with it at once, or does so itself
  // where there is no thread.
  absl::StatusOr<DeletionAmount> StartDeletion(absl::Time begin, absl::Time end,
                                               std::vector<SeriesId> series)
      ABSL_LOCKS_EXCLUDED(run_mutex_);
  // Waits a moment for it; whether it is through. Errors: its last one.
  absl::StatusOr<bool> WaitForDeletion() ABSL_LOCKS_EXCLUDED(run_mutex_);

 private:
  void Loop();
  absl::Status DeriveNext();

  const Parts parts_;
  Counter* failures_;
  Counter* forgotten_;
  absl::Mutex run_mutex_;  // one run at a time
  absl::Time next_forgetting_ ABSL_GUARDED_BY(run_mutex_) = absl::InfinitePast();
  absl::Mutex stop_mutex_;
  bool stop_ ABSL_GUARDED_BY(stop_mutex_) = false;
  bool wake_ ABSL_GUARDED_BY(stop_mutex_) = false;  // set with stop_, too
  std::thread thread_;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_MAINTENANCE_H_
