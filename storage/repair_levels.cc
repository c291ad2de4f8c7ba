#include "storage/repair_levels.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status.h"
#include "storage/check.h"
#include "storage/column.h"
#include "storage/flush.h"
#include "storage/format.h"

namespace flamekeep::storage {
namespace {

std::string RolledKey(SiteId site, Minute start, SeriesId series) {
  return EncodeColumnKey({site, start, series, kAllSources, Part::kRolled});
}

bool Contains(const LostKeys& lost, const std::string& key) {
  return lost.begin <= key && key < lost.end;
}

// `range`, widened to buckets of `level`.
MinuteRange Widen(MinuteRange range, Level level) {
  if (range.empty()) return range;
  return {BucketAt(level, range.begin).start, BucketAt(level, range.end - 1).end()};
}

absl::StatusOr<std::string> Sum(const std::vector<std::string>& columns) {
  ColumnSum sum;
  for (const std::string& column : columns) FLAMEKEEP_RETURN_IF_ERROR(sum.Add(column));
  return sum.Finish();
}

// `whole` less `part`; nothing where `part` is not a part of it. Empty where nothing is left.
absl::StatusOr<std::optional<std::string>> Difference(const std::string& whole,
                                                      const std::string& part) {
  ColumnHeader header;
  ColumnHeader taken;
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<Pair> pairs, DecodeColumn(whole, &header));
  std::vector<Pair> out;
  if (!part.empty()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(out, DecodeColumn(part, &taken));
  }
  std::vector<Pair> left;
  auto next = out.begin();
  for (Pair pair : pairs) {
    if (next != out.end() && next->stack == pair.stack) {
      if (next->value > pair.value) return std::nullopt;
      pair.value -= next->value;
      ++next;
    }
    if (pair.value != 0) left.push_back(pair);
  }
  if (next != out.end()) return std::nullopt;
  if (left.empty()) return "";
  header.observations -= std::min(header.observations, taken.observations);
  header.digest -= taken.digest;
  return EncodeColumn(header, left);
}

}  // namespace

absl::Status LevelRepair::Run(const LostByLevel& lost) {
  const size_t sites = catalog_.sites().size();
  for (const Level level : kLevels) {
    for (const LostKeys& keys : lost[static_cast<size_t>(level)]) {
      for (size_t i = 0; i < sites; ++i) {
        const SiteId site{static_cast<uint16_t>(i)};
        if (level != Level::kMinute) {
          FLAMEKEEP_RETURN_IF_ERROR(RebuildRolled(level, keys, site));
        }
        if (level != Level::kYear) FLAMEKEEP_RETURN_IF_ERROR(KeepInParents(level, keys, site));
      }
    }
  }
  return MarkWrongSums();
}

bool LevelRepair::HoldsSums(SiteId site, const Bucket& bucket) const {
  const Level finer = Finer(bucket.level);
  return !levels_.mark({bucket, site}).has_value() &&
         levels_.floors(site)[static_cast<size_t>(finer)] <= bucket.start;
}

absl::StatusOr<std::vector<Minute>> LevelRepair::Buckets(SiteId site, Level level, Level columns,
                                                         MinuteRange range) const {
  std::vector<Minute> starts;
  const std::string end = BucketPrefix(site, range.end);
  const auto it = std::unique_ptr<rocksdb::Iterator>(
      database_.db()->NewIterator(rocksdb::ReadOptions(), database_.level(columns)));
  it->Seek(BucketPrefix(site, range.begin));
  while (it->Valid() && View(it->key()) < end) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const ColumnKey key, DecodeColumnKey(View(it->key())));
    const Bucket bucket = BucketAt(level, key.start);
    starts.push_back(bucket.start);
    it->Seek(BucketPrefix(site, bucket.end()));
  }
  FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(it->status(), "reading repaired columns"));
  return starts;
}

absl::StatusOr<LevelRepair::Columns> LevelRepair::Read(SiteId site, Level level, MinuteRange range,
                                                       bool rolled_only) const {
  Columns columns;
  const std::string end = BucketPrefix(site, range.end);
  const auto it = std::unique_ptr<rocksdb::Iterator>(
      database_.db()->NewIterator(rocksdb::ReadOptions(), database_.level(level)));
  for (it->Seek(BucketPrefix(site, range.begin)); it->Valid() && View(it->key()) < end;
       it->Next()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const ColumnKey key, DecodeColumnKey(View(it->key())));
    if (rolled_only && key.part != Part::kRolled) continue;
    columns[key.series].push_back(it->value().ToString());
  }
  FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(it->status(), "reading repaired columns"));
  return columns;
}

absl::StatusOr<SourceId> LevelRepair::RepairSource(SiteId site) {
  const SourceKey key{SourceKind::kImport, catalog_.sites()[Raw(site)], std::string(kSourceName),
                      "", 0};
  FLAMEKEEP_ASSIGN_OR_RETURN(const SourceId source, catalog_.InternSource(key));
  rocksdb::WriteBatch batch;
  catalog_.TakePending(&batch);
  FLAMEKEEP_RETURN_IF_ERROR(WriteUnlogged(database_, &batch));
  catalog_.Committed();
  return source;
}

