// The background thread of a store: rollup, derived files of the dictionary, expiry, positions that
// are forgotten.
//
// Thread safety: all methods.
#ifndef FLAMEKEEP_STORAGE_MAINTENANCE_H_
#define FLAMEKEEP_STORAGE_MAINTENANCE_H_

#include <atomic>
#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "storage/committer.h"
#include "storage/database.h"
#include "storage/dictionary.h"
#include "storage/expiry.h"
#include "storage/flush.h"
#include "storage/rollup.h"

namespace flamekeep::storage {

class Maintenance {
 public:
  struct Parts {  // not owned
    Rollup* rollup;
    Expiry* expiry;
    Dictionary* dictionary;
    Committer* committer;
    Flusher* flusher;
    DatabaseHolder* database;
    Metrics* metrics;
    std::atomic<bool>* stopping;
    std::function<absl::Time()> now;
    absl::Duration forget_positions_after;
  };

  // Starts the thread if `background`.
  Maintenance(Parts parts, bool background);
  // Stops within the time of one step.
  ~Maintenance();

  // Verifies one derived file, then does everything that is due, until nothing is left that can be
  // done. Returns the first error.
  absl::Status Run(bool force) ABSL_LOCKS_EXCLUDED(run_mutex_);

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
  std::thread thread_;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_MAINTENANCE_H_
