// `store check`: proves what a store says of itself.
#ifndef FLAMEKEEP_STORAGE_CHECK_H_
#define FLAMEKEEP_STORAGE_CHECK_H_

#include <string>
#include <vector>

#include "storage/catalog.h"
#include "storage/database.h"
#include "storage/dictionary.h"
#include "storage/level_state.h"

namespace flamekeep::storage {

// Reads everything; one sentence for each fault (at most 100 are listed): columns that do not
// decode or whose digest does not match their stacks, keys of unknown sites, series or sources,
// rolled parts that are not the sum of what lies below, damaged dictionary files. A level that can
// not be read to its end is a fault, and the next one is read.
std::vector<std::string> CheckStore(const Database& database, const Dictionary& dictionary,
                                    const Catalog& catalog, const LevelState& levels);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_CHECK_H_
