#include "storage/flush.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>

#include "absl/time/clock.h"
#include "base/status.h"
#include "storage/column_builder.h"
#include "storage/format.h"
#include "storage/replacement.h"

namespace flamekeep::storage {
namespace {

constexpr absl::Duration kMaxClockError = absl::Hours(1);
constexpr size_t kMaxNoted = 100'000;

// The last gap of a source that begins at `begin_ms` or before.
absl::StatusOr<std::optional<Gap>> LastGap(const Database& database, SourceId source,
                                           int64_t begin_ms) {
  const auto it = std::unique_ptr<rocksdb::Iterator>(
      database.db()->NewIterator(rocksdb::ReadOptions(), database.meta()));
  it->SeekForPrev(GapKey(source, begin_ms));
  FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(it->status(), "reading the gaps of a source"));
  if (!it->Valid() || !it->key().starts_with(MetaKey(MetaTag::kGap, Raw(source)))) {
    return std::nullopt;
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const auto gap, DecodeGap(View(it->key()), View(it->value())));
  return gap.second;
}

}  // namespace

absl::StatusOr<uint64_t> ReadFlushNumber(const Database& database) {
  std::string value;
  const rocksdb::Status status =
      database.db()->Get(rocksdb::ReadOptions(), database.meta(), MetaKey(MetaTag::kFlush), &value);
  if (status.IsNotFound()) return 0;
  FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(status, "reading the number of the last flush"));
  std::string_view in = value;
  uint64_t number = 0;
  if (!GetFixed64(&in, &number)) return DataLoss("the number of the last flush is malformed");
  return number;
}

Flusher::Flusher(Parts parts, uint64_t last_flush, bool reopen)
    : parts_(std::move(parts)), last_flush_(last_flush), failed_(reopen) {
  flushes_ = &parts_.metrics->GetCounter("storage_flushes_total", Severity::kInfo,
                                         "Commits to the store, each with one fsync.");
  microseconds_ = &parts_.metrics->GetCounter("storage_flush_microseconds_total", Severity::kInfo,
                                              "Time spent in commits.");
  failures_ =
      &parts_.metrics->GetCounter("storage_flush_failures_total", Severity::kError,
                                  "Commits that failed; they are tried again until they succeed.");
  expired_ = &parts_.metrics->GetCounter(
      "storage_expired_samples_total", Severity::kLoss,
      "Samples older than every level that is kept at their site: raise the retention.");
  saturated_ = &parts_.metrics->GetCounter(
      "storage_saturated_columns_total", Severity::kLoss,
      "Columns in which a value did not fit 64 bits and stands at 2^64-1.");
  refused_ = &parts_.metrics->GetCounter("storage_refused_replacements_total", Severity::kLoss,
                                         "Imported logs that could no longer be stored exactly "
                                         "when it was their turn, also for damage "
                                         "in what they replace: import them again.");
}

rocksdb::WriteBatch* Flusher::Begin(const rocksdb::WriteBatch& base) {
  pending_ = PendingCommit();
  pending_.number = last_flush_.load() + 1;
  pending_.batch = base;
  std::string number;
  PutFixed64(pending_.number, &number);
  pending_.batch.Put(MetaKey(MetaTag::kFlush), number);
  marked_.clear();
  gaps_.clear();
  return &pending_.batch;
}

absl::Status Flusher::Build() {
  HeadContents& contents = *unbuilt_;
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::shared_ptr<Database> database, parts_.database->Get());
  Begin();
  // Names first: what was interned after the contents were taken goes along and does no harm.
  parts_.catalog->TakePending(&pending_.batch);
  for (const HeadColumn& column : contents.columns) AddColumn(*database, column);
  for (const Replacement& replacement : contents.replacements) {
    FLAMEKEEP_RETURN_IF_ERROR(AddReplacement(*database, replacement));
  }
  for (const auto& [source, progress] : contents.progress) {
    FLAMEKEEP_RETURN_IF_ERROR(AddProgress(*database, source, progress));
  }
  if (contents.live.has_value()) SetLiveSources(*contents.live);
  parts_.dictionary->TakePending(&pending_.batch);
  for (const SourceId source : contents.forgotten_positions) {
    pending_.batch.Delete(MetaKey(MetaTag::kPosition, Raw(source)));
  }
  for (const BatchIdRecord& id : contents.forgotten_ids) pending_.batch.Delete(BatchIdKey(id));
  for (const BatchIdRecord& id : contents.batch_ids) pending_.batch.Put(BatchIdKey(id), "");
  for (const auto& [source, position] : contents.positions) {
    pending_.batch.Put(MetaKey(MetaTag::kPosition, Raw(source)), EncodePosition(position));
  }
  unbuilt_.reset();
  return absl::OkStatus();
}

