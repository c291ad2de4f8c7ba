// What a store's bytes are for, how they grow, and when they reach their limit: what
// `flamekeep store stats` shows.
//
// Sizes of levels are estimates of RocksDB's from its files; growth is that of the last seven days.
//
// Thread safety: plain data; functions.
#ifndef FLAMEKEEP_STORAGE_STORE_STATS_H_
#define FLAMEKEEP_STORAGE_STORE_STATS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/bucket.h"
#include "storage/catalog.h"
#include "storage/database.h"
#include "storage/dictionary.h"
#include "storage/level_state.h"
#include "storage/store.h"

namespace flamekeep::storage {

struct LevelStats {
  Level level{};
  uint64_t bytes = 0;
  // A day's columns, from the last seven days with data; months and years by the last one that is
  // over, or, where none is, as much as the next finer level.
  double bytes_per_day = 0;
  std::optional<absl::Time> oldest;  // the start of the first bucket
  absl::Duration keep;               // by retention
};

struct SiteStats {
  std::string site;
  std::array<LevelStats, kLevelCount> levels;
  uint64_t bytes = 0;
};

// A column family.
struct FamilyStats {
  std::string name;
  uint64_t bytes = 0;  // of its files
  uint64_t keys = 0;   // estimated
};

struct DictionaryGrowth {
  uint64_t frames = 0;
  uint64_t stacks = 0;
  uint64_t bytes = 0;  // runs and derived files
  double frames_per_day = 0;
  double stacks_per_day = 0;
  double bytes_per_day = 0;
  // Since the record of the dictionary's size that is a week old, or the oldest. Where there is
  // none of yesterday or before: all of it over all days that have data, which is too much.
  absl::Duration over;
  bool measured = false;
};

struct Forecast {
  uint64_t bytes = 0;        // of the store now: column families, logs, derived files
  uint64_t limit_bytes = 0;  // max_bytes, or what is used and free on the disk where that is less
  bool limit_is_cap = false;
  double bytes_per_day = 0;                // over the next day
  std::optional<absl::Duration> to_limit;  // nothing: not within ten years
};

struct StoreStats {
  std::vector<SiteStats> sites;
  std::vector<FamilyStats> families;
  uint64_t log_bytes = 0;
  uint64_t derived_bytes = 0;
  DictionaryGrowth dictionary;
  Forecast forecast;
};

struct StatsParts {  // not owned
  const Database* database;
  const Dictionary* dictionary;
  const Catalog* catalog;
  const LevelState* levels;
  const StoreOptions* options;  // retention, max_bytes, directory
};

// Errors: DATA_LOSS, and those of the disk.
absl::StatusOr<StoreStats> MakeStats(const StatsParts& parts, absl::Time now);

// Bytes of the files that the store consists of: column families, logs and derived files. (Its
// directory may for a while hold files that are no longer part of it.)
uint64_t StoreBytes(const Database& database, const Dictionary& dictionary);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_STORE_STATS_H_
