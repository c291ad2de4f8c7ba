#include "storage/backup.h"

#include <fcntl.h>
#include <rocksdb/env.h>
#include <rocksdb/utilities/backup_engine.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "base/status.h"
#include "storage/database.h"
#include "storage/format.h"
#include "storage/store_directory.h"
#include "storage/store_impl.h"
#include "storage/system_error.h"

namespace flamekeep::storage {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kCallbackBytes = uint64_t{4} << 20;
constexpr absl::Duration kRestorePoll = absl::Milliseconds(100);

// "format N flush M": what a backup's entry in the engine says about its store.
std::string Metadata(uint64_t last_flush) {
  return fmt::format("format {} flush {}", kStoreFormat, last_flush);
}

struct ParsedMetadata {
  std::string format;
  uint64_t last_flush = 0;
};

std::optional<ParsedMetadata> ParseMetadata(std::string_view text) {
  const std::vector<std::string> words = absl::StrSplit(std::string(text), ' ');
  ParsedMetadata parsed;
  if (words.size() != 4 || words[0] != "format" || words[2] != "flush" ||
      !absl::SimpleAtoi(words[3], &parsed.last_flush)) {
    return std::nullopt;
  }
  parsed.format = words[1];
  return parsed;
}

BackupInfo FromEngine(const rocksdb::BackupInfo& from) {
  BackupInfo info{
      .id = from.backup_id, .made = absl::FromUnixSeconds(from.timestamp), .bytes = from.size};
  const std::optional<ParsedMetadata> parsed = ParseMetadata(from.app_metadata);
  if (parsed.has_value()) {
    info.last_flush = parsed->last_flush;
  } else {
    info.fault = "it is not a backup of a Flamekeep store";
  }
  return info;
}

// The engine's copy stops at the next chance once this was called; other engines are not touched.
class Stopper {
 public:
  Stopper(rocksdb::BackupEngine* engine, const BackupProgress& progress)
      : engine_(engine), progress_(progress) {}

  void OnCallback() {
    bytes_ += kCallbackBytes;
    if (progress_ == nullptr || stopped_ || progress_(bytes_)) return;
    stopped_ = true;
    engine_->StopBackup();
  }
  bool stopped() const { return stopped_; }

 private:
  rocksdb::BackupEngine* const engine_;
  const BackupProgress& progress_;
  std::atomic<uint64_t> bytes_{0};
  std::atomic<bool> stopped_{false};
};

// It was empty.
void ClearDirectory(const std::string& directory) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, ignored)) {
    fs::remove_all(entry.path(), ignored);
  }
}

// Makes a store of restored files, in which nothing expires and nobody is forgotten by maintenance.
absl::StatusOr<std::unique_ptr<Store>> OpenRestored(const std::string& directory) {
  // After the files, so that a restore that was killed is no store.
  FLAMEKEEP_RETURN_IF_ERROR(CompleteStoreDirectory(directory));
  StoreOptions options;
  options.directory = directory;
  options.create_if_missing = false;
  options.background_maintenance = false;
  options.retention.keep.fill(absl::InfiniteDuration());
  options.forget_positions_after = absl::InfiniteDuration();
  return Store::Open(options);
}

}  // namespace

struct BackupDirectory::Impl {
  std::string directory;
  int lock = -1;  // -1: a directory that can only be read, and has no LOCK
  std::unique_ptr<rocksdb::BackupEngine> writer;
  std::unique_ptr<rocksdb::BackupEngineReadOnly> reader;

  ~Impl() {
    if (lock >= 0) close(lock);
  }

  const rocksdb::BackupEngineReadOnlyBase& engine() const {
    if (writer != nullptr) return *writer;
    return *reader;
  }
  absl::StatusOr<rocksdb::BackupInfo> Find(BackupId id) const;
};

absl::StatusOr<rocksdb::BackupInfo> BackupDirectory::Impl::Find(BackupId id) const {
  rocksdb::BackupInfo info;
  const rocksdb::Status found = engine().GetBackupInfo(id, &info);
  if (found.ok()) return info;
  std::vector<rocksdb::BackupID> corrupt;
  engine().GetCorruptedBackups(&corrupt);
  if (std::find(corrupt.begin(), corrupt.end(), id) != corrupt.end()) {
    return DataLoss("backup {} in {} is damaged: use another, see `flamekeep backup list`", id,
                    directory);
  }
  return NotFound("there is no backup {} in {}: see `flamekeep backup list`", id, directory);
}

