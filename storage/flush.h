// Turns what the committer takes into WriteBatches, and writes them: the CommitSink of a store.
//
// One commit is one WriteBatch with one fsync: new names, new dictionary runs, columns, positions,
// stale marks, and the number of the flush. After an error the database is opened again, and the
// same batch is written again only if the number of its flush is not there.
//
// Thread safety: the committer thread only.
#ifndef FLAMEKEEP_STORAGE_FLUSH_H_
#define FLAMEKEEP_STORAGE_FLUSH_H_

#include <rocksdb/write_batch.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "storage/catalog.h"
#include "storage/change_log.h"
#include "storage/committer.h"
#include "storage/database.h"
#include "storage/dictionary.h"
#include "storage/head.h"
#include "storage/level_state.h"
#include "storage/progress.h"

namespace flamekeep::storage {

// What is about to be committed, and what changes in memory once it is durable.
struct PendingCommit {
  uint64_t number = 0;
  rocksdb::WriteBatch batch;
  std::vector<std::pair<MarkKey, StaleMark>> marks_set;
  std::vector<MarkKey> marks_cleared;
  struct Floor {
    SiteId site{};
    Level level{};
    Minute floor = 0;
    bool capped = false;
  };
  std::vector<Floor> floors;
  std::map<SourceId, ProgressRecord> progress;
  ChangedBuckets changed;  // where answers may change
};

// 0 in a new store.
absl::StatusOr<uint64_t> ReadFlushNumber(const Database& database);

class Flusher final : public CommitSink {
 public:
  struct Parts {  // not owned
    DatabaseHolder* database;
    Database::Options database_options;
    Dictionary* dictionary;
    Catalog* catalog;
    LevelState* levels;
    ChangeLog* changes;
    ProgressTable* progress;
    Metrics* metrics;
    std::function<absl::Time()> now;
  };

  // `reopen`: the database is open for reading only, and is opened again before the first commit.
  Flusher(Parts parts, uint64_t last_flush, bool reopen);

  // Keeps the contents; they become a WriteBatch in Commit(), where an error in reading what a
  // replacement takes the place of is tried again like one in writing.
  void Prepare(HeadContents contents) override { unbuilt_ = std::move(contents); }
  absl::Status Commit() override;

  // Starts the commit of something else than the head: rollups, floors, derived files. The caller
  // adds to the batch that it returns, which has the content of `base`.
  rocksdb::WriteBatch* Begin(const rocksdb::WriteBatch& base = rocksdb::WriteBatch());
  // Add to what Begin() started.
  // `capped`: `max_bytes` asks for it.
  void SetFloor(SiteId site, Level level, Minute floor, bool capped = false);
  void ClearMark(const MarkKey& key);
  void MarkStale(const MarkKey& key);
  // Answers may change there: columns come, go, or are seen again.
  void NoteChange(SiteId site, MinuteRange range) { pending_.changed.Add(site, range); }
  void SetProgress(SourceId source, const ProgressRecord& record);

  // The number of the last durable flush. Thread safe.
  uint64_t last_flush() const { return last_flush_.load(); }

 private:
  // Makes the WriteBatch of `unbuilt_`. After an error it can be called again.
  absl::Status Build();
  void AddColumn(const Database& database, const HeadColumn& column);
  // One that can not be stored exactly, also for damage in what it must read, is left out, and
  // counted; its position moves all the same.
  absl::Status AddReplacement(const Database& database, const Replacement& replacement);
  absl::Status AddProgress(const Database& database, SourceId source, const Progress& progress);
  void SetLiveSources(const std::vector<LiveSource>& live);
  absl::Status AddGap(const Database& database, SourceId source, Gap gap);
  // Notes that a live or pushed source gives a series' profile type.
  void NoteType(SourceId source, SeriesId series);
  // As they will stand after this commit.
  KeyedRecords AllProgress() const;
  // From now on clients push the type: what is final so far stays so. Progress of this commit does
  // not count, as nobody has seen it.
  void KeepFinal(std::string_view site, const std::string& type, ProgressRecord* client) const;
  // As it will stand after this commit.
  ProgressRecord ProgressOf(SourceId source) const;
  // Sets the marks of all buckets above `level` that hold `start`.
  void MarkAbove(SiteId site, Level level, Minute start);
  absl::Status Write();
  // Opens the database again; the number of the last flush that is in it.
  absl::StatusOr<uint64_t> Reopen();
  // Takes over into memory what the commit changed.
  void Apply();

  const Parts parts_;
  std::atomic<uint64_t> last_flush_;
  std::optional<HeadContents> unbuilt_;
  PendingCommit pending_;
  std::set<MarkKey> marked_;
  std::set<std::pair<SourceId, SeriesId>> noted_;    // whose types are durable
  std::map<SourceId, std::map<int64_t, Gap>> gaps_;  // of this commit, by begin
  bool failed_;                                      // the database is to be opened again

  Counter* flushes_ = nullptr;
  Counter* failures_ = nullptr;
  Counter* expired_ = nullptr;
  Counter* saturated_ = nullptr;
  Counter* refused_ = nullptr;
  Counter* microseconds_ = nullptr;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_FLUSH_H_
