// Deletion of a selection for good: `flamekeep delete`.
//
// A deletion is one record in RocksDB, written in the batch that also marks the buckets that the
// edges of the range cut as stale. From then on readers pass over what the record covers, so that
// an answer sees all of the deletion or nothing of it, while the columns go in batches. Then the
// names that no column refers to any more are blanked, and last, once no snapshot is left from
// before, the files that hold any of it are written again and the logs are dropped. Each step can
// be repeated: after a crash the deletion goes on with the phase of its record.
//
// Names are blanked in the runs of RocksDB; the running process still knows them. A column that
// refers to a blanked frame, of a stack that some cache still has the id of, writes the name again
// in its own batch (dictionary_blank.cc). Ids stay, so derived files, which have no names, do not
// change.
//
// Thread safety: Start() and Run() one thread at a time, and never beside a rollup: under the
// maintenance's run mutex. The others any.
#ifndef FLAMEKEEP_STORAGE_DELETION_H_
#define FLAMEKEEP_STORAGE_DELETION_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "storage/catalog.h"
#include "storage/committer.h"
#include "storage/database.h"
#include "storage/dictionary.h"
#include "storage/flush.h"
#include "storage/format.h"
#include "storage/level_state.h"

namespace flamekeep::storage {

class Snapshot;

// What a deletion takes away.
struct DeletionAmount {
  uint64_t series = 0;
  uint64_t columns = 0;  // at all levels
  uint64_t samples = 0;  // observations
};

struct DeletionResult {
  DeletionAmount amount;
  uint64_t names_blanked = 0;  // frames
};

// The deletion that `database` has recorded as of `options`' snapshot, if any.
absl::StatusOr<std::optional<DeletionRecord>> ReadDeletion(const Database& database,
                                                           const rocksdb::ReadOptions& options);

class Deleter {
 public:
  struct Parts {  // not owned
    DatabaseHolder* database;
    Committer* committer;
    Flusher* flusher;
    Dictionary* dictionary;
    LevelState* levels;
    Catalog* catalog;
    std::atomic<bool>* stopping;
    std::function<absl::StatusOr<std::unique_ptr<Snapshot>>()> snapshot;
    absl::Duration patience;  // how long Start() waits for a commit
  };

  // `record`: of a deletion that is not through.
  Deleter(Parts parts, std::optional<DeletionRecord> record);

  // Errors also: CANCELLED when `cancelled` turns true; the committer's error when it can not
  // write.
  absl::StatusOr<DeletionAmount> Measure(absl::Time begin, absl::Time end,
                                         std::vector<SeriesId> series,
                                         const std::function<bool()>& cancelled) const;
  // Measures and records the deletion. Errors also: UNAVAILABLE where the store can not write; it
  // may then begin later.
  absl::StatusOr<DeletionAmount> Start(absl::Time begin, absl::Time end,
                                       std::vector<SeriesId> series);
  // Goes on with it as far as that can be done now. No error where there is none, or where it
  // waits for snapshots.
  absl::Status Run();

  bool pending() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether columns that are to go may still be there: nothing may be rolled up.
  bool has_columns() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits until no deletion is pending; false after `limit`.
  bool WaitUntilThrough(absl::Duration limit) const ABSL_LOCKS_EXCLUDED(mutex_);
  // Of the last Run().
  absl::Status last_error() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Of the deletion that was through last.
  uint64_t names_blanked() const { return names_blanked_.load(); }

 private:
  // Checks the edges; with `amount` reads what goes, and it is an error where that is nothing.
  absl::StatusOr<DeletionRecord> Plan(absl::Time begin, absl::Time end,
                                      std::vector<SeriesId> series, DeletionAmount* amount,
                                      const std::function<bool()>& cancelled) const;
  // Calls `visit` with the key of each column that goes, in pieces of one level and site; the
  // database is not held while it is called.
  using KeysVisitor = absl::FunctionRef<absl::Status(Level, const std::vector<std::string>&)>;
  absl::Status ForEachColumn(const DeletionRecord& record, KeysVisitor visit) const;
  absl::Status ForEachColumnOf(const DeletionRecord& record, SiteId site, Level level,
                               KeysVisitor visit) const;
  std::vector<SiteId> SitesOf(const DeletionRecord& record) const;

  absl::Status RunPhases();
  absl::Status DeleteColumns(const DeletionRecord& record);
  absl::Status BlankNames();
  absl::Status RewriteFiles(const DeletionRecord& record, bool* done);
  // In the commit that was begun.
  void NoteChange(const DeletionRecord& record);
  absl::Status SetPhase(const DeletionRecord& record, DeletionPhase phase);
  void SetRecord(std::optional<DeletionRecord> record) ABSL_LOCKS_EXCLUDED(mutex_);

  const Parts parts_;
  std::atomic<uint64_t> files_from_{
      0};  // RocksDB's sequence number when the last phase began; 0: not yet
  std::atomic<uint64_t> names_blanked_{0};
  mutable absl::Mutex mutex_;
  std::optional<DeletionRecord> record_ ABSL_GUARDED_BY(mutex_);
  absl::Status last_error_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_DELETION_H_