BackupDirectory::BackupDirectory(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BackupDirectory::~BackupDirectory() = default;

absl::StatusOr<std::unique_ptr<BackupDirectory>> BackupDirectory::Open(const std::string& directory,
                                                                       Access access) {
  const bool writes = access == Access::kWrite;
  std::error_code error;
  if (!fs::exists(directory, error)) {
    if (!writes) return NotFound("there is no directory {}: name that of the backups", directory);
    if (!fs::create_directories(directory, error)) {
      return Error(absl::StatusCode::kFailedPrecondition,
                   "the directory {} can not be made ({}): name one that can be written", directory,
                   error.message());
    }
  }
  if (!fs::is_directory(directory, error)) {
    return Error(absl::StatusCode::kFailedPrecondition, "{} is not a directory: name another",
                 directory);
  }
  // The engine keeps its list in meta/. Anything else is not ours to write into.
  if (!fs::exists(directory + "/meta", error)) {
    for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
      if (entry.path().filename() == "LOCK") continue;
      return Error(absl::StatusCode::kFailedPrecondition,
                   "{} holds other files (\"{}\") and no backups: name another directory",
                   directory, entry.path().filename().string());
    }
    if (!writes) return NotFound("there are no backups in {}", directory);
  }

  auto impl = std::make_unique<Impl>();
  impl->directory = directory;
  const std::string lock = directory + "/LOCK";
  impl->lock = open(lock.c_str(), (writes ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC, 0644);
  if (impl->lock < 0 && writes) {
    return Error(absl::StatusCode::kFailedPrecondition, "{}: name a directory that can be written",
                 Message(SystemError("open", lock)));
  }
  if (impl->lock >= 0 && flock(impl->lock, (writes ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
    return Error(absl::StatusCode::kAborted,
                 "another process works on the backups in {}: try again when it is done",
                 directory);
  }

  rocksdb::BackupEngineOptions options(directory);
  options.callback_trigger_interval_size = kCallbackBytes;
  rocksdb::IOStatus opened;
  if (writes) {
    rocksdb::BackupEngine* engine = nullptr;
    opened = rocksdb::BackupEngine::Open(options, rocksdb::Env::Default(), &engine);
    impl->writer.reset(engine);
  } else {
    rocksdb::BackupEngineReadOnly* engine = nullptr;
    opened = rocksdb::BackupEngineReadOnly::Open(options, rocksdb::Env::Default(), &engine);
    impl->reader.reset(engine);
  }
  FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(opened, "opening the backups in " + directory));
  return std::unique_ptr<BackupDirectory>(new BackupDirectory(std::move(impl)));
}

std::vector<BackupInfo> BackupDirectory::List() const {
  std::vector<rocksdb::BackupInfo> sound;
  impl_->engine().GetBackupInfo(&sound);
  std::vector<BackupInfo> list;
  list.reserve(sound.size());
  for (const rocksdb::BackupInfo& info : sound) list.push_back(FromEngine(info));
  std::vector<rocksdb::BackupID> corrupt;
  impl_->engine().GetCorruptedBackups(&corrupt);
  for (const rocksdb::BackupID id : corrupt) {
    list.push_back(
        {.id = id, .made = absl::InfinitePast(), .fault = "files of it are missing or damaged"});
  }
  std::sort(list.begin(), list.end(),
            [](const BackupInfo& a, const BackupInfo& b) { return a.id < b.id; });
  return list;
}

absl::StatusOr<BackupInfo> BackupDirectory::Create(const Store& store,
                                                   const BackupProgress& progress) {
  // Whoever holds the database keeps it from being opened again after an error, so the copy stops
  // when one comes.
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::shared_ptr<Database> database, store.impl_->database.Get());
  const BackupProgress go_on = [&](uint64_t bytes) {
    if (store.impl_->stopping.load()) return false;
    const Committer* committer = store.impl_->committer.get();
    if (committer != nullptr && !committer->write_status().ok()) return false;
    return progress == nullptr || progress(bytes);
  };
  // What a backup that failed left behind must not fill the disk.
  const std::string what = "making a backup in " + impl_->directory;
  FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(impl_->writer->GarbageCollect(), what));
  Stopper stopper(impl_->writer.get(), go_on);
  rocksdb::CreateBackupOptions options;
  options.flush_before_backup = true;
  options.progress_callback = [&stopper] { stopper.OnCallback(); };
  options.decrease_background_thread_cpu_priority = true;
  options.background_thread_cpu_priority = rocksdb::CpuPriority::kLow;
  rocksdb::BackupID id = 0;
  const rocksdb::IOStatus made = impl_->writer->CreateNewBackupWithMetadata(
      options, database->db(), Metadata(store.impl_->flusher->last_flush()), &id);
  if (stopper.stopped()) {
    return Error(absl::StatusCode::kCancelled,
                 "the backup in {} was stopped and is not complete: make another",
                 impl_->directory);
  }
  FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(made, what));
  FLAMEKEEP_ASSIGN_OR_RETURN(const rocksdb::BackupInfo info, impl_->Find(id));
  return FromEngine(info);
}

