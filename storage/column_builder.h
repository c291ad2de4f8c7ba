// Makes encoded columns of pairs as they come: in any order, ids repeating.
#ifndef FLAMEKEEP_STORAGE_COLUMN_BUILDER_H_
#define FLAMEKEEP_STORAGE_COLUMN_BUILDER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "storage/column.h"
#include "storage/dictionary.h"

namespace flamekeep::storage {

struct BuiltColumn {
  ColumnHeader header;
  std::string encoded;  // empty where there are no pairs
};

// Sorts and adds up `pairs` and computes the digest, which stays true where a sum saturates.
// Consumes the pairs.
BuiltColumn BuildColumn(std::vector<Pair> pairs, uint64_t observations,
                        const Dictionary& dictionary);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_COLUMN_BUILDER_H_