void Flusher::AddColumn(const Database& database, const HeadColumn& column) {
  const HeadKey& key = column.key;
  const SiteId site = parts_.catalog->SiteOf(key.series);
  const std::optional<Level> level =
      FinestKept(parts_.levels->floors(site), key.resolution, key.start);
  if (!level.has_value()) {
    expired_->Add(column.observations);
    return;
  }
  const Minute start = BucketAt(*level, key.start).start;
  parts_.dictionary->NoteStacks(column.pairs);
  // A copy: what comes behind it may fail to read, and then all of it is built again.
  const BuiltColumn built = BuildColumn(column.pairs, column.observations, *parts_.dictionary);
  if (built.encoded.empty()) return;
  if (built.header.saturated) saturated_->Add();
  pending_.batch.Merge(database.level(*level),
                       EncodeColumnKey({site, start, key.series, key.source, Part::kDirect}),
                       built.encoded);
  pending_.changed.Add(site, Bucket{*level, start});
  MarkAbove(site, *level, start);
  NoteType(key.source, key.series);
}

absl::Status Flusher::AddReplacement(const Database& database, const Replacement& replacement) {
  const SiteId site =
      *parts_.catalog->InternSite(parts_.catalog->sources()[Raw(replacement.source)].site);
  const Bucket& bucket = replacement.bucket;
  absl::Status status = CheckReplacement(database, parts_.levels->floors(site), site, replacement);
  SeriesPairs content;
  if (status.ok()) status = CollectReplacement(database, site, replacement, &content);
  absl::StatusOr<std::vector<ColumnKey>> replaced = std::vector<ColumnKey>();
  if (status.ok()) replaced = ReplacedColumns(database, site, replacement);
  status.Update(replaced.status());
  // Damage stays as it is: to try again would hold up everybody's writes for ever.
  if (absl::IsFailedPrecondition(status) || absl::IsDataLoss(status)) {
    spdlog::error("a replacement was left out: {}", Message(status));
    refused_->Add();
  } else {
    FLAMEKEEP_RETURN_IF_ERROR(status);
    for (const ColumnKey& column : *replaced) {
      pending_.batch.Delete(database.level(bucket.level), EncodeColumnKey(column));
    }
    for (auto& [series, added] : content) {
      parts_.dictionary->NoteStacks(added.pairs);
      const BuiltColumn built =
          BuildColumn(std::move(added.pairs), added.observations, *parts_.dictionary);
      if (built.encoded.empty()) continue;
      if (built.header.saturated) saturated_->Add();
      pending_.batch.Put(
          database.level(bucket.level),
          EncodeColumnKey({site, bucket.start, series, replacement.source, Part::kDirect}),
          built.encoded);
      NoteType(replacement.source, series);
    }
    pending_.changed.Add(site, bucket);
    MarkAbove(site, bucket.level, bucket.start);
  }
  if (replacement.position.has_value()) {
    pending_.batch.Put(MetaKey(MetaTag::kPosition, Raw(replacement.position_source)),
                       EncodePosition(*replacement.position));
  }
  return absl::OkStatus();
}

void Flusher::MarkAbove(SiteId site, Level level, Minute start) {
  while (level != Level::kYear) {
    level = Coarser(level);
    MarkStale({BucketAt(level, start), site});
  }
}

void Flusher::MarkStale(const MarkKey& key) {
  if (!marked_.insert(key).second) return;
  const int64_t now = absl::ToUnixMillis(parts_.now());
  const std::optional<StaleMark> old = parts_.levels->mark(key);
  const StaleMark mark{pending_.number, old.has_value() ? old->first_unix_ms : now, now};
  pending_.batch.Put(StaleKey(key.site, key.bucket), EncodeStaleMark(mark));
  pending_.marks_set.emplace_back(key, mark);
}

