// The backups that a server makes: in the directory that is configured, one at a time.
//
// Metrics: backups_total, backup_failures_total, and backup_last_seconds, the Unix time of the
// newest one (0: there is none), which is there only where a directory is configured.
//
// Thread safety: all methods.
#ifndef FLAMEKEEP_SERVER_BACKUPS_H_
#define FLAMEKEEP_SERVER_BACKUPS_H_

#include <atomic>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "base/metrics.h"
#include "storage/backup.h"
#include "storage/store.h"

namespace flamekeep::server {

class Backups {
 public:
  // `directory` is empty where none is configured. Nothing is owned.
  Backups(std::string directory, const storage::Store* store, Metrics* metrics);

  const std::string& directory() const { return directory_; }

  // Errors: FAILED_PRECONDITION where no directory is configured; ABORTED while something is being
  // deleted; else those of storage::BackupDirectory.
  absl::StatusOr<storage::BackupInfo> Create(const storage::BackupProgress& progress);
  // Oldest first; as last seen while one is being made. Errors as above; none where nothing was
  // made yet.
  absl::StatusOr<std::vector<storage::BackupInfo>> List();
  // Whether one is being made now: it may hold what is deleted meanwhile.
  bool making() const { return making_.load() > 0; }

 private:
  absl::Status CheckConfigured() const;
  void SetKnown(std::vector<storage::BackupInfo> known) ABSL_LOCKS_EXCLUDED(mutex_);

  const std::string directory_;
  const storage::Store* const store_;
  Metrics* const metrics_;
  Counter& made_;
  Counter& failures_;

  std::atomic<int> making_{0};
  absl::Mutex mutex_;
  std::vector<storage::BackupInfo> known_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_BACKUPS_H_
