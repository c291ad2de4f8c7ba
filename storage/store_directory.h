// The directory of a store: its format line and its size.
#ifndef FLAMEKEEP_STORAGE_STORE_DIRECTORY_H_
#define FLAMEKEEP_STORAGE_STORE_DIRECTORY_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace flamekeep::storage {

// Checks that `directory` holds a store of a known format, or makes an empty one there if `create`.
// Errors: NOT_FOUND, FAILED_PRECONDITION (something else is there, or an unknown format),
// DATA_LOSS.
absl::Status PrepareStoreDirectory(const std::string& directory, bool create);

// For what puts a whole store into a directory. RequireEmptyDirectory() makes it where it is
// missing; CompleteStoreDirectory() then makes a store of what was put there. Errors:
// FAILED_PRECONDITION where something is there or it can not be made; UNAVAILABLE where it can not
// be written.
absl::Status RequireEmptyDirectory(const std::string& directory);
absl::Status CompleteStoreDirectory(const std::string& directory);

// Makes a file, or the names in a directory, durable. Errors: UNAVAILABLE.
absl::Status SyncPath(const std::string& path);

// The bytes of all files below `directory`.
uint64_t DirectoryBytes(const std::string& directory);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_STORE_DIRECTORY_H_
