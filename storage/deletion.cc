#include "storage/deletion.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "base/status.h"
#include "base/steady_clock.h"
#include "storage/column.h"
#include "storage/snapshot.h"

namespace flamekeep::storage {
namespace {

// Keys of one batch.
constexpr size_t kBatchKeys = 20'000;
constexpr uint32_t kStepsPerCheck = 1024;

absl::Status Closing() { return absl::CancelledError("the store is closing"); }

// The buckets above minutes that an edge of the range cuts.
std::vector<Bucket> CutBuckets(MinuteRange range) {
  std::set<Bucket> cut;
  for (const Level level : kLevels) {
    const Bucket first = BucketAt(level, range.begin);
    const Bucket last = BucketAt(level, range.end);
    if (first.start < range.begin) cut.insert(first);
    if (last.start < range.end) cut.insert(last);
  }
  return {cut.begin(), cut.end()};
}

// The error for edges that can not be met, with the nearest ranges that can.
absl::Status Refuse(const Plan& plan, const Snapshot& snapshot, absl::Time begin, absl::Time end) {
  const auto text = [](MinuteRange range) {
    return fmt::format("{} to {}", FormatMinute(range.begin), FormatMinute(range.end));
  };
  std::string nearest = text(plan.covered);
  // Inwards: past the bucket that each edge lies in.
  MinuteRange inner = plan.covered;
  const auto end_of = [&](absl::Time edge) -> absl::StatusOr<MinuteRange> {
    FLAMEKEEP_ASSIGN_OR_RETURN(
        const Plan around,
        snapshot.MakePlan(edge - absl::Nanoseconds(1), edge + absl::Nanoseconds(1), plan.series));
    return around.covered;
  };
  const absl::StatusOr<MinuteRange> first = end_of(begin);
  const absl::StatusOr<MinuteRange> last = end_of(end);
  if (first.ok() && TimeOf(plan.covered.begin) != begin) inner.begin = first->end;
  if (last.ok() && TimeOf(plan.covered.end) != end) inner.end = last->begin;
  if (!inner.empty() && inner != plan.covered) nearest += ", or within it " + text(inner);
  return Error(
      absl::StatusCode::kFailedPrecondition,
      "the range cuts a bucket that can not be divided, since no finer level is kept there "
      "or the times of its samples are not known: delete {}",
      nearest);
}

}  // namespace

absl::StatusOr<std::optional<DeletionRecord>> ReadDeletion(const Database& database,
                                                           const rocksdb::ReadOptions& options) {
  std::string value;
  const rocksdb::Status status =
      database.db()->Get(options, database.meta(), MetaKey(MetaTag::kDeletion), &value);
  if (status.IsNotFound()) return std::nullopt;
  FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(status, "reading the record of a deletion"));
  FLAMEKEEP_ASSIGN_OR_RETURN(DeletionRecord record, DecodeDeletion(value));
  return record;
}

Deleter::Deleter(Parts parts, std::optional<DeletionRecord> record)
    : parts_(std::move(parts)), record_(std::move(record)) {}

bool Deleter::pending() const {
  absl::MutexLock lock(&mutex_);
  return record_.has_value();
}

bool Deleter::has_columns() const {
  absl::MutexLock lock(&mutex_);
  return record_.has_value() && record_->phase == DeletionPhase::kColumns;
}

bool Deleter::WaitUntilThrough(absl::Duration limit) const {
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(
      absl::Condition(
          +[](const std::optional<DeletionRecord>* record) { return !record->has_value(); },
          &record_),
      limit);
}

absl::Status Deleter::last_error() const {
  absl::MutexLock lock(&mutex_);
  return last_error_;
}

void Deleter::SetRecord(std::optional<DeletionRecord> record) {
  absl::MutexLock lock(&mutex_);
  last_error_ = absl::OkStatus();
  record_ = std::move(record);
}

std::vector<SiteId> Deleter::SitesOf(const DeletionRecord& record) const {
  std::set<SiteId> sites;
  for (const SeriesId id : record.series) sites.insert(parts_.catalog->SiteOf(id));
  return {sites.begin(), sites.end()};
}

