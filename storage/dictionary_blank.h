// Writing frame runs whose names are partly blank. For dictionary*.cc only.
#ifndef FLAMEKEEP_STORAGE_DICTIONARY_BLANK_H_
#define FLAMEKEEP_STORAGE_DICTIONARY_BLANK_H_

#include <cstdint>

#include "storage/dictionary_impl.h"

namespace flamekeep::storage {

// Adds to `batch` the groups of `blank.restored` as they are to be, up to the frame `end`.
void RepackGroups(const FrameTable& frames, const BlankNames& blank, uint32_t end,
                  const RunSource& source, rocksdb::WriteBatch* batch);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_DICTIONARY_BLANK_H_
