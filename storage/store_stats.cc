#include "storage/store_stats.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/status.h"
#include "storage/forecast.h"
#include "storage/format.h"
#include "storage/growth_log.h"

namespace flamekeep::storage {
namespace {

constexpr absl::Duration kOneDay = absl::Hours(24);
constexpr absl::Duration kWindow = absl::Hours(7 * 24);

double Days(absl::Duration duration) { return absl::FDivDuration(duration, kOneDay); }

class LevelReader {
 public:
  LevelReader(const StatsParts& parts, SiteId site, absl::Time now)
      : database_(*parts.database), floors_(parts.levels->floors(site)), site_(site), now_(now) {}

  absl::StatusOr<LevelStats> Read(Level level, const Retention& retention,
                                  double finer_per_day) const {
    LevelStats stats;
    stats.level = level;
    stats.keep = retention.keep[static_cast<size_t>(level)];
    FLAMEKEEP_ASSIGN_OR_RETURN(stats.bytes, Bytes(level, {0, kMaxMinute}, /*memory=*/false));
    FLAMEKEEP_ASSIGN_OR_RETURN(
        const std::optional<Minute> oldest,
        database_.FirstBucket(site_, level, {floors_[static_cast<size_t>(level)], kMaxMinute}));
    if (oldest.has_value()) stats.oldest = TimeOf(*oldest);
    if (level < Level::kMonth) {
      FLAMEKEEP_ASSIGN_OR_RETURN(stats.bytes_per_day, Recent(level, stats.oldest));
    } else {
      FLAMEKEEP_ASSIGN_OR_RETURN(const std::optional<double> last, LastOver(level, oldest));
      stats.bytes_per_day = last.value_or(finer_per_day);
    }
    return stats;
  }

 private:
  absl::StatusOr<uint64_t> Bytes(Level level, MinuteRange range, bool memory) const {
    return database_.BytesBetween(level, BucketPrefix(site_, range.begin),
                                  BucketPrefix(site_, range.end), memory);
  }

  absl::StatusOr<double> Recent(Level level, std::optional<absl::Time> oldest) const {
    if (!oldest.has_value()) return 0;
    const absl::Time from = std::max(*oldest, now_ - kWindow);
    const std::optional<Minute> begin = MinuteOf(from);
    if (from >= now_ || !begin.has_value()) return 0;
    FLAMEKEEP_ASSIGN_OR_RETURN(const uint64_t bytes,
                               Bytes(level, {*begin, kMaxMinute}, /*memory=*/true));
    return static_cast<double>(bytes) / std::max(Days(now_ - from), Days(absl::Hours(1)));
  }

  absl::StatusOr<std::optional<double>> LastOver(Level level, std::optional<Minute> oldest) const {
    const std::optional<Minute> now = MinuteOf(now_);
    if (!oldest.has_value() || !now.has_value()) return std::nullopt;
    const Minute end = BucketAt(level, *now).start;
    if (end == 0 || *oldest >= end) return std::nullopt;
    const Bucket last = BucketAt(level, end - 1);
    FLAMEKEEP_ASSIGN_OR_RETURN(const uint64_t bytes, Bytes(level, {last.start, end}, true));
    return static_cast<double>(bytes) / Days(TimeOf(end) - TimeOf(last.start));
  }

