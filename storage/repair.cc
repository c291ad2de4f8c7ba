#include "storage/repair.h"

#include <fcntl.h>
#include <rocksdb/cache.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/functional/function_ref.h"
#include "base/status.h"
#include "storage/catalog.h"
#include "storage/check.h"
#include "storage/database.h"
#include "storage/deletion.h"
#include "storage/derived_file.h"
#include "storage/dictionary_files.h"
#include "storage/dictionary_runs.h"
#include "storage/flush.h"
#include "storage/format.h"
#include "storage/level_state.h"
#include "storage/repair_levels.h"
#include "storage/salvage.h"
#include "storage/store_directory.h"
#include "storage/system_error.h"

namespace flamekeep::storage {
namespace {

namespace fs = std::filesystem;

constexpr size_t kCacheBytes = size_t{64} << 20;
constexpr size_t kBatchBytes = size_t{4} << 20;

absl::Status Hopeless(std::string_view directory, std::string_view what, std::string_view reason) {
  return DataLoss("{} can not be repaired, {} ({}): restore a backup", directory, what, reason);
}

absl::Status RemoveAll(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (!error) return absl::OkStatus();
  return Error(absl::StatusCode::kUnavailable, "{} can not be removed: {}", path, error.message());
}

// Writes to a database in batches of some size.
class Copier {
 public:
  Copier(const Database& to, rocksdb::ColumnFamilyHandle* family) : to_(to), family_(family) {}

  absl::Status Put(std::string_view key, std::string_view value) {
    batch_.Put(family_, {key.data(), key.size()}, {value.data(), value.size()});
    return batch_.GetDataSize() < kBatchBytes ? absl::OkStatus() : Write();
  }
  rocksdb::WriteBatch* batch() { return &batch_; }
  absl::Status Write() {
    FLAMEKEEP_RETURN_IF_ERROR(WriteUnlogged(to_, &batch_));
    batch_.Clear();
    return absl::OkStatus();
  }

 private:
  const Database& to_;
  rocksdb::ColumnFamilyHandle* const family_;
  rocksdb::WriteBatch batch_;
};

class Repair {
 public:
  Repair(std::string directory, const DictionaryOptions& options)
      : directory_(std::move(directory)), workspace_(directory_ + "/repair"), options_(options) {
    options_.read_only = true;
  }

  absl::StatusOr<RepairResult> Run() {
    FLAMEKEEP_RETURN_IF_ERROR(PrepareStoreDirectory(directory_, /*create=*/false));
    FLAMEKEEP_RETURN_IF_ERROR(OpenDamaged());
    FLAMEKEEP_RETURN_IF_ERROR(LoadRegistry());
    FLAMEKEEP_RETURN_IF_ERROR(RemoveAll(workspace_));
    FLAMEKEEP_RETURN_IF_ERROR(MakeTarget());
    FLAMEKEEP_RETURN_IF_ERROR(CopyMeta());
    FLAMEKEEP_RETURN_IF_ERROR(CopyDictionary());
    LostByLevel lost;
    for (const Level level : kLevels) {
      FLAMEKEEP_ASSIGN_OR_RETURN(lost[static_cast<size_t>(level)], CopyLevel(level));
    }
    LevelRepair levels(to_.get(), &catalog_, &levels_);
    FLAMEKEEP_RETURN_IF_ERROR(levels.Run(lost));
    for (const std::string& sentence : levels.sentences()) GiveUp(sentence);
    FLAMEKEEP_RETURN_IF_ERROR(FlushTarget());
    FLAMEKEEP_RETURN_IF_ERROR(Swap());
    return std::move(result_);
  }

 private:
  void GiveUp(std::string sentence) { result_.given_up.push_back(std::move(sentence)); }

