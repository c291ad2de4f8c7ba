#include "storage/database.h"

#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status.h"
#include "base/steady_clock.h"
#include "storage/format.h"
#include "storage/merge_operator.h"

namespace flamekeep::storage {
namespace {

// What to do with a damaged store; ends a sentence.
constexpr std::string_view kSave =
    ": `flamekeep store check --repair` on the stopped store saves what can be read, or restore a "
    "backup";

// How many lines of RocksDB's there were in this minute, of all databases: one on a disk that fails
// is opened again and again, and brings some each time.
class LinesOfMinute {
 public:
  // Counts a line. Thread safe.
  static bool HasRoom() {
    static auto* const lines = new LinesOfMinute;
    absl::MutexLock lock(&lines->mutex_);
    const absl::Time now = SteadyNow();
    if (now - lines->begin_ >= absl::Minutes(1)) {
      lines->begin_ = now;
      lines->count_ = 0;
    }
    return ++lines->count_ <= kMost;
  }

 private:
  static constexpr int kMost = 10;

  absl::Mutex mutex_;
  absl::Time begin_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  int count_ ABSL_GUARDED_BY(mutex_) = 0;
};

// RocksDB's own log goes to ours, where the level is debug beyond what LinesOfMinute has room for.
// A log file of its own would end the process on a full disk: it asserts that its writes succeed.
class Log final : public rocksdb::Logger {
 public:
  Log() : Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}

  using rocksdb::Logger::Logv;
  [[gnu::format(printf, 2, 0)]] void Logv(const char* format, va_list arguments) override {
    std::array<char, 512> text{};
    vsnprintf(text.data(), text.size(), format, arguments);
    std::string_view line = text.data();
    while (line.ends_with('\n')) line.remove_suffix(1);
    spdlog::log(opened_ && LinesOfMinute::HasRoom() ? spdlog::level::warn : spdlog::level::debug,
                "rocksdb: {}", line);
    if (line.find(".log: dropping ") == std::string_view::npos) return;
    absl::MutexLock lock(&mutex_);
    // Without RocksDB's place in its source.
    if (dropped_.empty()) dropped_ = line.substr(line.rfind("] ") + 2);
  }

  // From now on lines are for the log; the error of an opening says what those before say.
  void SetOpened() { opened_ = true; }

  // The first record of a log that was damaged, in RocksDB's words, in brackets: its statuses do
  // not name the file. Empty where there is none.
  std::string dropped() const {
    absl::MutexLock lock(&mutex_);
    return dropped_.empty() ? "" : fmt::format(" ({})", dropped_);
  }

 private:
  std::atomic<bool> opened_ = false;
  mutable absl::Mutex mutex_;
  std::string dropped_ ABSL_GUARDED_BY(mutex_);
};

// A compaction that meets a damaged block is given up. RocksDB would refuse every write after that;
// the damage concerns nobody but who reads that block.
class DamageListener final : public rocksdb::EventListener {
 public:
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override {
    if (reason != rocksdb::BackgroundErrorReason::kCompaction || !error->IsCorruption()) return;
    spdlog::error("a file of the store is damaged, run `flamekeep store check`: {}",
                  error->ToString());
    *error = rocksdb::Status::OK();
  }
};

constexpr size_t kWalBytes = size_t{64} << 20;
constexpr size_t kWriteBufferBytes = size_t{16} << 20;
constexpr size_t kWriteBuffersBytes = size_t{64} << 20;  // of all column families together
constexpr size_t kBlockBytes = size_t{64} << 10;
// Every so many keys stand in full. A block is hardly ever searched, mostly walked through.
constexpr int kKeysPerRestart = 64;

rocksdb::DBOptions MakeDbOptions(const Database::Options& options, std::shared_ptr<Log> log) {
  rocksdb::DBOptions db;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.max_total_wal_size = kWalBytes;
  // The default mode cuts the log silently at the first bad record, and with it acknowledged data
  // behind the record.
  db.wal_recovery_mode = options.tolerate == Database::Damage::kNone
                             ? rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords
                         : options.tolerate == Database::Damage::kRestOfLog
                             ? rocksdb::WALRecoveryMode::kPointInTimeRecovery
                             : rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
  db.track_and_verify_wals_in_manifest = options.tolerate != Database::Damage::kAny;
  db.paranoid_checks = options.tolerate != Database::Damage::kAny;
  db.recycle_log_file_num = 0;
  // The committer opens the database again after an error; RocksDB is not to try by itself as well.
  db.max_bgerror_resume_count = 0;
  db.max_background_jobs = 2;
  db.bytes_per_sync = 1 << 20;
  db.info_log = std::move(log);
  db.listeners.push_back(std::make_shared<DamageListener>());
  // The log holds what is not flushed; a shutdown does not wait for a disk that may be failing.
  db.avoid_flush_during_shutdown = true;
  db.write_buffer_manager =
      std::make_shared<rocksdb::WriteBufferManager>(kWriteBuffersBytes, options.cache);
  if (options.env != nullptr) db.env = options.env;
  return db;
}

rocksdb::ColumnFamilyOptions MakeFamilyOptions(const Database::Options& options) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = options.cache;
  table.block_size = kBlockBytes;
  table.block_restart_interval = kKeysPerRestart;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;

  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.write_buffer_size = kWriteBufferBytes;
  family.compression = rocksdb::kZSTD;
  family.compression_opts.level = 3;
  family.level_compaction_dynamic_level_bytes = true;
  return family;
}

