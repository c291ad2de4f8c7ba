// Replacements: files without times inside that may be imported again when they have grown. What an
// owner has in a bucket is taken out and put in anew.
//
// Thread safety: functions of their arguments.
#ifndef FLAMEKEEP_STORAGE_REPLACEMENT_H_
#define FLAMEKEEP_STORAGE_REPLACEMENT_H_

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/column.h"
#include "storage/database.h"
#include "storage/level_state.h"
#include "storage/store.h"

namespace flamekeep::storage {

struct CollectedPairs {
  uint64_t observations = 0;
  std::vector<Pair> pairs;  // any order
};
using SeriesPairs = std::map<SeriesId, CollectedPairs>;

// Whether the replacement can be stored exactly. Errors: FAILED_PRECONDITION where its level has
// expired, or where finer data that it may hold have been rolled up and then expired; those of
// reading.
absl::Status CheckReplacement(const Database& database, const LevelState::Floors& floors,
                              SiteId site, const Replacement& replacement);

// The content by series, less what the owner has in the next finer level if that is asked for.
// Errors: FAILED_PRECONDITION where the content does not hold what is to be taken out: after a
// change of rules stacks have other names, and what matches none would count twice; those of
// reading.
absl::Status CollectReplacement(const Database& database, SiteId site,
                                const Replacement& replacement, SeriesPairs* content);

// The series whose content in the bucket the replacement changes: those that it has, and those that
// the owner has there. Errors: those of reading.
absl::StatusOr<std::set<SeriesId>> SeriesOfReplacement(const Database& database, SiteId site,
                                                       const Replacement& replacement);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_REPLACEMENT_H_