  absl::StatusOr<std::unique_ptr<Database>> Open(Database::Damage tolerate) const {
    Database::Options options;
    options.directory = directory_;
    options.read_only = true;
    options.tolerate = tolerate;
    options.cache = rocksdb::NewLRUCache(kCacheBytes);
    options.deletable = std::make_shared<DeletableFloors>();
    return Database::Open(options);
  }

  // Opens what is there, with as little given up of the logs as leaves the families consistent: all
  // behind the first damaged record goes, since later ones may use names that it defined.
  absl::Status OpenDamaged() {
    absl::StatusOr<std::unique_ptr<Database>> sound = Open(Database::Damage::kNone);
    if (sound.ok()) {
      from_ = *std::move(sound);
      return absl::OkStatus();
    }
    if (!absl::IsDataLoss(sound.status())) return sound.status();
    const std::string reason = Message(sound.status());
    // How far the logs went, where later records can be read.
    uint64_t written = 0;
    if (const auto any = Open(Database::Damage::kAny); any.ok()) {
      if (const absl::StatusOr<uint64_t> last = ReadFlushNumber(**any); last.ok()) written = *last;
    }
    absl::StatusOr<std::unique_ptr<Database>> cut = Open(Database::Damage::kRestOfLog);
    if (!cut.ok()) {
      // Tables that can not be opened, logs that are missing, or such that were cut before what
      // tables already hold.
      absl::StatusOr<std::unique_ptr<Database>> any = Open(Database::Damage::kAny);
      if (!any.ok()) {
        return Hopeless(directory_, "its files do not make a store", Message(any.status()));
      }
      from_ = *std::move(any);
      GiveUp(fmt::format("what lies in files that can not be opened is given up: {}", reason));
      return absl::OkStatus();
    }
    from_ = *std::move(cut);
    FLAMEKEEP_ASSIGN_OR_RETURN(const uint64_t kept, ReadFlushNumber(*from_));
    GiveUp(written > kept
               ? fmt::format("flushes {} to {} are given up, {} is the last one kept, because the "
                             "log that holds them is damaged: {}",
                             kept + 1, written, kept, reason)
               : fmt::format("what was flushed after flush {} is given up, because the log that "
                             "holds it is damaged: {}",
                             kept, reason));
    return absl::OkStatus();
  }

  absl::Status LoadRegistry() {
    const auto it = std::unique_ptr<rocksdb::Iterator>(
        from_->db()->NewIterator(rocksdb::ReadOptions(), from_->meta()));
    absl::Status status;
    for (const MetaTag tag : {MetaTag::kSite, MetaTag::kSeries, MetaTag::kSource, MetaTag::kFloor,
                              MetaTag::kCapped, MetaTag::kStale}) {
      const std::string prefix = MetaKey(tag);
      for (it->Seek(prefix); status.ok() && it->Valid() && it->key().starts_with(prefix);
           it->Next()) {
        const bool level =
            tag == MetaTag::kFloor || tag == MetaTag::kCapped || tag == MetaTag::kStale;
        status = level ? levels_.Load(View(it->key()), View(it->value()))
                       : catalog_.Load(View(it->key()), View(it->value()));
      }
    }
    status.Update(FromRocksDb(it->status(), "reading the registry"));
    if (status.ok()) {
      absl::StatusOr<std::optional<DeletionRecord>> deletion =
          ReadDeletion(*from_, rocksdb::ReadOptions());
      status = deletion.status();
      if (deletion.ok()) deletion_ = *std::move(deletion);
    }
    if (absl::IsDataLoss(status)) {
      return Hopeless(directory_, "its registry is damaged", Message(status));
    }
    return status;
  }

  absl::Status MakeTarget() {
    std::error_code error;
    fs::create_directory(workspace_, error);
    if (error) {
      return Error(absl::StatusCode::kUnavailable, "can not make {}: {}", workspace_,
                   error.message());
    }
    Database::Options options;
    options.directory = workspace_;
    options.cache = rocksdb::NewLRUCache(kCacheBytes);
    options.deletable = std::make_shared<DeletableFloors>();
    FLAMEKEEP_ASSIGN_OR_RETURN(to_, Database::Open(options));
    return absl::OkStatus();
  }