rocksdb::ColumnFamilyOptions MakeLevelOptions(const Database::Options& options, Level level) {
  rocksdb::ColumnFamilyOptions family = MakeFamilyOptions(options);
  family.merge_operator = std::make_shared<ColumnMergeOperator>();
  family.compaction_filter_factory = MakeExpiredFilter(level, options.deletable);
  return family;
}

// Whether the folder has data, though the file that RocksDB begins with is missing: it would make a
// new database there and delete the files.
bool IsBeheaded(rocksdb::Env* env, const std::string& path) {
  std::vector<std::string> names;
  if (!env->FileExists(path + "/CURRENT").IsNotFound()) return false;
  if (!env->GetChildren(path, &names).ok()) return false;
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return absl::EndsWith(name, ".sst") || absl::EndsWith(name, ".log");
  });
}

// Whether somebody has the store's lock. RocksDB tells it from other errors by its text alone.
bool IsLockHeld(const rocksdb::Status& status) {
  if (!status.IsIOError()) return false;
  const std::string text = status.ToString();
  if (absl::StartsWith(text, "IO error: lock hold by current process")) return true;
  const auto reason = [](int error) { return ": " + std::generic_category().message(error); };
  return absl::StartsWith(text, "IO error: While lock file: ") &&
         (absl::EndsWith(text, reason(EAGAIN)) || absl::EndsWith(text, reason(EACCES)));
}

}  // namespace

absl::Status FromRocksDb(const rocksdb::Status& status, std::string_view what) {
  if (status.ok()) return absl::OkStatus();
  const std::string reason = status.ToString();
  if (status.IsCorruption()) {
    return DataLoss("{} failed, its data are damaged ({}){}", what, reason, kSave);
  }
  if (status.IsNoSpace()) {
    return Error(absl::StatusCode::kResourceExhausted,
                 "{} failed, the disk is full: free some space", what);
  }
  return Error(absl::StatusCode::kUnavailable, "{} failed: {}", what, reason);
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const Options& options) {
  auto database = std::unique_ptr<Database>(new Database);
  database->read_only_ = options.read_only;
  const std::string path = options.directory + "/rocksdb";
  const auto log = std::make_shared<Log>();
  const rocksdb::DBOptions db_options = MakeDbOptions(options, log);
  database->env_ = db_options.env;

  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  families.emplace_back(rocksdb::kDefaultColumnFamilyName, MakeFamilyOptions(options));
  families.emplace_back(std::string(kDictionaryFamily), MakeFamilyOptions(options));
  for (const Level level : kLevels) {
    families.emplace_back(std::string(kLevelFamilies[static_cast<size_t>(level)]),
                          MakeLevelOptions(options, level));
  }

  const std::string what = "opening the store in " + options.directory;
  const auto in_use = [&] {
    return Error(absl::StatusCode::kFailedPrecondition,
                 "the store in {} is in use by another process: stop it or name another directory",
                 options.directory);
  };
  // RocksDB logs an error for a folder that it is about to make.
  if (!options.read_only) database->env_->CreateDirIfMissing(path).PermitUncheckedError();
  if (IsBeheaded(database->env_, path)) {
    return DataLoss("the store in {} is damaged and can not be opened: {}/CURRENT is missing{}",
                    options.directory, path, kSave);
  }
  rocksdb::DB* db = nullptr;
  rocksdb::Status status;
  if (options.read_only) {
    status = database->env_->LockFile(path + "/LOCK", &database->lock_);
    if (IsLockHeld(status)) return in_use();
    if (!status.ok() && !options.lock_if_possible) return FromRocksDb(status, what);
    status = rocksdb::DB::OpenForReadOnly(db_options, path, families, &database->handles_, &db);
  } else {
    status = rocksdb::DB::Open(db_options, path, families, &database->handles_, &db);
  }
  if (IsLockHeld(status)) return in_use();
  const bool missing = status.IsIOError() && status.subcode() == rocksdb::Status::kPathNotFound;
  if (status.IsInvalidArgument() || status.IsCorruption() || missing) {
    return DataLoss("the store in {} is damaged and can not be opened: {}{}{}", options.directory,
                    status.ToString(), log->dropped(), kSave);
  }
  if (!status.ok()) return FromRocksDb(status, what);
  database->db_.reset(db);
  log->SetOpened();
  return database;
}

