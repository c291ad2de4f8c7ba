#include "storage/rollup.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "base/status.h"
#include "storage/column.h"
#include "storage/format.h"

namespace flamekeep::storage {
namespace {

// A bucket's rolled part is written in batches of about this size.
constexpr size_t kRollupBatchBytes = size_t{8} << 20;

// One rebuilding: everything it reads is as of one snapshot.
class BucketReader {
 public:
  BucketReader(std::shared_ptr<Database> database, const MarkKey& key)
      : database_(std::move(database)), key_(key), snapshot_(database_->db()->GetSnapshot()) {
    options_.snapshot = snapshot_;
    options_.fill_cache = false;
  }
  ~BucketReader() { database_->db()->ReleaseSnapshot(snapshot_); }
  BucketReader(const BucketReader&) = delete;
  BucketReader& operator=(const BucketReader&) = delete;

  // The generation of the mark as of the snapshot; 0 where there is none.
  absl::StatusOr<uint64_t> Generation() const {
    std::string value;
    const rocksdb::Status status =
        database_->db()->Get(options_, database_->meta(), StaleKey(key_.site, key_.bucket), &value);
    if (status.IsNotFound()) return 0;
    FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(status, "reading a stale mark"));
    FLAMEKEEP_ASSIGN_OR_RETURN(const StaleMark mark, DecodeStaleMark(value));
    return mark.generation;
  }

  // The keys of the columns to add up, by series.
  absl::StatusOr<std::map<SeriesId, std::vector<std::string>>> Children() const {
    std::map<SeriesId, std::vector<std::string>> children;
    const std::string end = BucketPrefix(key_.site, key_.bucket.end());
    const auto it = NewIterator(Finer(key_.bucket.level));
    for (it->Seek(BucketPrefix(key_.site, key_.bucket.start)); it->Valid() && View(it->key()) < end;
         it->Next()) {
      FLAMEKEEP_ASSIGN_OR_RETURN(const ColumnKey key, DecodeColumnKey(View(it->key())));
      children[key.series].push_back(it->key().ToString());
    }
    FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(it->status(), "reading the buckets to roll up"));
    return children;
  }

  // The series that have a rolled part now.
  absl::StatusOr<std::set<SeriesId>> Rolled() const {
    std::set<SeriesId> rolled;
    const std::string prefix = BucketPrefix(key_.site, key_.bucket.start);
    const auto it = NewIterator(key_.bucket.level);
    for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
      FLAMEKEEP_ASSIGN_OR_RETURN(const ColumnKey key, DecodeColumnKey(View(it->key())));
      if (key.part == Part::kRolled) rolled.insert(key.series);
    }
    FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(it->status(), "reading the rolled parts of a bucket"));
    return rolled;
  }

  // The sum of the columns under `keys`, encoded. Errors: NOT_FOUND where one is gone.
  absl::StatusOr<std::string> Sum(const std::vector<std::string>& keys) const {
    ColumnSum sum;
    std::vector<rocksdb::PinnableSlice> values(keys.size());
    rocksdb::ColumnFamilyHandle* family = database_->level(Finer(key_.bucket.level));
    for (size_t i = 0; i < keys.size(); ++i) {
      const rocksdb::Status status = database_->db()->Get(options_, family, keys[i], &values[i]);
      if (status.IsNotFound()) return NotFound("a column to roll up is gone");
      FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(status, "reading a column to roll up"));
      FLAMEKEEP_RETURN_IF_ERROR(sum.Add(View(values[i])));
    }
    return sum.Finish();
  }

 private:
  std::unique_ptr<rocksdb::Iterator> NewIterator(Level level) const {
    return std::unique_ptr<rocksdb::Iterator>(
        database_->db()->NewIterator(options_, database_->level(level)));
  }

  const std::shared_ptr<Database> database_;
  const MarkKey key_;
  const rocksdb::Snapshot* const snapshot_;
  rocksdb::ReadOptions options_;
};

std::string RolledKey(const MarkKey& key, SeriesId series) {
  return EncodeColumnKey({key.site, key.bucket.start, series, kAllSources, Part::kRolled});
}

// What a rebuilding writes. Collected without holding the database open, since a commit may have to
// close it.
struct RolledParts {
  std::vector<std::pair<SeriesId, std::string>> columns;
  std::vector<SeriesId> gone;
  size_t bytes = 0;
};

}  // namespace

