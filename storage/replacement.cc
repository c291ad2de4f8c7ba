#include "storage/replacement.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "base/status.h"

namespace flamekeep::storage {
namespace {

// The error of `it`, which was reading `what` of a bucket.
absl::Status ReadError(const rocksdb::Iterator& it, std::string_view what, const Bucket& bucket) {
  if (it.status().ok()) return absl::OkStatus();
  return FromRocksDb(it.status(), fmt::format("reading {} of the {} {}", what,
                                              LevelName(bucket.level), FormatMinute(bucket.start)));
}

absl::StatusOr<bool> HasRolledPart(const Database& database, SiteId site, const Bucket& bucket) {
  const std::string prefix = BucketPrefix(site, bucket.start);
  const auto it = std::unique_ptr<rocksdb::Iterator>(
      database.db()->NewIterator(rocksdb::ReadOptions(), database.level(bucket.level)));
  for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const ColumnKey key, DecodeColumnKey(View(it->key())));
    if (key.part == Part::kRolled) return true;
  }
  FLAMEKEEP_RETURN_IF_ERROR(ReadError(*it, "the rolled parts", bucket));
  return false;
}

using Values = absl::flat_hash_map<uint32_t, uint64_t>;

struct FinerContent {
  uint64_t observations = 0;
  Values values;
};

// What `owner` has in the buckets of the next finer level.
absl::Status ReadFiner(const Database& database, SiteId site, const Bucket& bucket, SourceId owner,
                       std::map<SeriesId, FinerContent>* finer) {
  const std::string end = BucketPrefix(site, bucket.end());
  const auto it = std::unique_ptr<rocksdb::Iterator>(
      database.db()->NewIterator(rocksdb::ReadOptions(), database.level(Finer(bucket.level))));
  for (it->Seek(BucketPrefix(site, bucket.start)); it->Valid() && View(it->key()) < end;
       it->Next()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const ColumnKey key, DecodeColumnKey(View(it->key())));
    if (key.source != owner || key.part != Part::kDirect) continue;
    ColumnHeader header;
    const absl::StatusOr<std::vector<Pair>> pairs = DecodeColumn(View(it->value()), &header);
    if (!pairs.ok()) {
      return DataLoss("the {} {} is damaged ({}): run `flamekeep store check`",
                      LevelName(Finer(bucket.level)), FormatMinute(key.start),
                      Message(pairs.status()));
    }
    FinerContent& content = (*finer)[key.series];
    content.observations += header.observations;
    bool saturated = false;
    for (const Pair& pair : *pairs) {
      uint64_t& value = content.values[pair.stack];
      value = SaturatingAdd(value, pair.value, &saturated);
    }
  }
  return ReadError(*it, fmt::format("the {}s", LevelName(Finer(bucket.level))), bucket);
}

// Takes `finer` out of `content`; the value that is not in there.
uint64_t Subtract(FinerContent finer, CollectedPairs* content) {
  content->observations -= std::min(content->observations, finer.observations);
  for (Pair& pair : content->pairs) {
    const auto it = finer.values.find(pair.stack);
    if (it == finer.values.end()) continue;
    const uint64_t taken = std::min(it->second, pair.value);
    pair.value -= taken;
    it->second -= taken;
  }
  uint64_t missing = 0;
  bool saturated = false;
  for (const auto& [stack, value] : finer.values) {
    missing = SaturatingAdd(missing, value, &saturated);
  }
  return missing;
}

}  // namespace

absl::Status CheckReplacement(const Database& database, const LevelState::Floors& floors,
                              SiteId site, const Replacement& replacement) {
  const Bucket& bucket = replacement.bucket;
  if (floors[static_cast<size_t>(bucket.level)] > bucket.start) {
    return Error(absl::StatusCode::kFailedPrecondition,
                 "the {} {} can not be imported: this level is no longer kept for that time, raise "
                 "its retention or import a coarser log",
                 LevelName(bucket.level), FormatMinute(bucket.start));
  }
  if (replacement.subtract_finer && bucket.level != Level::kMinute) {
    const Level finer = Finer(bucket.level);
    if (floors[static_cast<size_t>(finer)] <= bucket.start) return absl::OkStatus();
    FLAMEKEEP_ASSIGN_OR_RETURN(const bool summed, HasRolledPart(database, site, bucket));
    if (summed) {
      return Error(absl::StatusCode::kFailedPrecondition,
                   "the {} {} can not be imported: its {}s were summed and are no longer kept, so "
                   "what the log repeats of them can not be told",
                   LevelName(bucket.level), FormatMinute(bucket.start), LevelName(finer));
    }
  }
  return absl::OkStatus();
}

absl::Status CollectReplacement(const Database& database, SiteId site,
                                const Replacement& replacement, SeriesPairs* content) {
  // Equal stacks are added up first: what is subtracted is known by stack.
  std::map<SeriesId, Values> sums;
  bool saturated = false;
  for (const Sample& sample : replacement.samples) {
    (*content)[sample.series].observations += sample.observations;
    uint64_t& value = sums[sample.series][Raw(sample.stack)];
    value = SaturatingAdd(value, sample.value, &saturated);
  }
  for (const auto& [series, values] : sums) {
    std::vector<Pair>& pairs = (*content)[series].pairs;
    pairs.reserve(values.size());
    for (const auto& [stack, value] : values) pairs.push_back({stack, value});
  }
  if (!replacement.subtract_finer || replacement.bucket.level == Level::kMinute) {
    return absl::OkStatus();
  }
  std::map<SeriesId, FinerContent> finer;
  FLAMEKEEP_RETURN_IF_ERROR(
      ReadFiner(database, site, replacement.bucket, replacement.source, &finer));
  uint64_t missing = 0;
  for (auto& [series, taken] : finer) {
    CollectedPairs nothing;
    const auto it = content->find(series);
    missing = SaturatingAdd(
        missing, Subtract(std::move(taken), it == content->end() ? &nothing : &it->second),
        &saturated);
  }
  if (missing != 0) {
    return Error(absl::StatusCode::kFailedPrecondition,
                 "the {0} {1} can not be imported: it does not hold all of its {2}s, which were "
                 "imported under other rules: import the {2}s again",
                 LevelName(replacement.bucket.level), FormatMinute(replacement.bucket.start),
                 LevelName(Finer(replacement.bucket.level)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ColumnKey>> ReplacedColumns(const Database& database, SiteId site,
                                                       const Replacement& replacement) {
  std::vector<ColumnKey> columns;
  const std::string prefix = BucketPrefix(site, replacement.bucket.start);
  const auto it = std::unique_ptr<rocksdb::Iterator>(
      database.db()->NewIterator(rocksdb::ReadOptions(), database.level(replacement.bucket.level)));
  for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const ColumnKey key, DecodeColumnKey(View(it->key())));
    if (key.source == replacement.source && key.part == Part::kDirect) columns.push_back(key);
  }
  FLAMEKEEP_RETURN_IF_ERROR(ReadError(*it, "the columns", replacement.bucket));
  return columns;
}

}  // namespace flamekeep::storage
