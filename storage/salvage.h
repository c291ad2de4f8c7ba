// Reading what can be read of a column family in which blocks are damaged.
//
// Thread safety: functions of their arguments.
#ifndef FLAMEKEEP_STORAGE_SALVAGE_H_
#define FLAMEKEEP_STORAGE_SALVAGE_H_

#include <rocksdb/db.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace flamekeep::storage {

// Keys [begin, end) that can not be read. Whether some of them exist is not known; what other
// files hold under them is not told either, since it would be a part of the truth.
struct LostKeys {
  std::string begin;
  std::string end;
  std::string reason;  // RocksDB's, names the file

  bool operator==(const LostKeys&) const = default;
};

// Calls `visit(key, value)` for everything that can be read, in order, and returns what can not.
// Around a damaged block some sound ones may count as lost where another damaged one is near.
// Errors: DATA_LOSS where nothing behind some key can be read; UNAVAILABLE where it is not damage
// but the disk that fails; those of `visit`.
absl::StatusOr<std::vector<LostKeys>> ReadSalvageable(
    rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family,
    absl::FunctionRef<absl::Status(std::string_view key, std::string_view value)> visit);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_SALVAGE_H_
