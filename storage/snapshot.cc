#include "storage/snapshot.h"

#include <rocksdb/db.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "base/status.h"
#include "storage/deletion.h"
#include "storage/planner.h"
#include "storage/snapshot_view.h"
#include "storage/store_impl.h"

namespace flamekeep::storage {
namespace {

// Values up to this size are copied out of the iterator; larger ones are pinned in the block cache.
constexpr size_t kCopyBytes = 8 << 10;

// Columns of other series that are stepped over in a row before the next wanted one is sought:
// seeking costs as much as some ten steps.
constexpr uint32_t kMaxMisses = 16;

constexpr uint32_t kReadStepsPerCheck = 64;

constexpr double kSizeMargin = 0.1;  // of an estimate of bytes on disk

class CopiedColumn final : public ColumnHandle {
 public:
  explicit CopiedColumn(std::string_view bytes) : bytes_(bytes) {}
  std::string_view encoded() const override { return bytes_; }

 private:
  std::string bytes_;
};

class PinnedColumn final : public ColumnHandle {
 public:
  std::string_view encoded() const override { return View(slice); }
  rocksdb::PinnableSlice slice;
};

std::string KeyInWords(const ColumnKey& key, Level level) {
  return fmt::format("site {} {} {} series {} source {}", Raw(key.site), LevelName(level),
                     FormatMinute(key.start), Raw(key.series), Raw(key.source));
}

class SnapshotImpl final : public Snapshot {
 public:
  // `last_commit` is durable.
  SnapshotImpl(std::shared_ptr<Database> database, const Catalog* catalog, const ChangeLog* changes,
               uint64_t last_commit, const Dictionary& dictionary)
      : database_(std::move(database)),
        catalog_(catalog),
        changes_(changes),
        last_commit_(last_commit),
        snapshot_(database_->db()->GetSnapshot()),
        tree_(dictionary.tree()) {
    options_.snapshot = snapshot_;
  }
  ~SnapshotImpl() override { database_->db()->ReleaseSnapshot(snapshot_); }

  // Reads what is being deleted as of the snapshot.
  absl::Status Load() {
    FLAMEKEEP_ASSIGN_OR_RETURN(deletion_, ReadDeletion(*database_, options_));
    if (deletion_.has_value() && deletion_->phase != DeletionPhase::kColumns) deletion_.reset();
    return absl::OkStatus();
  }

  absl::StatusOr<Plan> MakePlan(absl::Time begin, absl::Time end, std::vector<SeriesId> series,
                                absl::FunctionRef<absl::Status()> check) const override;
  absl::StatusOr<std::vector<Minute>> Divide(absl::Span<const Minute> edges,
                                             absl::FunctionRef<absl::Status()> check,
                                             Plan* plan) const override;
  absl::Status Read(const Plan& plan,
                    absl::FunctionRef<absl::Status(std::unique_ptr<ColumnHandle>)> visit,
                    absl::FunctionRef<absl::Status()> check) const override;
  absl::Status ReadKeys(const Plan& plan,
                        absl::FunctionRef<absl::Status(Level, const ColumnKey&)> visit,
                        absl::FunctionRef<absl::Status()> check) const override;
  absl::StatusOr<std::optional<Minute>> FirstBucket(SiteId site, Level level,
                                                    MinuteRange range) const override {
    return database_->FirstBucket(site, level, range, options_);
  }
  absl::StatusOr<std::optional<Minute>> LastBucket(SiteId site, Level level,
                                                   MinuteRange range) const override {
    return database_->LastBucket(site, level, range, options_);
  }
  absl::StatusOr<Completeness> CompletenessOf(
      const Plan& plan, std::string_view profile_type,
      absl::FunctionRef<bool(std::string_view site)> matches,
      absl::FunctionRef<absl::Status()> check) const override;
  std::optional<uint64_t> ContentStamp(const Plan& plan) const override {
    const uint64_t last = changes_->LastChange(SitesOf(plan), plan.covered);
    return last <= last_commit_ ? std::optional(last) : std::nullopt;
  }
  std::vector<uint64_t> EstimateBytes(const Plan& plan) const override;
  const StackTreeView& tree() const override { return tree_; }

 private:
  SnapshotView ViewOf(absl::Span<const SeriesId> series,
                      absl::FunctionRef<absl::Status()> check) const {
    return {*database_, options_, deletion_, series, check};
  }

