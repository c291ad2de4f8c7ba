// A Flamekeep store: one directory that holds profiles as columns, written by one committer.
//
// Writing. Ingest interns frames, stacks, series and sources, and appends batches of samples; they
// are added up in memory (the head) and written by the committer thread in flushes: one RocksDB
// WriteBatch and one fsync hold the new dictionary runs, columns, positions and marks. The
// promises:
//   1. what was acknowledged (its ticket is durable) survives kill -9 and power loss;
//   2. a batch that is delivered again is counted once: its position is in the same WriteBatch;
//   3. a torn or missing flush leaves nothing behind;
//   4. after a commit error the committer reopens RocksDB and writes the flush again only if it is
//   not
//      there; until then the head stays in memory and appends beyond its bound are refused.
//
// Reading. A Snapshot (snapshot.h) is a consistent view: it plans which buckets of which level
// cover a range and reads their columns. Invariant: an answer never depends on whether a rollup has
// run.
//
// Thread safety: all methods.
#ifndef FLAMEKEEP_STORAGE_STORE_H_
#define FLAMEKEEP_STORAGE_STORE_H_

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "base/metrics.h"
#include "base/steady_clock.h"
#include "storage/batch_ids.h"
#include "storage/bucket.h"
#include "storage/dictionary.h"
#include "storage/ids.h"
#include "storage/progress.h"
#include "storage/registry.h"

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace flamekeep::storage {

struct DeletionAmount;
struct DeletionResult;
class Snapshot;
struct StoreStats;

// One line of a profile as decoded. `value` is its weight, `observations` how many samples it
// stands for (mostly 1).
struct Sample {
  Minute minute;
  SeriesId series;
  StackId stack;
  uint32_t observations = 1;
  uint64_t value = 1;
};

// Samples of one source that become durable together with its new position.
struct Batch {
  SourceId source{};
  // The finest level at which the times of the samples are known.
  Level resolution = Level::kMinute;
  std::vector<Sample> samples;
  // Where the source stands after this batch. position->number must be the last one + 1.
  std::optional<Position> position;
  // The batch's name: one that is remembered was counted.
  std::optional<BatchId> id;
  Progress progress;   // of a live source
  bool amend = false;  // an import that may change a final range
};

// What became of a batch.
struct AppendTold {
  bool duplicate = false;  // was accepted before: nothing of it counted again
  uint64_t left_out = 0;   // samples that were pushed into a final range
};

// Everything that `source` has in one bucket, given whole: it takes the place of what the same
// source gave for the bucket before. For files that are imported again when they have grown.
struct Replacement {
  SourceId source{};           // whose content it is
  SourceId position_source{};  // whose position moves; may be the same
  Bucket bucket{};
  std::vector<Sample> samples;
  // Leave out what the same source already has, as replacements, in the next finer level inside the
  // bucket (a day's log also holds the hours that were imported by themselves).
  bool subtract_finer = false;
  std::optional<Position> position;
  bool amend = false;  // may change a final range
};

// Tells a place in the sequence of accepted writes.
using Ticket = uint64_t;

struct Retention {
  // How long each level is kept; InfiniteDuration for ever. A finer level is never kept longer than
  // a coarser one.
  std::array<absl::Duration, kLevelCount> keep = {
      absl::Hours(24 * 90), absl::Hours(24 * 731), absl::InfiniteDuration(),
      absl::InfiniteDuration(), absl::InfiniteDuration()};
};

struct StoreOptions {
  std::string directory;
  bool create_if_missing = true;
  // Nothing is written and no thread runs: only Check(), Status(), what lists names, and snapshots
  // may be used.
  bool read_only = false;
  // Where the disk can not be written (it is full) the store is opened for reading, and goes over
  // to writing by itself once it can: Status().write_status says why it can not. Without this the
  // opening fails.
  bool open_unwritable = false;
  Metrics* metrics = nullptr;  // not owned; may be null
  Retention retention;
  std::map<std::string, Retention, std::less<>> site_retention;  // of sites that differ, by name
  // Where the store is larger, old minutes and then hours are given up (size_cap.h); 0: never.
  uint64_t max_bytes = 0;
  uint64_t block_cache_bytes = uint64_t{256} << 20;
  DictionaryOptions dictionary;  // read_only is taken from above

  absl::Duration flush_interval = absl::Seconds(1);
  absl::Duration min_flush_interval = absl::Milliseconds(100);  // when someone waits for a ticket
  uint64_t flush_bytes = uint64_t{4} << 20;      // a head of this size is flushed at once
  uint64_t max_head_bytes = uint64_t{64} << 20;  // beyond it Append() waits, then refuses
  absl::Duration append_timeout = absl::Seconds(10);
  // Progress of sources without any data waits so long.
  absl::Duration progress_interval = absl::Seconds(10);

  // Rollup and expiry run in the background; tests and tools turn this off and call
  // RunMaintenance().
  bool background_maintenance = true;
  // A position with a time (Position::accepted_s) is forgotten so long after it. Ages of these and
  // of ids are those of an AgeClock (age_clock.h).
  absl::Duration forget_positions_after = absl::Hours(24 * 30);
  // Batch::id is remembered for so long, and so many of them.
  absl::Duration batch_id_window = absl::Hours(24);
  size_t max_batch_ids = 1'000'000;

  absl::Duration rollup_quiet = absl::Minutes(5);
  absl::Duration rollup_at_latest = absl::Minutes(30);

  // Where files are read and written; null: the file system. Tests put faults in here. Not owned.
  rocksdb::Env* env = nullptr;

  // The clock for marks, quiet times and expiry, and the steady one for ages.
  std::function<absl::Time()> now = [] { return absl::Now(); };
  std::function<absl::Time()> steady_now = [] { return SteadyNow(); };

  const Retention& RetentionOf(std::string_view site) const;
};

struct SourceStatus {
  SourceId id{};
  SourceKey key;
  Position position;  // durable
  std::optional<ProgressRecord> progress;
};

struct LevelStatus {
  Level level{};
  uint64_t bytes = 0;  // on disk, estimated by RocksDB; 0 while that can not be opened
  uint64_t stale = 0;  // buckets that wait for rollup
};

// What `max_bytes` does.
struct CapStatus {
  uint64_t max_bytes = 0;  // 0: none
  // As of the last look, which comes every few seconds.
  uint64_t live_bytes = 0;     // of the files that the store consists of
  uint64_t leaving_bytes = 0;  // of these, given up or expired and still to be freed; estimated
  uint64_t unmet_bytes = 0;    // beyond max_bytes with nothing left that may go

  struct Removed {
    std::string site;
    Level level{};
    absl::Time before;  // buckets of the level that begin earlier were given up
  };
  std::vector<Removed> removed;  // where retention alone would keep them
};

struct StoreStatus {
  uint64_t last_flush = 0;
  uint64_t head_bytes = 0;
  absl::Status write_status;  // not OK while the committer can not write
  std::array<LevelStatus, kLevelCount> levels;
  uint64_t dictionary_bytes = 0;
  uint64_t directory_bytes = 0;  // of all files of the store
  uint64_t series = 0;
  bool deleting = false;  // Delete() was called and is not through yet
  DictionaryStats dictionary;
  CapStatus cap;
};

class Store {
 public:
  // Opens or makes the store. Errors: FAILED_PRECONDITION where another process has it open, its
  // format is unknown, or the directory holds something else; DATA_LOSS where it is damaged;
  // RESOURCE_EXHAUSTED where the disk is full, UNAVAILABLE where it fails otherwise; the message
  // names the directory and what to do.
  static absl::StatusOr<std::unique_ptr<Store>> Open(StoreOptions options);
  // Flushes and closes.
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  Dictionary& dictionary();
  const Dictionary& dictionary() const;

  // Finds or makes. Errors: INVALID_ARGUMENT for a name outside its rules; UNAVAILABLE for a new
  // site while the committer can not write, after append_timeout.
  absl::StatusOr<SeriesId> InternSeries(const SeriesKey& key);
  absl::StatusOr<SourceId> InternSource(const SourceKey& key);
  absl::StatusOr<SiteId> InternSite(std::string_view name);
  // Of a source that is there.
  std::optional<SourceId> FindSource(const SourceKey& key) const;

  // What the registry holds now. Ids are indexes into the vectors (series 0 and source 0 are
  // unused).
  std::vector<std::string> Sites() const;
  std::vector<SeriesKey> Series() const;
  std::vector<SourceStatus> Sources() const;

  // The last accepted position of a source, durable or not; nothing for one that is new.
  std::optional<Position> AcceptedPosition(SourceId source) const;

  // What Position::accepted_s is to be for a position that may be forgotten.
  absl::Time PositionTime() const;
  // Between these the position of a source does not grow old: its client is connected. Held once,
  // whoever holds it.
  void HoldPosition(SourceId source);
  void ReleasePosition(SourceId source);

  // Says which live sources are configured: the others are retired. Holds with the next flush.
  void SetLiveSources(std::vector<LiveSource> live);
  // The durable progress of a source.
  std::optional<ProgressRecord> ProgressOf(SourceId source) const;
  // Where a site's profile types (five parts) can not change any more, by what is durable: ranges
  // apart and in order. Sources that were never read do not count; types without such a range are
  // left out.
  std::map<std::string, std::vector<FinalRange>> FinalRanges(std::string_view site) const;

  // Accepts a batch; it is durable once its ticket is. A batch whose number or id was accepted
  // before is dropped, and the ticket is that of everything accepted so far. Samples that a client
  // pushes into a final range are left out. `told` (where given) says both.
  // Errors: FAILED_PRECONDITION where the number leaves a gap, or an import falls into a final
  // range without `amend`; RESOURCE_EXHAUSTED where the head is full and does not drain within
  // append_timeout (the committer can not write: see status()).
  absl::StatusOr<Ticket> Append(const Batch& batch, AppendTold* told = nullptr);
  // As Append(). Errors also: FAILED_PRECONDITION where the replacement can not be stored exactly.
  absl::StatusOr<Ticket> Replace(Replacement replacement);

  // Calls `done` once the ticket is durable: from the committer thread, so it must not block, or
  // before this returns where the ticket is durable already. Asking makes the flush come early.
  void OnDurable(Ticket ticket, absl::AnyInvocable<void()> done);
  // Waits until the ticket is durable, or until `deadline` (of SteadyNow()). Errors:
  // DEADLINE_EXCEEDED, with the committer's error where there is one.
  absl::Status WaitDurable(Ticket ticket, absl::Time deadline = absl::InfiniteFuture());
  // Flushes all that was accepted and waits for it.
  absl::Status Flush();

  // Errors: UNAVAILABLE where RocksDB is being opened again after an error and that takes long.
  absl::StatusOr<std::unique_ptr<Snapshot>> NewSnapshot() const;

  // What Delete() would remove now. Changes nothing. Errors: FAILED_PRECONDITION where an edge of
  // the range lies inside a bucket that can not be divided (no finer level is kept there, or the
  // times of samples in it are not known): names the nearest ranges that can be deleted;
  // INVALID_ARGUMENT for an empty range; NOT_FOUND where there is nothing.
  // Also CANCELLED where `cancelled` turns true.
  absl::StatusOr<DeletionAmount> MeasureDeletion(
      absl::Time begin, absl::Time end, std::vector<SeriesId> series,
      const std::function<bool()>& cancelled = nullptr) const;
  // Removes what was accepted of the series in the range, at every level, for good: columns go,
  // coarser buckets are summed again from what is left, frames that no column refers to any more
  // lose their names, and the files that hold any of it are written again. Answers see all of the
  // deletion or nothing. It is finished after a crash, too. Returns when it is through: once all
  // snapshots from before are gone, and that of the caller must be. Where `cancelled` turns true it
  // returns CANCELLED, and the deletion goes on in the background. Errors: as above;
  // FAILED_PRECONDITION while another deletion is not through; UNAVAILABLE where something failed
  // after the deletion was recorded: it goes on by itself.
  absl::StatusOr<DeletionResult> Delete(absl::Time begin, absl::Time end,
                                        std::vector<SeriesId> series,
                                        const std::function<bool()>& cancelled = nullptr);

  // For who will soon close the store: breaks off rollups, deletions and backups, so that nobody
  // waits for them; what was begun goes on when the store is opened again. Samples are taken as
  // before.
  void BeginClosing();

  // Runs rollups that are due (all stale buckets whose span is over, whatever their age, if
  // `force`), derives dictionary files and applies retention, until nothing is left to do.
  absl::Status RunMaintenance(bool force = false);
  // Compacts all of RocksDB: for benchmarks and tools.
  absl::Status Compact();

  StoreStatus Status() const;
  // Sizes by level, site and column family, growth and a forecast (store_stats.h), at most
  // `max_age` old.
  absl::StatusOr<StoreStats> Stats(absl::Duration max_age = absl::ZeroDuration()) const;

  // Verifies the store: every column decodes, digests match the stacks, rolled parts equal what
  // they sum, dictionary files match their runs. One sentence for each fault. Slow: reads
  // everything. Errors: UNAVAILABLE as for NewSnapshot().
  absl::StatusOr<std::vector<std::string>> Check();

 private:
  friend class BackupDirectory;
  friend class Snapshot;
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_STORE_H_