absl::StatusOr<DeletionRecord> Deleter::Plan(absl::Time begin, absl::Time end,
                                             std::vector<SeriesId> series, DeletionAmount* amount,
                                             const std::function<bool()>& cancelled) const {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::unique_ptr<Snapshot> snapshot, parts_.snapshot());
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::Plan plan,
                             snapshot->MakePlan(begin, end, std::move(series)));
  if (plan.widened) return Refuse(plan, *snapshot, begin, end);
  DeletionRecord record{.range = plan.covered, .series = plan.series};
  if (amount == nullptr) return record;
  std::set<SeriesId> found;
  const auto visit = [&](std::unique_ptr<ColumnHandle> column) -> absl::Status {
    ColumnReader reader;
    FLAMEKEEP_RETURN_IF_ERROR(reader.Open(column->encoded()));
    amount->samples += reader.header().observations;
    found.insert(column->key.series);
    return absl::OkStatus();
  };
  FLAMEKEEP_RETURN_IF_ERROR(snapshot->Read(plan, visit, [&]() -> absl::Status {
    if (parts_.stopping->load()) return Closing();
    if (cancelled != nullptr && cancelled()) return absl::CancelledError("interrupted");
    // Whoever reads keeps the database from being opened again after an error.
    return parts_.committer->write_status();
  }));
  if (found.empty()) {
    return NotFound("there is nothing to delete from {} to {}", FormatMinute(plan.covered.begin),
                    FormatMinute(plan.covered.end));
  }
  amount->series = found.size();
  return record;
}

absl::StatusOr<DeletionAmount> Deleter::Measure(absl::Time begin, absl::Time end,
                                                std::vector<SeriesId> series,
                                                const std::function<bool()>& cancelled) const {
  DeletionAmount amount;
  FLAMEKEEP_ASSIGN_OR_RETURN(const DeletionRecord record,
                             Plan(begin, end, std::move(series), &amount, cancelled));
  FLAMEKEEP_RETURN_IF_ERROR(ForEachColumn(record, [&](Level, const std::vector<std::string>& keys) {
    amount.columns += keys.size();
    return absl::OkStatus();
  }));
  return amount;
}

absl::StatusOr<DeletionAmount> Deleter::Start(absl::Time begin, absl::Time end,
                                              std::vector<SeriesId> series) {
  if (pending()) {
    return Error(absl::StatusCode::kFailedPrecondition,
                 "another deletion is not through yet: try again later");
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const DeletionAmount amount, Measure(begin, end, series, nullptr));
  // The committer may come to it after the deadline.
  const auto error = std::make_shared<absl::Status>();
  FLAMEKEEP_RETURN_IF_ERROR(parts_.committer->Run(
      [this, begin, end, series = std::move(series), error] {
        // Once more, where nothing can come in between.
        absl::StatusOr<DeletionRecord> record = Plan(begin, end, series, nullptr, nullptr);
        *error = record.status();
        if (!record.ok()) return false;
        rocksdb::WriteBatch* batch = parts_.flusher->Begin();
        batch->Put(MetaKey(MetaTag::kDeletion), EncodeDeletion(*record));
        for (const SiteId site : SitesOf(*record)) {
          parts_.flusher->NoteChange(site, record->range);
          const LevelState::Floors floors = parts_.levels->floors(site);
          for (const Bucket& bucket : CutBuckets(record->range)) {
            // Below its floor a bucket is worth nothing any more.
            if (floors[static_cast<size_t>(bucket.level)] > bucket.start) continue;
            parts_.flusher->MarkStale({bucket, site});
          }
        }
        files_from_.store(0);
        names_blanked_.store(0);
        SetRecord(*std::move(record));
        return true;
      },
      SteadyNow() + parts_.patience));
  FLAMEKEEP_RETURN_IF_ERROR(*error);
  spdlog::warn("a deletion from {} to {} begins: {} series, {} columns, {} samples",
               absl::FormatTime(absl::RFC3339_sec, begin, absl::UTCTimeZone()),
               absl::FormatTime(absl::RFC3339_sec, end, absl::UTCTimeZone()), amount.series,
               amount.columns, amount.samples);
  return amount;
}

absl::Status Deleter::Run() {
  absl::Status status = RunPhases();
  absl::MutexLock lock(&mutex_);
  last_error_ = status;
  return status;
}

