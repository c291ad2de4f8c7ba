// RocksDB's merge operator of the level families: adds columns.
//
// Addition is associative and commutative, also where sums saturate, so partial merges are exact
// and the order in which RocksDB meets operands does not show. A damaged operand fails the merge,
// which RocksDB reports as corruption.
//
// Thread safety: all of it.
#ifndef FLAMEKEEP_STORAGE_MERGE_OPERATOR_H_
#define FLAMEKEEP_STORAGE_MERGE_OPERATOR_H_

#include <deque>
#include <string>

#include "rocksdb/merge_operator.h"

namespace flamekeep::storage {

class ColumnMergeOperator : public rocksdb::MergeOperator {
 public:
  // Written into the store's files: never change it.
  static constexpr const char* kName = "flamekeep.column.v1";

  const char* Name() const override { return kName; }
  bool FullMergeV2(const MergeOperationInput& in, MergeOperationOutput* out) const override;
  bool PartialMerge(const rocksdb::Slice& key, const rocksdb::Slice& left,
                    const rocksdb::Slice& right, std::string* value,
                    rocksdb::Logger* logger) const override;
  bool PartialMergeMulti(const rocksdb::Slice& key, const std::deque<rocksdb::Slice>& operands,
                         std::string* value, rocksdb::Logger* logger) const override;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_MERGE_OPERATOR_H_