void Flusher::SetFloor(SiteId site, Level level, Minute floor, bool capped) {
  std::string value;
  PutFixed32(floor, &value);
  pending_.batch.Put(FloorKey(site, level), value);
  if (capped) pending_.batch.Put(FloorKey(site, level, MetaTag::kCapped), value);
  pending_.floors.push_back({site, level, floor, capped});
  const Minute old = parts_.levels->floors(site)[static_cast<size_t>(level)];
  NoteChange(site, {std::min(old, floor), std::max(old, floor)});
}

void Flusher::ClearMark(const MarkKey& key) {
  pending_.batch.Delete(StaleKey(key.site, key.bucket));
  pending_.marks_cleared.push_back(key);
}

ProgressRecord Flusher::ProgressOf(SourceId source) const {
  const auto it = pending_.progress.find(source);
  if (it != pending_.progress.end()) return it->second;
  return parts_.progress->Get(source).value_or(ProgressRecord{});
}

void Flusher::SetProgress(SourceId source, const ProgressRecord& record) {
  pending_.batch.Put(MetaKey(MetaTag::kProgress, Raw(source)), EncodeProgress(record));
  pending_.progress[source] = record;
}

void Flusher::NoteType(SourceId source, SeriesId series) {
  if (noted_.contains({source, series})) return;
  const SourceKey key = parts_.catalog->SourceOf(source);
  const std::string type = parts_.catalog->ProfileTypeOf(series);
  // One client stands for all that push a type.
  const bool needless = key.kind == SourceKind::kImport ||
                        (key.kind == SourceKind::kPush && IsPushed(AllProgress(), key.site, type));
  ProgressRecord record = ProgressOf(source);
  if (!needless && record.profile_types.insert(type).second) {
    if (key.kind == SourceKind::kPush) KeepFinal(key.site, type, &record);
    SetProgress(source, record);
    return;
  }
  // What this commit only adds may have to be added again.
  if (!pending_.progress.empty()) return;
  if (noted_.size() >= kMaxNoted) noted_.clear();
  noted_.emplace(source, series);
}

KeyedRecords Flusher::AllProgress() const {
  std::map<SourceId, ProgressRecord> records = pending_.progress;
  records.merge(parts_.progress->All());
  return Keyed(std::move(records), *parts_.catalog);
}

void Flusher::KeepFinal(std::string_view site, const std::string& type,
                        ProgressRecord* client) const {
  const std::vector<FinalRange> ranges =
      FinalRangesOf(Keyed(parts_.progress->All(), *parts_.catalog), site, type);
  if (ranges.empty()) return;
  // A clock that was far ahead promised too much.
  const int64_t end = std::min(ranges.back().end_ms, absl::ToUnixMillis(parts_.now()));
  client->final_before_ms[type] = end;
  spdlog::warn("clients push {} at site {}: answers over what comes after {} are not final", type,
               site, absl::FormatTime(absl::FromUnixMillis(end), absl::UTCTimeZone()));
}

absl::Status Flusher::AddProgress(const Database& database, SourceId source,
                                  const Progress& progress) {
  const ProgressRecord before = ProgressOf(source);
  ProgressRecord record = before;
  if (record.recorded_from_ms == 0) record.recorded_from_ms = progress.begins_ms;
  // A clock that was far ahead promised too much.
  const bool bogus = record.complete_through_ms > absl::ToUnixMillis(parts_.now() + kMaxClockError);
  if (progress.complete_through_ms > record.complete_through_ms ||
      (bogus && progress.complete_through_ms != 0)) {
    record.complete_through_ms = progress.complete_through_ms;
  }
  if (record != before) SetProgress(source, record);
  for (const Gap& gap : progress.gaps) {
    FLAMEKEEP_RETURN_IF_ERROR(AddGap(database, source, gap));
  }
  return absl::OkStatus();
}

