// Replacements: files without times inside that may be imported again when they have grown. What an
// owner has in a bucket is taken out and put in anew.
//
// Thread safety: functions of their arguments.
#ifndef FLAMEKEEP_STORAGE_REPLACEMENT_H_
#define FLAMEKEEP_STORAGE_REPLACEMENT_H_

#include <cstdint>
#include <map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/column.h"
#include "storage/database.h"
#include "storage/format.h"
#include "storage/level_state.h"
#include "storage/store.h"

namespace flamekeep::storage {

struct CollectedPairs {
  uint64_t observations = 0;
  std::vector<Pair> pairs;  // any order
};
using SeriesPairs = std::map<SeriesId, CollectedPairs>;

// Errors of all: DATA_LOSS names the bucket in which something that must be read is damaged;
// UNAVAILABLE where it can not be read at present.

// Whether the replacement can be stored exactly. Errors: FAILED_PRECONDITION where its level has
// expired, or where finer data that it may hold have been rolled up and then expired.
absl::Status CheckReplacement(const Database& database, const LevelState::Floors& floors,
                              SiteId site, const Replacement& replacement);

// The content by series, less what the owner has in the next finer level if that is asked for.
// Errors: FAILED_PRECONDITION where the content does not hold what is to be taken out: after a
// change of rules stacks have other names, and what matches none would count twice.
absl::Status CollectReplacement(const Database& database, SiteId site,
                                const Replacement& replacement, SeriesPairs* content);

// The columns that the owner has in the bucket: they go.
absl::StatusOr<std::vector<ColumnKey>> ReplacedColumns(const Database& database, SiteId site,
                                                       const Replacement& replacement);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_REPLACEMENT_H_