absl::Status LevelRepair::RebuildRolled(Level level, const LostKeys& lost, SiteId site) {
  const Level finer = Finer(level);
  const MinuteRange range = Widen(MinutesOf(lost, site), level);
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<Minute> starts, Buckets(site, level, finer, range));
  uint64_t rebuilt = 0;
  for (const Minute start : starts) {
    const Bucket bucket{level, start};
    if (!HoldsSums(site, bucket)) continue;
    FLAMEKEEP_ASSIGN_OR_RETURN(const Columns columns,
                               Read(site, finer, {start, bucket.end()}, /*rolled_only=*/false));
    rocksdb::WriteBatch batch;
    for (const auto& [series, parts] : columns) {
      const std::string key = RolledKey(site, start, series);
      if (!Contains(lost, key)) continue;
      FLAMEKEEP_ASSIGN_OR_RETURN(const std::string sum, Sum(parts));
      batch.Put(database_.level(level), key, sum);
      ++rebuilt;
    }
    FLAMEKEEP_RETURN_IF_ERROR(WriteUnlogged(database_, &batch));
  }
  if (rebuilt != 0) {
    sentences_.push_back(
        fmt::format("{} columns of {}s of site \"{}\" were summed again from their "
                    "{}s",
                    rebuilt, LevelName(level), catalog_.sites()[Raw(site)], LevelName(finer)));
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> LevelRepair::KeepInParent(SiteId site, const Bucket& parent,
                                                   SeriesId series, const std::string& rolled,
                                                   const std::vector<std::string>& finer) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string sum, Sum(finer));
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::optional<std::string> kept, Difference(rolled, sum));
  if (!kept.has_value() || kept->empty()) return 0;
  FLAMEKEEP_ASSIGN_OR_RETURN(const ColumnHeader header, DecodeHeader(*kept));
  FLAMEKEEP_ASSIGN_OR_RETURN(const SourceId source, RepairSource(site));
  rocksdb::WriteBatch batch;
  rocksdb::ColumnFamilyHandle* family = database_.level(parent.level);
  const std::string key = RolledKey(site, parent.start, series);
  if (sum.empty()) {
    batch.Delete(family, key);
  } else {
    batch.Put(family, key, sum);
  }
  // An earlier repair may have kept something there.
  batch.Merge(family, EncodeColumnKey({site, parent.start, series, source, Part::kDirect}), *kept);
  FLAMEKEEP_RETURN_IF_ERROR(WriteUnlogged(database_, &batch));
  return header.observations;
}

absl::Status LevelRepair::KeepInParents(Level level, const LostKeys& lost, SiteId site) {
  const Level coarser = Coarser(level);
  const MinuteRange range = Widen(MinutesOf(lost, site), coarser);
  if (range.empty()) return absl::OkStatus();
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<Minute> starts,
                             Buckets(site, coarser, coarser, range));
  uint64_t samples = 0;
  std::set<Minute> kept;
  for (const Minute start : starts) {
    const Bucket parent{coarser, start};
    if (!HoldsSums(site, parent)) continue;
    const MinuteRange inside{start, parent.end()};
    FLAMEKEEP_ASSIGN_OR_RETURN(const Columns rolled,
                               Read(site, coarser, {start, start + 1}, /*rolled_only=*/true));
    FLAMEKEEP_ASSIGN_OR_RETURN(Columns finer, Read(site, level, inside, /*rolled_only=*/false));
    for (const auto& [series, columns] : rolled) {
      FLAMEKEEP_ASSIGN_OR_RETURN(
          const uint64_t moved, KeepInParent(site, parent, series, columns.front(), finer[series]));
      samples += moved;
      if (moved != 0) kept.insert(start);
    }
  }
  const std::string name = catalog_.sites()[Raw(site)];
  if (!kept.empty()) {
    sentences_.push_back(fmt::format(
        "{} samples of these {}s are kept in {} {}{} of site \"{}\" ({} to {}), to which finer "
        "ranges widen from now on",
        samples, LevelName(level), kept.size(), LevelName(coarser), kept.size() == 1 ? "" : "s",
        name, FormatMinute(*kept.begin()), FormatMinute(Bucket{coarser, *kept.rbegin()}.end())));
  }
  std::set<Minute> gone;
  for (const auto& [key, mark] : levels_.marks()) {
    if (key.site != site || key.bucket.level != coarser) continue;
    if (range.Contains(key.bucket.start)) gone.insert(key.bucket.start);
  }
  if (!gone.empty()) {
    sentences_.push_back(fmt::format(
        "{} {}{} of site \"{}\" between {} and {} had not been summed: what these {}s held of {} "
        "is gone",
        gone.size(), LevelName(coarser), gone.size() == 1 ? "" : "s", name,
        FormatMinute(*gone.begin()), FormatMinute(Bucket{coarser, *gone.rbegin()}.end()),
        LevelName(level), gone.size() == 1 ? "it" : "them"));
  }
  return absl::OkStatus();
}

absl::Status LevelRepair::MarkWrongSums() {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<MarkKey> wrong, WrongSums(database_, levels_));
  if (wrong.empty()) return absl::OkStatus();
  std::set<MarkKey> marks;
  for (MarkKey key : wrong) {
    marks.insert(key);
    while (key.bucket.level != Level::kYear) {
      key.bucket = BucketAt(Coarser(key.bucket.level), key.bucket.start);
      marks.insert(key);
    }
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const uint64_t flush, ReadFlushNumber(database_));
  const int64_t now = absl::ToUnixMillis(absl::Now());
  rocksdb::WriteBatch batch;
  for (const MarkKey& key : marks) {
    batch.Put(StaleKey(key.site, key.bucket), EncodeStaleMark({flush, now, now}));
  }
  FLAMEKEEP_RETURN_IF_ERROR(WriteUnlogged(database_, &batch));
  sentences_.push_back(fmt::format(
      "{} buckets that are not the sum of what lies below them are summed again by the server",
      std::set<MarkKey>(wrong.begin(), wrong.end()).size()));
  return absl::OkStatus();
}

}  // namespace flamekeep::storage
