// The parts of a Store and who owns them. For storage/*.cc only.
#ifndef FLAMEKEEP_STORAGE_STORE_IMPL_H_
#define FLAMEKEEP_STORAGE_STORE_IMPL_H_

#include <atomic>
#include <memory>
#include <optional>
#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "storage/catalog.h"
#include "storage/change_log.h"
#include "storage/committer.h"
#include "storage/database.h"
#include "storage/deletion.h"
#include "storage/dictionary.h"
#include "storage/expiry.h"
#include "storage/final_guard.h"
#include "storage/flush.h"
#include "storage/growth_log.h"
#include "storage/level_state.h"
#include "storage/maintenance.h"
#include "storage/progress.h"
#include "storage/rollup.h"
#include "storage/size_cap.h"
#include "storage/store.h"
#include "storage/store_stats.h"

namespace flamekeep::storage {

// Members are in the order of construction: each uses only those above it. The committer and the
// maintenance thread do not exist in a store that is open for reading only.
struct Store::Impl {
  Impl(StoreOptions store_options, std::shared_ptr<Database> opened)
      : options(std::move(store_options)), database(std::move(opened)) {}

  StoreOptions options;
  Metrics own_metrics;  // where options.metrics is null
  Catalog catalog;
  LevelState levels;
  ChangeLog changes;
  ProgressTable progress;
  std::shared_ptr<DeletableFloors> deletable;
  DatabaseHolder database;
  std::unique_ptr<Dictionary> dictionary;
  std::unique_ptr<Flusher> flusher;
  std::unique_ptr<Committer> committer;
  std::atomic<bool> stopping{false};
  std::optional<DeletionRecord> deletion;  // as of Load()
  std::unique_ptr<Deleter> deleter;
  std::unique_ptr<Rollup> rollup;
  std::unique_ptr<Expiry> expiry;
  std::unique_ptr<SizeCap> cap;
  std::unique_ptr<GrowthLog> growth;
  std::unique_ptr<Maintenance> maintenance;
  absl::Mutex amended_mutex;
  std::set<SourceId> amended ABSL_GUARDED_BY(amended_mutex);

  absl::Mutex stats_mutex;
  std::optional<StoreStats> stats ABSL_GUARDED_BY(stats_mutex);
  absl::Time stats_time ABSL_GUARDED_BY(stats_mutex);

  Metrics* metrics() { return options.metrics != nullptr ? options.metrics : &own_metrics; }

  // Reads registry, positions, floors and marks.
  absl::Status Load(Committer::Durable* durable);
  // A consistent view, for reading.
  absl::StatusOr<std::unique_ptr<Snapshot>> NewSnapshot() const;
  // Starts the threads. `durable` with an error of writing: the database is open for reading only,
  // and is opened for writing as soon as that is possible.
  absl::Status Start(const Database::Options& database_options, Committer::Durable durable);
  // Gives a site that has no floors those of the retention: nothing of it is stored yet, so old
  // samples go straight to the level that will be kept.
  absl::Status EnsureFloors(SiteId site);
  // Of an import into a site with live sources: keeps it out of what is final.
  std::optional<FinalGuard> GuardOf(SourceId source) const;
  // Counts and logs an import with `amend` that changed a final range.
  void NoteAmendment(SourceId source, const FinalGuard& guard) ABSL_LOCKS_EXCLUDED(amended_mutex);
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_STORE_IMPL_H_