absl::Status Deleter::RunPhases() {
  while (true) {
    if (parts_.stopping->load()) return absl::OkStatus();
    std::optional<DeletionRecord> current;
    {
      absl::MutexLock lock(&mutex_);
      current = record_;
    }
    if (!current.has_value()) return absl::OkStatus();
    switch (current->phase) {
      case DeletionPhase::kColumns:
        FLAMEKEEP_RETURN_IF_ERROR(DeleteColumns(*current));
        FLAMEKEEP_RETURN_IF_ERROR(SetPhase(*current, DeletionPhase::kNames));
        break;
      case DeletionPhase::kNames:
        FLAMEKEEP_RETURN_IF_ERROR(BlankNames());
        FLAMEKEEP_RETURN_IF_ERROR(SetPhase(*current, DeletionPhase::kFiles));
        break;
      case DeletionPhase::kFiles:
        bool done = false;
        FLAMEKEEP_RETURN_IF_ERROR(RewriteFiles(*current, &done));
        if (!done) return absl::OkStatus();
        FLAMEKEEP_RETURN_IF_ERROR(parts_.committer->Run([&] {
          parts_.flusher->Begin()->Delete(MetaKey(MetaTag::kDeletion));
          NoteChange(*current);
          return true;
        }));
        SetRecord(std::nullopt);
        spdlog::warn("the deletion from {} to {} is through, {} names were blanked",
                     FormatMinute(current->range.begin), FormatMinute(current->range.end),
                     names_blanked());
        break;
    }
  }
}

absl::Status Deleter::SetPhase(const DeletionRecord& record, DeletionPhase phase) {
  DeletionRecord next = record;
  next.phase = phase;
  FLAMEKEEP_RETURN_IF_ERROR(parts_.committer->Run([&] {
    parts_.flusher->Begin()->Put(MetaKey(MetaTag::kDeletion), EncodeDeletion(next));
    NoteChange(next);
    return true;
  }));
  SetRecord(std::move(next));
  return absl::OkStatus();
}

void Deleter::NoteChange(const DeletionRecord& record) {
  // What came in meanwhile may be seen again.
  for (const SiteId site : SitesOf(record)) parts_.flusher->NoteChange(site, record.range);
}

absl::Status Deleter::ForEachColumn(const DeletionRecord& record, KeysVisitor visit) const {
  for (const SiteId site : SitesOf(record)) {
    for (const Level level : kLevels) {
      FLAMEKEEP_RETURN_IF_ERROR(ForEachColumnOf(record, site, level, visit));
    }
  }
  return absl::OkStatus();
}

absl::Status Deleter::ForEachColumnOf(const DeletionRecord& record, SiteId site, Level level,
                                      KeysVisitor visit) const {
  // In a bucket that an edge cuts, the rolled part goes: it is stale, and made again from what is
  // left. One below its floor has nothing that counts.
  const Minute floor = parts_.levels->floors(site)[static_cast<size_t>(level)];
  const auto goes = [&](const ColumnKey& key) {
    if (record.Covers(level, key)) return true;
    return (key.part == Part::kRolled || key.start < floor) &&
           std::binary_search(record.series.begin(), record.series.end(), key.series);
  };
  const std::string end = BucketPrefix(site, record.range.end);
  std::string next = BucketPrefix(site, BucketAt(level, record.range.begin).start);
  while (true) {
    std::vector<std::string> keys;
    {
      FLAMEKEEP_ASSIGN_OR_RETURN(const std::shared_ptr<Database> database, parts_.database->Get());
      const rocksdb::Slice upper(end);
      rocksdb::ReadOptions options;
      options.iterate_upper_bound = &upper;
      options.fill_cache = false;
      const auto it = std::unique_ptr<rocksdb::Iterator>(
          database->db()->NewIterator(options, database->level(level)));
      uint32_t steps = 0;
      for (it->Seek(next); it->Valid() && keys.size() < kBatchKeys; it->Next()) {
        if (++steps % kStepsPerCheck == 0 && parts_.stopping->load()) return Closing();
        FLAMEKEEP_ASSIGN_OR_RETURN(const ColumnKey key, DecodeColumnKey(View(it->key())));
        if (goes(key)) keys.push_back(it->key().ToString());
      }
      FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(it->status(), "reading the columns to delete"));
    }
    if (!keys.empty()) FLAMEKEEP_RETURN_IF_ERROR(visit(level, keys));
    if (keys.size() < kBatchKeys) return absl::OkStatus();
    next = keys.back() + '\0';
  }
}