  const Database& database_;
  const LevelState::Floors floors_;
  const SiteId site_;
  const absl::Time now_;
};

absl::StatusOr<DictionaryGrowth> GrowthOf(const StatsParts& parts, absl::Time oldest,
                                          absl::Time now) {
  const DictionaryRecord size = MeasureDictionary(*parts.database, *parts.dictionary, now);
  DictionaryGrowth growth{.frames = size.frames, .stacks = size.stacks, .bytes = size.bytes};
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<DictionaryRecord> records,
                             ReadGrowthLog(*parts.database));
  DictionaryRecord before;
  for (const DictionaryRecord& record : records) {
    const absl::Duration age = now - absl::FromUnixMillis(record.unix_ms);
    if (age < kOneDay || (growth.measured && age < kWindow)) break;
    before = record;
    growth.measured = true;
    growth.over = age;
  }
  if (!growth.measured) growth.over = std::max(now - std::min(oldest, now), kOneDay);
  const double days = Days(growth.over);
  const auto rate = [days](auto now_is, auto was) {
    return std::max(0.0, static_cast<double>(now_is) - static_cast<double>(was)) / days;
  };
  growth.frames_per_day = rate(size.frames, before.frames);
  growth.stacks_per_day = rate(size.stacks, before.stacks);
  growth.bytes_per_day = rate(size.bytes, before.bytes);
  return growth;
}

Forecast MakeForecast(const StatsParts& parts, const StoreStats& stats, absl::Time now) {
  Forecast forecast;
  forecast.bytes = StoreBytes(*parts.database, *parts.dictionary);
  std::vector<GrowingPart> growing;
  double columns = 0;
  for (const SiteStats& site : stats.sites) {
    for (const LevelStats& level : site.levels) {
      growing.push_back(
          {.bytes = static_cast<double>(level.bytes),
           .bytes_per_day = level.bytes_per_day,
           .age_days = level.oldest.has_value() ? std::max(0.0, Days(now - *level.oldest)) : 0,
           .keep_days = Days(level.keep)});
      columns += static_cast<double>(level.bytes);
    }
  }
  // All else, the dictionary first of all, is kept for ever.
  growing.push_back({.bytes = std::max(0.0, static_cast<double>(forecast.bytes) - columns),
                     .bytes_per_day = stats.dictionary.bytes_per_day});
  double tomorrow = 0;
  double today = 0;
  for (const GrowingPart& part : growing) {
    today += BytesAfter(part, 0);
    tomorrow += BytesAfter(part, 1);
  }
  forecast.bytes_per_day = tomorrow - today;

  const uint64_t cap = parts.options->max_bytes;
  std::error_code error;
  const auto disk = std::filesystem::space(parts.options->directory, error);
  if (!error) forecast.limit_bytes = forecast.bytes + disk.available;
  if (cap != 0 && (error || cap <= forecast.limit_bytes)) {
    forecast.limit_bytes = cap;
    forecast.limit_is_cap = true;
  }
  if (forecast.limit_bytes == 0) return forecast;
  const std::optional<double> days = DaysUntil(static_cast<double>(forecast.limit_bytes), growing);
  if (days.has_value()) forecast.to_limit = *days * kOneDay;
  return forecast;
}

}  // namespace

uint64_t StoreBytes(const Database& database, const Dictionary& dictionary) {
  uint64_t bytes = database.LogBytes() + dictionary.stats().derived_bytes;
  for (rocksdb::ColumnFamilyHandle* family : database.all()) bytes += database.LiveBytes(family);
  return bytes;
}

absl::StatusOr<StoreStats> MakeStats(const StatsParts& parts, absl::Time now) {
  StoreStats stats;
  absl::Time oldest = absl::InfiniteFuture();
  const std::vector<std::string> sites = parts.catalog->sites();
  for (size_t i = 0; i < sites.size(); ++i) {
    SiteStats site;
    site.site = sites[i];
    const LevelReader reader(parts, SiteId{static_cast<uint16_t>(i)}, now);
    double finer_per_day = 0;
    for (const Level level : kLevels) {
      FLAMEKEEP_ASSIGN_OR_RETURN(
          LevelStats read, reader.Read(level, parts.options->RetentionOf(sites[i]), finer_per_day));
      finer_per_day = read.bytes_per_day;
      if (read.oldest.has_value()) oldest = std::min(oldest, *read.oldest);
      site.bytes += read.bytes;
      site.levels[static_cast<size_t>(level)] = read;
    }
    stats.sites.push_back(std::move(site));
  }
  for (rocksdb::ColumnFamilyHandle* family : parts.database->all()) {
    FamilyStats row{.name = family->GetName(), .bytes = parts.database->LiveBytes(family)};
    parts.database->db()->GetIntProperty(family, rocksdb::DB::Properties::kEstimateNumKeys,
                                         &row.keys);
    stats.families.push_back(std::move(row));
  }
  stats.log_bytes = parts.database->LogBytes();
  stats.derived_bytes = parts.dictionary->stats().derived_bytes;
  FLAMEKEEP_ASSIGN_OR_RETURN(stats.dictionary, GrowthOf(parts, oldest, now));
  stats.forecast = MakeForecast(parts, stats, now);
  return stats;
}

}  // namespace flamekeep::storage
