// `store check`: proves what a store says of itself.
#ifndef FLAMEKEEP_STORAGE_CHECK_H_
#define FLAMEKEEP_STORAGE_CHECK_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/bucket.h"
#include "storage/catalog.h"
#include "storage/database.h"
#include "storage/dictionary.h"
#include "storage/level_state.h"
#include "storage/salvage.h"

namespace flamekeep::storage {

// Reads everything; one sentence for each fault (at most 100 are listed): columns that do not
// decode or whose digest does not match their stacks, keys of unknown sites, series or sources,
// rolled parts that are not the sum of what lies below, damaged dictionary files, ranges of buckets
// that can not be read.
std::vector<std::string> CheckStore(const Database& database, const Dictionary& dictionary,
                                    const Catalog& catalog, const LevelState& levels);

// The buckets whose rolled part is not the sum of what lies below, though they are not stale, by
// what columns state of themselves. Errors: DATA_LOSS where something can not be read.
absl::StatusOr<std::vector<MarkKey>> WrongSums(const Database& database, const LevelState& levels);

// What is wrong with a column, in words that follow its name; empty where nothing is.
std::string FaultOfColumn(std::string_view encoded, const Dictionary& dictionary);

// "the minutes from 2026-11-20T13:00Z to 14:00Z at site ...", of keys of a level.
std::string LostInWords(Level level, const LostKeys& lost, const std::vector<std::string>& sites);

// The minutes of a site that lie, also in part, in a range of keys of a level.
MinuteRange MinutesOf(const LostKeys& lost, SiteId site);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_CHECK_H_