void Flusher::SetLiveSources(const std::vector<LiveSource>& live) {
  std::map<SourceId, ProgressRecord> changed = parts_.progress->All();
  for (const auto& [source, record] : pending_.progress) changed[source] = record;
  for (auto& [source, record] : changed) {
    const SourceKind kind = parts_.catalog->SourceOf(source).kind;
    record.retired = kind == SourceKind::kPubSub || kind == SourceKind::kStream;
  }
  for (const LiveSource& source : live) {
    ProgressRecord& record = changed[source.id];
    record.retired = false;
    record.profile_types.insert(source.profile_types.begin(), source.profile_types.end());
  }
  for (const auto& [source, record] : changed) {
    if (record != ProgressOf(source)) SetProgress(source, record);
  }
}

absl::Status Flusher::AddGap(const Database& database, SourceId source, Gap gap) {
  if (gap.begin_ms >= gap.end_ms) return absl::OkStatus();
  std::map<int64_t, Gap>& added = gaps_[source];
  std::optional<Gap> before;
  if (const auto it = added.upper_bound(gap.begin_ms); it != added.begin()) {
    before = std::prev(it)->second;
  } else {
    absl::StatusOr<std::optional<Gap>> last = LastGap(database, source, gap.begin_ms);
    // Beside a damaged record the gap stands by itself.
    if (!last.ok() && !absl::IsDataLoss(last.status())) return last.status();
    if (last.ok()) before = *last;
  }
  if (before.has_value() && before->begin_ms == gap.begin_ms) {
    // One key, one gap: the reason that was told first stays.
    gap = {before->begin_ms, std::max(gap.end_ms, before->end_ms), before->reason};
  } else if (before.has_value() && before->reason == gap.reason && gap.begin_ms <= before->end_ms) {
    gap = {before->begin_ms, std::max(gap.end_ms, before->end_ms), gap.reason};
  }
  added[gap.begin_ms] = gap;
  pending_.batch.Put(GapKey(source, gap.begin_ms), EncodeGap(gap));
  return absl::OkStatus();
}

absl::Status Flusher::Write() {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::shared_ptr<Database> database, parts_.database->Get());
  if (database->read_only()) {
    return Error(absl::StatusCode::kUnavailable, "the store is open for reading only");
  }
  // Before anybody can see it.
  parts_.changes->Note(pending_.changed, pending_.number);
  rocksdb::WriteOptions options;
  options.sync = true;
  return FromRocksDb(database->db()->Write(options, &pending_.batch), "writing to the store");
}

absl::StatusOr<uint64_t> Flusher::Reopen() {
  FLAMEKEEP_RETURN_IF_ERROR(
      parts_.database->Reopen(parts_.database_options, [this](Database* database) {
        parts_.dictionary->Rebind(database->db(), database->dictionary());
      }));
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::shared_ptr<Database> database, parts_.database->Get());
  return ReadFlushNumber(*database);
}

absl::Status Flusher::Commit() {
  if (unbuilt_.has_value()) {
    if (absl::Status status = Build(); !status.ok()) {
      failures_->Add();
      spdlog::error("flush {}: {}", pending_.number, Message(status));
      return status;
    }
  }
  const absl::Time start = absl::Now();
  bool durable = false;
  if (failed_) {
    const absl::StatusOr<uint64_t> last = Reopen();
    if (!last.ok()) {
      failures_->Add();
      return last.status();
    }
    failed_ = false;
    durable = *last >= pending_.number;
    spdlog::info("the store was opened again; flush {} {} reached the disk before the error",
                 pending_.number, durable ? "had" : "had not");
  }
  if (!durable) {
    if (absl::Status status = Write(); !status.ok()) {
      failed_ = true;
      failures_->Add();
      spdlog::error("flush {}: {}", pending_.number, Message(status));
      return status;
    }
  }
  Apply();
  flushes_->Add();
  microseconds_->Add(static_cast<uint64_t>(absl::ToInt64Microseconds(absl::Now() - start)));
  return absl::OkStatus();
}

void Flusher::Apply() {
  last_flush_.store(pending_.number);
  parts_.catalog->Committed();
  parts_.dictionary->Committed();
  parts_.levels->ChangeMarks(pending_.marks_set, pending_.marks_cleared);
  for (const auto& [source, record] : pending_.progress) parts_.progress->Set(source, record);
  for (const PendingCommit::Floor& floor : pending_.floors) {
    parts_.levels->SetFloor(floor.site, floor.level, floor.floor, floor.capped);
  }
}

}  // namespace flamekeep::storage
