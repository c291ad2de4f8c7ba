// The RocksDB inside a store: its options, column families and errors in words.
//
// A Database is held by shared_ptr: whoever reads keeps it open. After a failed write the committer
// must close and open it again, for which it waits until nobody holds it (DatabaseHolder).
//
// Thread safety: const access from several threads, as RocksDB gives it.
#ifndef FLAMEKEEP_STORAGE_DATABASE_H_
#define FLAMEKEEP_STORAGE_DATABASE_H_

#include <rocksdb/cache.h>
#include <rocksdb/db.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "storage/bucket.h"
#include "storage/expired_filter.h"

namespace flamekeep::storage {

inline std::string_view View(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// A RocksDB status as ours. `what` names what was being done: "writing to the store in /srv/fk".
absl::Status FromRocksDb(const rocksdb::Status& status, std::string_view what);

class Database {
 public:
  // What damage an opening for reading passes over.
  enum class Damage : uint8_t {
    kNone,
    kRestOfLog,  // what the logs hold up to the first damaged record counts
    kAny,        // damaged records of logs are left out; tables that can not be opened stay closed
  };

  struct Options {
    std::string directory;            // of the store
    Damage tolerate = Damage::kNone;  // others: if read only
    bool read_only = false;
    // Goes on without the lock where the file system does not let it be taken. If read only.
    bool lock_if_possible = false;
    std::shared_ptr<rocksdb::Cache> cache;
    rocksdb::Env* env = nullptr;  // null: the default one
    std::shared_ptr<const DeletableFloors> deletable;
  };

  // Opens the RocksDB in `<directory>/rocksdb`, making it where it is missing.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const Options& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  rocksdb::DB* db() const { return db_.get(); }
  rocksdb::ColumnFamilyHandle* meta() const { return handles_[0]; }
  rocksdb::ColumnFamilyHandle* dictionary() const { return handles_[1]; }
  rocksdb::ColumnFamilyHandle* level(Level level) const {
    return handles_[2 + static_cast<size_t>(level)];
  }
  const std::vector<rocksdb::ColumnFamilyHandle*>& all() const { return handles_; }
  bool read_only() const { return read_only_; }

  // Bytes of the files' parts that hold the keys [begin, end) of a level, estimated; with `memory`
  // also of what is not in files yet.
  absl::StatusOr<uint64_t> BytesBetween(Level level, std::string_view begin, std::string_view end,
                                        bool memory = false) const;
  // The first, and the last, bucket of a site and level in `range` that has a column.
  absl::StatusOr<std::optional<Minute>> FirstBucket(SiteId site, Level level, MinuteRange range,
                                                    rocksdb::ReadOptions options = {}) const;
  absl::StatusOr<std::optional<Minute>> LastBucket(SiteId site, Level level, MinuteRange range,
                                                   rocksdb::ReadOptions options = {}) const;
  // The sequence number of the oldest snapshot; UINT64_MAX where there is none.
  uint64_t OldestSnapshot() const;
  // Bytes of the files that a column family consists of now.
  uint64_t LiveBytes(rocksdb::ColumnFamilyHandle* family) const;
  // Bytes of the write-ahead logs.
  uint64_t LogBytes() const;

 private:
  Database() = default;

  bool read_only_ = false;
  rocksdb::Env* env_ = nullptr;
  rocksdb::FileLock* lock_ = nullptr;  // read-only: RocksDB itself takes none
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

// Writes without a log and without a sync: durable once the database is flushed.
absl::Status WriteUnlogged(const Database& database, rocksdb::WriteBatch* batch);

// The current Database of a store.
//
// Thread safety: all methods.
class DatabaseHolder {
 public:
  // How long Get() waits for a database that is being opened again.
  static constexpr absl::Duration kPatience = absl::Seconds(5);

  explicit DatabaseHolder(std::shared_ptr<Database> database, absl::Duration patience = kPatience)
      : patience_(patience), database_(std::move(database)) {}

  // The database to read from. Errors: UNAVAILABLE where it is being opened again and that takes
  // long, or does not succeed.
  absl::StatusOr<std::shared_ptr<Database>> Get() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Closes the database once nobody else holds it and opens it again. Where it can not be opened
  // for writing (a full disk) it is opened for reading, so that queries go on, and the error is
  // returned: call Reopen() again. `opened` is called with the new database before readers get it.
  absl::Status Reopen(const Database::Options& options,
                      const std::function<void(Database*)>& opened) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const absl::Duration patience_;
  mutable absl::Mutex mutex_;
  std::shared_ptr<Database> database_ ABSL_GUARDED_BY(mutex_);
  absl::Status open_error_ ABSL_GUARDED_BY(mutex_);  // while there is no database
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_DATABASE_H_