  absl::Status CopyMeta() {
    Copier copier(*to_, to_->meta());
    FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<LostKeys> lost,
                               ReadSalvageable(from_->db(), from_->meta(),
                                               [&](std::string_view key, std::string_view value) {
                                                 return copier.Put(key, value);
                                               }));
    if (!lost.empty()) return Hopeless(directory_, "its registry is damaged", lost[0].reason);
    return copier.Write();
  }

  // Whether the derived files hold what they were written with.
  bool NodesFilesAreSound(const DerivedRecord& record) const {
    for (uint32_t number = 0; number < record.node_blocks; ++number) {
      const auto file =
          DerivedFile::Open(directory_ + "/derived", NodesFileId(options_.block_shift, number));
      if (!file.ok() || !(*file)->VerifyChecksum().ok()) return false;
    }
    return true;
  }
  bool IndexesAreSound(const DerivedRecord& record) const {
    return std::all_of(record.indexes.begin(), record.indexes.end(), [&](const auto& index) {
      const IndexShape shape{options_.block_shift, index.first_block, index.end_block};
      if (!shape.valid()) return false;
      const auto file = DictionaryIndex::Open(directory_ + "/derived", shape);
      return file.ok() && (*file)->file().VerifyChecksum().ok();
    });
  }

  absl::StatusOr<DerivedRecord> ReadDerived() const {
    std::string encoded;
    const rocksdb::Status status =
        from_->db()->Get(rocksdb::ReadOptions(), MetaKey(MetaTag::kDerived), &encoded);
    if (status.IsNotFound()) return DerivedRecord{};
    FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(status, "reading the derived files' record"));
    return DecodeDerived(encoded);
  }