  // Sorted, each once.
  std::vector<SiteId> SitesOf(const Plan& plan) const {
    std::vector<SiteId> sites;
    sites.reserve(plan.series.size());
    for (const SeriesId id : plan.series) sites.push_back(catalog_->SiteOf(id));
    std::sort(sites.begin(), sites.end());
    sites.erase(std::unique(sites.begin(), sites.end()), sites.end());
    return sites;
  }

  bool IsDeleted(Level level, const ColumnKey& key) const {
    return deletion_.has_value() && deletion_->Covers(level, key);
  }

  // Calls `visit` where the iterator stands at a column that is wanted.
  using VisitEntry = absl::FunctionRef<absl::Status(const rocksdb::Iterator&, const ColumnKey&)>;
  absl::Status ScanPiece(const Plan& plan, const Piece& piece, VisitEntry visit,
                         absl::FunctionRef<absl::Status()> check) const;
  absl::StatusOr<std::unique_ptr<ColumnHandle>> MakeHandle(const rocksdb::Iterator& it,
                                                           const ColumnKey& key, Level level) const;

  const std::shared_ptr<Database> database_;
  const Catalog* const catalog_;
  const ChangeLog* const changes_;
  const uint64_t last_commit_;
  const rocksdb::Snapshot* const snapshot_;
  rocksdb::ReadOptions options_;
  const StackTreeView tree_;
  std::optional<DeletionRecord> deletion_;  // readers pass over its columns
};

absl::StatusOr<Plan> SnapshotImpl::MakePlan(absl::Time begin, absl::Time end,
                                            std::vector<SeriesId> series,
                                            absl::FunctionRef<absl::Status()> check) const {
  const std::string from = absl::FormatTime(begin, absl::UTCTimeZone());
  const std::string to = absl::FormatTime(end, absl::UTCTimeZone());
  if (begin >= end) {
    return InvalidArgument("the range from {} to {} is empty or upside down: its end must be later",
                           from, to);
  }
  const std::optional<Minute> first = MinuteOf(begin);
  const std::optional<Minute> last = MinuteOf(end - absl::Nanoseconds(1));
  if (!first.has_value() || !last.has_value()) {
    return InvalidArgument("the range from {} to {} leaves the years 1970 to 9574", from, to);
  }
  Plan plan;
  std::sort(series.begin(), series.end());
  series.erase(std::unique(series.begin(), series.end()), series.end());
  plan.series = std::move(series);

  const std::vector<SiteId> sites = SitesOf(plan);
  SnapshotView view = ViewOf(plan.series, check);
  FLAMEKEEP_RETURN_IF_ERROR(view.Load());
  plan.covered = WidenRange(view, sites, {*first, *last + 1});
  FLAMEKEEP_RETURN_IF_ERROR(view.stopped());
  plan.widened = TimeOf(plan.covered.begin) != begin || TimeOf(plan.covered.end) != end;
  for (const SiteId site : sites) {
    std::vector<Piece> pieces = CoverRange(view, site, plan.covered);
    plan.pieces.insert(plan.pieces.end(), pieces.begin(), pieces.end());
    FLAMEKEEP_RETURN_IF_ERROR(view.stopped());
  }
  return plan;
}

absl::StatusOr<std::vector<Minute>> SnapshotImpl::Divide(absl::Span<const Minute> edges,
                                                         absl::FunctionRef<absl::Status()> check,
                                                         Plan* plan) const {
  const std::vector<SiteId> sites = SitesOf(*plan);
  SnapshotView view = ViewOf(plan->series, check);
  FLAMEKEEP_RETURN_IF_ERROR(view.Load());
  std::vector<Minute> divided = {plan->covered.begin};
  for (const Minute edge : edges) {
    const Minute moved = LastDividable(view, sites, edge);
    FLAMEKEEP_RETURN_IF_ERROR(view.stopped());
    if (moved > divided.back()) divided.push_back(moved);
  }
  divided.push_back(plan->covered.end);
  plan->pieces.clear();
  for (const SiteId site : sites) {
    std::vector<Piece> pieces = CoverParts(view, site, divided);
    plan->pieces.insert(plan->pieces.end(), pieces.begin(), pieces.end());
    FLAMEKEEP_RETURN_IF_ERROR(view.stopped());
  }
  return divided;
}

absl::StatusOr<Completeness> SnapshotImpl::CompletenessOf(
    const Plan& plan, std::string_view profile_type,
    absl::FunctionRef<bool(std::string_view site)> matches,
    absl::FunctionRef<absl::Status()> check) const {
  const int64_t begin_ms = plan.covered.begin * kMsPerMinute;
  const int64_t end_ms = plan.covered.end * kMsPerMinute;
  Completeness found;
  KeyedRecords records;
  std::set<std::string> sites;  // that have a matching series or a source of the type
  for (const SeriesId id : plan.series) sites.insert(catalog_->SiteNameOf(id));
  const auto it =
      std::unique_ptr<rocksdb::Iterator>(database_->db()->NewIterator(options_, database_->meta()));
  std::vector<std::pair<SourceId, SourceKey>> live;
  const std::string prefix = MetaKey(MetaTag::kProgress);
  uint32_t steps = 0;
  for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
    if (++steps % kReadStepsPerCheck == 0) FLAMEKEEP_RETURN_IF_ERROR(check());
    FLAMEKEEP_ASSIGN_OR_RETURN(const SourceId source, DecodeProgressKey(View(it->key())));
    FLAMEKEEP_ASSIGN_OR_RETURN(ProgressRecord record, DecodeProgress(View(it->value())));
    SourceKey key = catalog_->SourceOf(source);
    if (!record.profile_types.contains(std::string(profile_type)) || !matches(key.site)) continue;
    if (key.kind != SourceKind::kPush) {
      sites.insert(key.site);
      live.emplace_back(source, key);
    }
    records.emplace_back(std::move(key), std::move(record));
  }
  found.final = !sites.empty();
  for (const std::string& site : sites) {
    const std::vector<FinalRange> ranges = FinalRangesOf(records, site, profile_type);
    found.final = found.final && std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
                    return range.begin_ms <= begin_ms && end_ms <= range.end_ms;
                  });
    const std::optional<int64_t> through = CompleteThrough(records, site, profile_type);
    if (!through.has_value()) continue;
    found.complete_through_ms = std::min(found.complete_through_ms.value_or(*through), *through);
  }
  for (const auto& [source, key] : live) {
    // A gap that begins before the range may reach into it; they do not overlap for one reason.
    const std::string gaps = MetaKey(MetaTag::kGap, Raw(source));
    for (it->Seek(gaps); it->Valid() && it->key().starts_with(gaps); it->Next()) {
      if (++steps % kReadStepsPerCheck == 0) FLAMEKEEP_RETURN_IF_ERROR(check());
      FLAMEKEEP_ASSIGN_OR_RETURN(const auto gap, DecodeGap(View(it->key()), View(it->value())));
      if (gap.second.begin_ms >= end_ms) break;
      if (gap.second.end_ms > begin_ms) found.gaps.push_back({key, gap.second});
    }
  }
  FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(it->status(), "reading the progress of sources"));
  std::sort(found.gaps.begin(), found.gaps.end());
  return found;
}

