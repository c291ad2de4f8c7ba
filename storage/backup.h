// Backups of a store: a directory that holds any number of them, made while the store is in use,
// through RocksDB's backup engine. Files that two backups have in common are there once, so a
// further backup costs what has changed. Derived files are not in it: they are made again.
//
//   BackupDirectory::Open("/var/backups/flamekeep", Access::kWrite)
//     -> Create(&store, ...)          the store as it is after its last flush
//     -> Prune(14)                    all but the newest 14 go
//   BackupDirectory::Open(..., Access::kRead)
//     -> List(), Verify(7), Restore(7, "/srv/flamekeep")
//
// Writers have the directory to themselves (an flock on its LOCK); readers share it.
//
// Thread safety: one thread at a time.
#ifndef FLAMEKEEP_STORAGE_BACKUP_H_
#define FLAMEKEEP_STORAGE_BACKUP_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/store.h"

namespace flamekeep::storage {

using BackupId = uint32_t;  // 1 for the first in its directory, then growing

struct BackupInfo {
  BackupId id = 0;
  absl::Time made;
  uint64_t bytes = 0;       // what a restore writes; files shared with other backups count in each
  uint64_t last_flush = 0;  // of the store: what is acknowledged up to here is in it
  // Empty: it can be restored as far as names and sizes tell; Verify() reads it. Else what is wrong
  // with it, in a sentence.
  std::string fault;
};

// Called now and then while a backup is made or restored, with the bytes that were written so far.
// Work stops, with CANCELLED, when it returns false (a restore then leaves no store behind).
using BackupProgress = std::function<bool(uint64_t bytes)>;

class BackupDirectory {
 public:
  enum class Access : uint8_t { kRead, kWrite };

  // kWrite makes the directory where it is missing. Errors: NOT_FOUND; FAILED_PRECONDITION where it
  // holds something else or can not be written; ABORTED where another process is writing there (for
  // kWrite also: reading); DATA_LOSS where none of it can be read.
  static absl::StatusOr<std::unique_ptr<BackupDirectory>> Open(const std::string& directory,
                                                               Access access);
  ~BackupDirectory();
  BackupDirectory(const BackupDirectory&) = delete;
  BackupDirectory& operator=(const BackupDirectory&) = delete;

  // Oldest first.
  std::vector<BackupInfo> List() const;

  // Errors: UNAVAILABLE where the disk or the store fails, CANCELLED. What was copied so far is
  // then of no use to anybody and goes with the next Create() or Prune().
  absl::StatusOr<BackupInfo> Create(const Store& store, const BackupProgress& progress);

  // Reads every file of a backup. Errors: NOT_FOUND; DATA_LOSS names the file.
  absl::Status Verify(BackupId id) const;

  // Makes a store of a backup in `target`, which must be missing or empty, and its derived files.
  // Errors: NOT_FOUND; FAILED_PRECONDITION for the target, or for a backup of another store format;
  // DATA_LOSS; CANCELLED.
  absl::Status Restore(BackupId id, const std::string& target,
                       const BackupProgress& progress) const;

  // Removes all backups but the newest `keep` (1 and more) and what failed ones left behind;
  // returns those that went.
  absl::StatusOr<std::vector<BackupInfo>> Prune(uint32_t keep);

 private:
  struct Impl;
  explicit BackupDirectory(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_BACKUP_H_