Database::~Database() {
  if (db_ != nullptr) {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) {
      db_->DestroyColumnFamilyHandle(handle);
    }
    db_->Close();
    db_.reset();
  }
  if (lock_ != nullptr) env_->UnlockFile(lock_);
}

absl::StatusOr<uint64_t> Database::BytesBetween(Level level, std::string_view begin,
                                                std::string_view end, bool memory) const {
  rocksdb::SizeApproximationOptions options;
  options.include_memtables = memory;
  const rocksdb::Range range({begin.data(), begin.size()}, {end.data(), end.size()});
  uint64_t bytes = 0;
  FLAMEKEEP_RETURN_IF_ERROR(
      FromRocksDb(db_->GetApproximateSizes(options, this->level(level), &range, 1, &bytes),
                  "estimating the size of columns"));
  return bytes;
}

absl::StatusOr<std::optional<Minute>> Database::FirstBucket(SiteId site, Level level,
                                                            MinuteRange range,
                                                            rocksdb::ReadOptions options) const {
  const std::string end = BucketPrefix(site, range.end);
  const rocksdb::Slice upper(end);
  options.iterate_upper_bound = &upper;
  const auto it = std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(options, this->level(level)));
  it->Seek(BucketPrefix(site, range.begin));
  FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(it->status(), "looking for the oldest column"));
  if (!it->Valid()) return std::nullopt;
  FLAMEKEEP_ASSIGN_OR_RETURN(const ColumnKey key, DecodeColumnKey(View(it->key())));
  return key.start;
}

absl::StatusOr<std::optional<Minute>> Database::LastBucket(SiteId site, Level level,
                                                           MinuteRange range,
                                                           rocksdb::ReadOptions options) const {
  const std::string begin = BucketPrefix(site, range.begin);
  const rocksdb::Slice lower(begin);
  options.iterate_lower_bound = &lower;
  const auto it = std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(options, this->level(level)));
  it->SeekForPrev(BucketPrefix(site, range.end));
  FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(it->status(), "looking for the newest column"));
  if (!it->Valid()) return std::nullopt;
  FLAMEKEEP_ASSIGN_OR_RETURN(const ColumnKey key, DecodeColumnKey(View(it->key())));
  return key.start;
}

uint64_t Database::OldestSnapshot() const {
  uint64_t oldest = 0;
  db_->GetIntProperty(rocksdb::DB::Properties::kOldestSnapshotSequence, &oldest);
  return oldest == 0 ? UINT64_MAX : oldest;
}

uint64_t Database::LiveBytes(rocksdb::ColumnFamilyHandle* family) const {
  uint64_t bytes = 0;
  db_->GetIntProperty(family, rocksdb::DB::Properties::kLiveSstFilesSize, &bytes);
  return bytes;
}

uint64_t Database::LogBytes() const {
  uint64_t bytes = 0;
  std::vector<std::string> names;
  if (!env_->GetChildren(db_->GetName(), &names).ok()) return 0;
  for (const std::string& name : names) {
    uint64_t size = 0;
    const bool is_log = absl::EndsWith(name, ".log");
    if (is_log && env_->GetFileSize(db_->GetName() + "/" + name, &size).ok()) bytes += size;
  }
  return bytes;
}

absl::Status WriteUnlogged(const Database& database, rocksdb::WriteBatch* batch) {
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  return FromRocksDb(database.db()->Write(options, batch), "writing the repaired store");
}

absl::StatusOr<std::shared_ptr<Database>> DatabaseHolder::Get() const {
  absl::MutexLock lock(&mutex_);
  const bool open = mutex_.AwaitWithTimeout(
      absl::Condition(
          +[](const std::shared_ptr<Database>* database) { return *database != nullptr; },
          &database_),
      patience_);
  if (open) return database_;
  return Error(absl::StatusCode::kUnavailable,
               "the store is being opened again after an error{}{}: try again later",
               open_error_.ok() ? "" : ", which failed: ", Message(open_error_));
}

absl::Status DatabaseHolder::Reopen(const Database::Options& options,
                                    const std::function<void(Database*)>& opened) {
  std::shared_ptr<Database> old;
  {
    absl::MutexLock lock(&mutex_);
    old = std::move(database_);
  }
  // Readers end by themselves: queries have deadlines.
  while (old.use_count() > 1) absl::SleepFor(absl::Milliseconds(5));
  old.reset();

  absl::StatusOr<std::unique_ptr<Database>> fresh = Database::Open(options);
  const absl::Status status = fresh.status();
  if (!fresh.ok()) {
    Database::Options read_only = options;
    read_only.read_only = true;
    // This process had it until now, and another one can not lock what this one can not.
    read_only.lock_if_possible = true;
    fresh = Database::Open(read_only);
  }
  if (!fresh.ok()) {
    absl::MutexLock lock(&mutex_);
    open_error_ = status;
    return status;
  }
  opened(fresh->get());
  absl::MutexLock lock(&mutex_);
  open_error_ = absl::OkStatus();
  database_ = *std::move(fresh);
  return status;
}

}  // namespace flamekeep::storage
