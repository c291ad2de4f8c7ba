// `store check --repair`: makes a sound store of what can be read of a damaged one, and says what
// was given up.
//
// Nothing is changed in place: a new RocksDB is written beside the old one, and they change places
// in one step at the end. So a repair that is cut off leaves the store as it was, and what was
// damaged can still be looked at. It needs the space of the store once more.
//
// Thread safety: one thread; the store is locked meanwhile.
#ifndef FLAMEKEEP_STORAGE_REPAIR_H_
#define FLAMEKEEP_STORAGE_REPAIR_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/dictionary.h"

namespace flamekeep::storage {

struct RepairResult {
  // What was given up and what became of it, a sentence each. Empty: nothing was lost.
  std::vector<std::string> given_up;
  std::string damaged;  // the directory that holds the damaged files
};

// The store must be opened for writing once afterwards: it makes its derived files again.
// Errors: NOT_FOUND and FAILED_PRECONDITION for a directory without a store, or one in use;
// DATA_LOSS where the registry, names of frames or RocksDB's own records are lost, so that only a
// backup helps; RESOURCE_EXHAUSTED or UNAVAILABLE where the new files can not be written.
absl::StatusOr<RepairResult> RepairStore(const std::string& directory,
                                         const DictionaryOptions& dictionary = {});

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_REPAIR_H_