std::vector<uint64_t> SnapshotImpl::EstimateBytes(const Plan& plan) const {
  std::vector<uint64_t> bytes;
  bytes.reserve(plan.pieces.size());
  for (const Piece& piece : plan.pieces) {
    const std::string begin = BucketPrefix(piece.site, piece.range.begin);
    const std::string end = BucketPrefix(piece.site, piece.range.end);
    const rocksdb::Range range(begin, end);
    uint64_t size = 0;
    rocksdb::SizeApproximationOptions options;
    options.include_memtables = true;
    options.files_size_error_margin = kSizeMargin;
    // An estimate that can not be had is none.
    database_->db()
        ->GetApproximateSizes(options, database_->level(piece.level), &range, 1, &size)
        .PermitUncheckedError();
    bytes.push_back(size);
  }
  return bytes;
}

absl::Status SnapshotImpl::Read(
    const Plan& plan, absl::FunctionRef<absl::Status(std::unique_ptr<ColumnHandle>)> visit,
    absl::FunctionRef<absl::Status()> check) const {
  for (const Piece& piece : plan.pieces) {
    FLAMEKEEP_RETURN_IF_ERROR(check());
    FLAMEKEEP_RETURN_IF_ERROR(ScanPiece(
        plan, piece,
        [&](const rocksdb::Iterator& it, const ColumnKey& key) -> absl::Status {
          FLAMEKEEP_ASSIGN_OR_RETURN(std::unique_ptr<ColumnHandle> handle,
                                     MakeHandle(it, key, piece.level));
          return visit(std::move(handle));
        },
        check));
  }
  return absl::OkStatus();
}