absl::Status Deleter::DeleteColumns(const DeletionRecord& record) {
  return ForEachColumn(
      record, [&](Level level, const std::vector<std::string>& keys) -> absl::Status {
        absl::Status error;
        FLAMEKEEP_RETURN_IF_ERROR(parts_.committer->Run([&] {
          const absl::StatusOr<std::shared_ptr<Database>> database = parts_.database->Get();
          if (!database.ok()) {
            error = database.status();
            return false;
          }
          rocksdb::WriteBatch* batch = parts_.flusher->Begin();
          for (const std::string& key : keys) batch->Delete((*database)->level(level), key);
          return true;
        }));
        return error;
      });
}

absl::Status Deleter::BlankNames() {
  // From here on what commits refer to is noted, so that what they bring while the columns are
  // read counts as well.
  FLAMEKEEP_RETURN_IF_ERROR(parts_.committer->Run([&] {
    parts_.dictionary->NoteUse();
    return false;
  }));
  std::vector<bool> used(parts_.dictionary->tree().size());
  {
    FLAMEKEEP_ASSIGN_OR_RETURN(const std::shared_ptr<Database> database, parts_.database->Get());
    uint32_t steps = 0;
    for (const Level level : kLevels) {
      rocksdb::ReadOptions options;
      options.fill_cache = false;
      const auto it = std::unique_ptr<rocksdb::Iterator>(
          database->db()->NewIterator(options, database->level(level)));
      for (it->SeekToFirst(); it->Valid(); it->Next()) {
        if (++steps % kStepsPerCheck == 0 && parts_.stopping->load()) return Closing();
        ColumnReader reader;
        FLAMEKEEP_RETURN_IF_ERROR(reader.Open(View(it->value())));
        while (reader.Next()) {
          for (size_t i = 0; i < reader.size(); ++i) {
            if (reader.stacks()[i] < used.size()) used[reader.stacks()[i]] = true;
          }
        }
        FLAMEKEEP_RETURN_IF_ERROR(reader.status());
      }
      FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(it->status(), "reading what columns refer to"));
    }
  }
  Dictionary::Blanking plan = parts_.dictionary->PlanBlanking(std::move(used));
  uint64_t blanked = 0;
  FLAMEKEEP_RETURN_IF_ERROR(parts_.committer->Run([&] {
    rocksdb::WriteBatch* batch = parts_.flusher->Begin();
    blanked = parts_.dictionary->BlankUnused(std::move(plan), batch);
    return blanked > 0;
  }));
  names_blanked_.store(blanked);
  return absl::OkStatus();
}

absl::Status Deleter::RewriteFiles(const DeletionRecord& record, bool* done) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::shared_ptr<Database> database, parts_.database->Get());
  if (database->read_only()) return absl::OkStatus();
  rocksdb::DB* const db = database->db();
  if (files_from_.load() == 0) files_from_.store(db->GetLatestSequenceNumber());
  // A snapshot keeps what it can see in the files.
  if (database->OldestSnapshot() < files_from_.load()) return absl::OkStatus();
  FLAMEKEEP_RETURN_IF_ERROR(
      FromRocksDb(db->Flush(rocksdb::FlushOptions(), database->all()), "flushing the store"));
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  options.canceled = parts_.stopping;
  const auto compact = [&](rocksdb::ColumnFamilyHandle* family, const std::string& begin,
                           const std::string& end) -> absl::Status {
    if (parts_.stopping->load()) return Closing();
    const rocksdb::Slice first(begin);
    const rocksdb::Slice last(end);
    return FromRocksDb(db->CompactRange(options, family, &first, &last),
                       "writing files again without what was deleted");
  };
  for (const SiteId site : SitesOf(record)) {
    for (const Level level : kLevels) {
      FLAMEKEEP_RETURN_IF_ERROR(compact(
          database->level(level), BucketPrefix(site, BucketAt(level, record.range.begin).start),
          BucketPrefix(site, record.range.end)));
    }
  }
  FLAMEKEEP_RETURN_IF_ERROR(compact(database->dictionary(), RunKey(RunTag::kFrames, 0),
                                    RunKey(RunTag::kFrames, UINT32_MAX)));
  // Files that nothing needs any more go now, not some time later.
  FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(db->DisableFileDeletions(), "dropping old files"));
  FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(db->EnableFileDeletions(false), "dropping old files"));
  *done = true;
  return absl::OkStatus();
}

}  // namespace flamekeep::storage