  // Frames have their names in the runs alone; stacks are in derived files, too.
  absl::Status CopyDictionary() {
    Copier copier(*to_, to_->dictionary());
    FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<LostKeys> lost,
                               ReadSalvageable(from_->db(), from_->dictionary(),
                                               [&](std::string_view key, std::string_view value) {
                                                 return copier.Put(key, value);
                                               }));
    FLAMEKEEP_RETURN_IF_ERROR(copier.Write());
    FLAMEKEEP_ASSIGN_OR_RETURN(const DerivedRecord record, ReadDerived());
    const bool derived = NodesFilesAreSound(record);
    // Without files the stacks come from the runs.
    absl::StatusOr<std::unique_ptr<Dictionary>> dictionary =
        Dictionary::Open(directory_ + (derived ? "/derived" : "/repair/none"), from_->db(),
                         from_->dictionary(), options_);
    if (!dictionary.ok()) {
      if (!absl::IsDataLoss(dictionary.status())) return dictionary.status();
      return Hopeless(directory_, "its dictionary is damaged", Message(dictionary.status()));
    }
    dictionary_ = *std::move(dictionary);
    derived_sound_ = derived && IndexesAreSound(record);
    if (lost.empty()) return absl::OkStatus();
    const StackTreeView tree = dictionary_->tree();
    for (uint32_t id = 0; id < tree.size(); ++id) {
      if (Raw(tree.frame(StackId{id})) < dictionary_->frame_count()) continue;
      return Hopeless(directory_, "names of frames are lost", lost[0].reason);
    }
    // All stacks, in place of the runs that are left.
    rocksdb::WriteBatch batch;
    RepackStackRuns(tree, 1, tree.size(), to_->dictionary(), &batch);
    FLAMEKEEP_RETURN_IF_ERROR(WriteUnlogged(*to_, &batch));
    GiveUp(
        fmt::format("runs of stacks were made again from derived files, nothing of them is lost: "
                    "{}",
                    lost[0].reason));
    return absl::OkStatus();
  }

  // Copies the sound columns that count. What could not be read is told and returned.
  absl::StatusOr<std::vector<LostKeys>> CopyLevel(Level level) {
    Copier copier(*to_, to_->level(level));
    std::vector<LostKeys> damaged;
    const auto visit = [&](std::string_view encoded, std::string_view value) -> absl::Status {
      const absl::StatusOr<ColumnKey> key = DecodeColumnKey(encoded);
      std::string fault;
      if (!key.ok()) {
        fault = "its key is malformed";
      } else if (key->start < levels_.floors(key->site)[static_cast<size_t>(level)] ||
                 (deletion_.has_value() && deletion_->Covers(level, *key))) {
        return absl::OkStatus();
      } else {
        fault = FaultOfColumn(value, *dictionary_);
      }
      if (fault.empty()) return copier.Put(encoded, value);
      std::string begin(encoded);
      std::string end = begin + '\0';
      damaged.push_back({std::move(begin), std::move(end), "a column " + fault});
      return absl::OkStatus();
    };
    absl::StatusOr<std::vector<LostKeys>> lost =
        ReadSalvageable(from_->db(), from_->level(level), visit);
    if (!lost.ok()) {
      if (!absl::IsDataLoss(lost.status())) return lost.status();
      return Hopeless(directory_, fmt::format("its {} level can not be read", LevelName(level)),
                      Message(lost.status()));
    }
    FLAMEKEEP_RETURN_IF_ERROR(copier.Write());
    lost->insert(lost->end(), damaged.begin(), damaged.end());
    for (const LostKeys& keys : *lost) {
      GiveUp(fmt::format("{} are given up: {}", LostInWords(level, keys, catalog_.sites()),
                         keys.reason));
    }
    return lost;
  }

  absl::Status FlushTarget() {
    for (rocksdb::ColumnFamilyHandle* family : to_->all()) {
      FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(to_->db()->Flush(rocksdb::FlushOptions(), family),
                                            "writing the repaired store"));
    }
    to_.reset();
    return absl::OkStatus();
  }

  // The lock of the damaged database is held until it has gone elsewhere.
  absl::Status Swap() {
    const std::string now = directory_ + "/rocksdb";
    const std::string repaired = workspace_ + "/rocksdb";
    if (renameat2(AT_FDCWD, repaired.c_str(), AT_FDCWD, now.c_str(), RENAME_EXCHANGE) != 0) {
      return SystemError("exchange", repaired);
    }
    FLAMEKEEP_RETURN_IF_ERROR(SyncPath(workspace_));
    FLAMEKEEP_RETURN_IF_ERROR(SyncPath(directory_));
    // The runs are the truth; opening makes these again.
    if (!derived_sound_) FLAMEKEEP_RETURN_IF_ERROR(RemoveAll(directory_ + "/derived"));
    std::error_code error;
    for (int number = 1; result_.damaged.empty(); ++number) {
      std::string name = fmt::format("{}/damaged-{}", directory_, number);
      if (!fs::exists(name, error)) result_.damaged = std::move(name);
    }
    if (rename(workspace_.c_str(), result_.damaged.c_str()) != 0) {
      return SystemError("rename", workspace_);
    }
    return SyncPath(directory_);
  }

  const std::string directory_;
  const std::string workspace_;
  DictionaryOptions options_;
  std::unique_ptr<Database> from_;
  std::unique_ptr<Database> to_;
  Catalog catalog_;
  LevelState levels_;
  std::optional<DeletionRecord> deletion_;
  std::unique_ptr<Dictionary> dictionary_;  // of from_
  bool derived_sound_ = false;
  RepairResult result_;
};

}  // namespace

absl::StatusOr<RepairResult> RepairStore(const std::string& directory,
                                         const DictionaryOptions& dictionary) {
  Repair repair(directory, dictionary);
  return repair.Run();
}

}  // namespace flamekeep::storage