absl::Status SnapshotImpl::ReadKeys(const Plan& plan,
                                    absl::FunctionRef<absl::Status(Level, const ColumnKey&)> visit,
                                    absl::FunctionRef<absl::Status()> check) const {
  for (const Piece& piece : plan.pieces) {
    FLAMEKEEP_RETURN_IF_ERROR(check());
    FLAMEKEEP_RETURN_IF_ERROR(ScanPiece(
        plan, piece,
        [&](const rocksdb::Iterator&, const ColumnKey& key) { return visit(piece.level, key); },
        check));
  }
  return absl::OkStatus();
}

absl::Status SnapshotImpl::ScanPiece(const Plan& plan, const Piece& piece, VisitEntry visit,
                                     absl::FunctionRef<absl::Status()> check) const {
  const std::string end = BucketPrefix(piece.site, piece.range.end);
  const rocksdb::Slice upper(end);
  rocksdb::ReadOptions options = options_;
  options.iterate_upper_bound = &upper;
  // Long scans of fine levels read ahead by themselves; large values are never stepped over.
  const uint32_t max_misses = piece.level >= Level::kDay ? 0 : kMaxMisses;
  const auto it = std::unique_ptr<rocksdb::Iterator>(
      database_->db()->NewIterator(options, database_->level(piece.level)));
  it->Seek(BucketPrefix(piece.site, piece.range.begin));
  Minute reached = piece.range.begin;
  uint32_t steps = 0;
  uint32_t misses = 0;  // in a row
  while (it->Valid()) {
    if (++steps % kReadStepsPerCheck == 0) FLAMEKEEP_RETURN_IF_ERROR(check());
    FLAMEKEEP_ASSIGN_OR_RETURN(const ColumnKey key, DecodeColumnKey(View(it->key())));
    reached = key.start;
    const auto next = std::lower_bound(plan.series.begin(), plan.series.end(), key.series);
    if (next == plan.series.end() || *next != key.series) {
      if (misses++ < max_misses) {
        it->Next();
        continue;
      }
      misses = 0;
      if (next == plan.series.end()) {
        it->Seek(SeriesPrefix(key.site, key.start + 1, plan.series.front()));
      } else {
        it->Seek(SeriesPrefix(key.site, key.start, *next));
      }
      continue;
    }
    misses = 0;
    if ((key.part == Part::kDirect || !piece.direct_only) && !IsDeleted(piece.level, key)) {
      FLAMEKEEP_RETURN_IF_ERROR(visit(*it, key));
    }
    it->Next();
  }
  if (it->status().ok()) return absl::OkStatus();
  return FromRocksDb(
      it->status(), fmt::format("reading the {}s of site \"{}\" from {} on", LevelName(piece.level),
                                catalog_->sites()[Raw(piece.site)], FormatMinute(reached)));
}

absl::StatusOr<std::unique_ptr<ColumnHandle>> SnapshotImpl::MakeHandle(const rocksdb::Iterator& it,
                                                                       const ColumnKey& key,
                                                                       Level level) const {
  std::unique_ptr<ColumnHandle> handle;
  if (it.value().size() <= kCopyBytes) {
    handle = std::make_unique<CopiedColumn>(View(it.value()));
  } else {
    auto pinned = std::make_unique<PinnedColumn>();
    const rocksdb::Status status =
        database_->db()->Get(options_, database_->level(level), it.key(), &pinned->slice);
    if (!status.ok()) return FromRocksDb(status, "reading the column " + KeyInWords(key, level));
    handle = std::move(pinned);
  }
  handle->key = key;
  handle->level = level;
  return handle;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Snapshot>> Store::NewSnapshot() const {
  return impl_->NewSnapshot();
}

absl::StatusOr<std::unique_ptr<Snapshot>> Store::Impl::NewSnapshot() const {
  FLAMEKEEP_ASSIGN_OR_RETURN(std::shared_ptr<Database> open, database.Get());
  // Before the snapshot is taken, which then holds it. A store that is open for reading has none.
  const uint64_t last_commit = flusher != nullptr ? flusher->last_flush() : 0;
  auto snapshot =
      std::make_unique<SnapshotImpl>(std::move(open), &catalog, &changes, last_commit, *dictionary);
  FLAMEKEEP_RETURN_IF_ERROR(snapshot->Load());
  return snapshot;
}

}  // namespace flamekeep::storage