absl::Status BackupDirectory::Verify(BackupId id) const {
  FLAMEKEEP_ASSIGN_OR_RETURN(const rocksdb::BackupInfo info, impl_->Find(id));
  const rocksdb::IOStatus verified =
      impl_->engine().VerifyBackup(info.backup_id, /*verify_with_checksum=*/true);
  if (verified.ok()) return absl::OkStatus();
  return DataLoss("backup {} in {} is damaged: {}: use another and prune this one", id,
                  impl_->directory, verified.ToString());
}

absl::Status BackupDirectory::Restore(BackupId id, const std::string& target,
                                      const BackupProgress& progress) const {
  FLAMEKEEP_ASSIGN_OR_RETURN(const rocksdb::BackupInfo info, impl_->Find(id));
  const std::optional<ParsedMetadata> metadata = ParseMetadata(info.app_metadata);
  if (!metadata.has_value() || metadata->format != fmt::format("{}", kStoreFormat)) {
    return Error(absl::StatusCode::kFailedPrecondition,
                 "backup {} in {} has store format \"{:.20}\", this version knows format {}: use "
                 "the Flamekeep that wrote it or a later one",
                 id, impl_->directory, metadata.has_value() ? metadata->format : info.app_metadata,
                 kStoreFormat);
  }
  FLAMEKEEP_RETURN_IF_ERROR(RequireEmptyDirectory(target));

  // The engine tells nothing while it restores, and can not be stopped: the size of what is there
  // tells, and a restore that nobody wants any more is removed when it is done.
  std::atomic<bool> wanted{true};
  absl::Notification done;
  std::thread watcher([&] {
    while (!done.WaitForNotificationWithTimeout(kRestorePoll)) {
      if (progress != nullptr && !progress(DirectoryBytes(target))) wanted = false;
    }
  });
  const std::string files = target + "/rocksdb";
  const rocksdb::IOStatus restored =
      impl_->engine().RestoreDBFromBackup(info.backup_id, files, files);
  done.Notify();
  watcher.join();
  absl::Status status;
  std::unique_ptr<Store> store;
  if (restored.IsCorruption()) {
    status = DataLoss("backup {} in {} is damaged: {}: restore another", id, impl_->directory,
                      restored.ToString());
  } else if (!restored.ok()) {
    status = FromRocksDb(restored, fmt::format("restoring backup {} to {}", id, target));
  } else if (!wanted) {
    status = absl::CancelledError("interrupted");
  } else if (absl::StatusOr<std::unique_ptr<Store>> opened = OpenRestored(target); opened.ok()) {
    store = *std::move(opened);
  } else if (absl::IsDataLoss(opened.status())) {
    status =
        DataLoss("backup {} in {} is of a damaged store, which can not be opened: restore another",
                 id, impl_->directory);
  } else {
    status = opened.status();
  }
  if (!status.ok()) {
    // What was begun must not be in the way of the next one.
    ClearDirectory(target);
    return status;
  }
  // The derived files, so that a server has them at once.
  return store->RunMaintenance();
}

absl::StatusOr<std::vector<BackupInfo>> BackupDirectory::Prune(uint32_t keep) {
  if (keep == 0) return InvalidArgument("at least one backup must be kept: give 1 or more");
  std::vector<rocksdb::BackupInfo> all;
  impl_->engine().GetBackupInfo(&all);
  for (const rocksdb::BackupInfo& info : all) {
    if (ParseMetadata(info.app_metadata).has_value()) continue;
    return Error(absl::StatusCode::kFailedPrecondition,
                 "backup {} in {} was not made by this program: name another directory",
                 info.backup_id, impl_->directory);
  }
  std::vector<BackupInfo> gone;
  std::vector<BackupInfo> sound;
  for (BackupInfo& info : List()) (info.fault.empty() ? sound : gone).push_back(std::move(info));
  if (sound.size() > keep) {
    gone.insert(gone.end(), sound.begin(), sound.end() - keep);
  }
  const std::string what = "pruning the backups in " + impl_->directory;
  for (const BackupInfo& info : gone) {
    FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(impl_->writer->DeleteBackup(info.id), what));
  }
  FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(impl_->writer->GarbageCollect(), what));
  std::sort(gone.begin(), gone.end(),
            [](const BackupInfo& a, const BackupInfo& b) { return a.id < b.id; });
  return gone;
}

}  // namespace flamekeep::storage