Rollup::Rollup(Parts parts) : parts_(parts) {
  rebuilt_ = &parts_.metrics->GetCounter("storage_rollups_total", Severity::kInfo,
                                         "Buckets rebuilt from the level below.");
}

bool Rollup::IsDue(const MarkKey& key, const StaleMark& mark, absl::Time now, bool force) const {
  const Bucket& bucket = key.bucket;
  if (TimeOf(bucket.end()) > now) return false;
  // Coarser marks are set with the finer ones, so what lies below is looked at first and is gone
  // from the marks by now if it could be rebuilt.
  if (bucket.level != Level::kHour &&
      parts_.levels->HasMark(key.site, Finer(bucket.level), {bucket.start, bucket.end()})) {
    return false;
  }
  return force || now - absl::FromUnixMillis(mark.last_unix_ms) >= parts_.quiet ||
         now - absl::FromUnixMillis(mark.first_unix_ms) >= parts_.at_latest;
}

int Rollup::RunDue(absl::Time now, bool force, absl::Status* error) {
  int rebuilt = 0;
  // In the order of levels, finest first: a coarser bucket follows the finer ones in the same run.
  for (const auto& [key, mark] : parts_.levels->marks()) {
    if (parts_.stopping->load()) break;
    if (!IsDue(key, mark, now, force)) continue;
    const absl::StatusOr<bool> done = Rebuild(key, mark.generation);
    error->Update(done.status());
    if (done.ok() && *done) ++rebuilt;
  }
  return rebuilt;
}

absl::StatusOr<bool> Rollup::Rebuild(const MarkKey& key, uint64_t generation) {
  FLAMEKEEP_ASSIGN_OR_RETURN(std::shared_ptr<Database> database, parts_.database->Get());
  auto reader = std::make_unique<BucketReader>(std::move(database), key);
  // Nothing below was stale at `generation`; a later one may have made it so.
  FLAMEKEEP_ASSIGN_OR_RETURN(const uint64_t stored, reader->Generation());
  if (stored != generation) return false;
  FLAMEKEEP_ASSIGN_OR_RETURN(const auto children, reader->Children());
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::set<SeriesId> rolled, reader->Rolled());

  RolledParts parts;
  for (const SeriesId series : rolled) {
    if (!children.contains(series)) parts.gone.push_back(series);
  }
  bool current = true;
  const auto write = [&](bool last) -> absl::Status {
    absl::Status error;
    FLAMEKEEP_RETURN_IF_ERROR(parts_.committer->Run([&, last] {
      const std::optional<StaleMark> now = parts_.levels->mark(key);
      current = now.has_value() && now->generation == generation;
      if (!current) return false;
      const absl::StatusOr<std::shared_ptr<Database>> open = parts_.database->Get();
      if (!open.ok()) {
        error = open.status();
        return false;
      }
      rocksdb::WriteBatch* batch = parts_.flusher->Begin();
      rocksdb::ColumnFamilyHandle* family = (*open)->level(key.bucket.level);
      for (const auto& [series, column] : parts.columns) {
        batch->Put(family, RolledKey(key, series), column);
      }
      for (const SeriesId series : parts.gone) batch->Delete(family, RolledKey(key, series));
      if (last) parts_.flusher->ClearMark(key);
      return true;
    }));
    return error;
  };

  for (const auto& [series, keys] : children) {
    absl::StatusOr<std::string> column = reader->Sum(keys);
    // The keys are those of the first snapshot: a replacement may have taken one away since.
    if (absl::IsNotFound(column.status())) return false;
    if (!column.ok()) return column.status();
    parts.bytes += column->size();
    parts.columns.emplace_back(series, *std::move(column));
    if (parts.bytes < kRollupBatchBytes) continue;
    // The rest is read under a new snapshot; if anything changed in between, the generation tells.
    reader.reset();
    FLAMEKEEP_RETURN_IF_ERROR(write(/*last=*/false));
    if (!current) return false;
    parts = {};
    FLAMEKEEP_ASSIGN_OR_RETURN(database, parts_.database->Get());
    reader = std::make_unique<BucketReader>(std::move(database), key);
  }
  reader.reset();
  FLAMEKEEP_RETURN_IF_ERROR(write(/*last=*/true));
  if (current) rebuilt_->Add();
  return current;
}

}  // namespace flamekeep::storage
