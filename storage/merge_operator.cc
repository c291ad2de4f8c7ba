#include "storage/merge_operator.h"

#include "rocksdb/env.h"
#include "storage/column.h"
#include "storage/database.h"

namespace flamekeep::storage {
namespace {

bool Report(const absl::Status& status, const rocksdb::Slice& key, rocksdb::Logger* logger) {
  rocksdb::Error(logger, "column %s can not be merged: %s", key.ToString(true).c_str(),
                 std::string(status.message()).c_str());
  return false;
}

bool Add(const rocksdb::Slice& operand, const rocksdb::Slice& key, rocksdb::Logger* logger,
         ColumnSum* sum) {
  const absl::Status status = sum->Add(View(operand));
  return status.ok() || Report(status, key, logger);
}

bool Finish(ColumnSum* sum, const rocksdb::Slice& key, rocksdb::Logger* logger, std::string* out) {
  absl::StatusOr<std::string> column = sum->Finish();
  if (!column.ok()) return Report(column.status(), key, logger);
  *out = *std::move(column);
  return true;
}

}  // namespace

bool ColumnMergeOperator::FullMergeV2(const MergeOperationInput& in,
                                      MergeOperationOutput* out) const {
  ColumnSum sum;
  if (in.existing_value != nullptr && !Add(*in.existing_value, in.key, in.logger, &sum)) {
    return false;
  }
  for (const rocksdb::Slice& operand : in.operand_list) {
    if (!Add(operand, in.key, in.logger, &sum)) return false;
  }
  return Finish(&sum, in.key, in.logger, &out->new_value);
}

bool ColumnMergeOperator::PartialMerge(const rocksdb::Slice& key, const rocksdb::Slice& left,
                                       const rocksdb::Slice& right, std::string* value,
                                       rocksdb::Logger* logger) const {
  return PartialMergeMulti(key, {left, right}, value, logger);
}

bool ColumnMergeOperator::PartialMergeMulti(const rocksdb::Slice& key,
                                            const std::deque<rocksdb::Slice>& operands,
                                            std::string* value, rocksdb::Logger* logger) const {
  ColumnSum sum;
  for (const rocksdb::Slice& operand : operands) {
    if (!Add(operand, key, logger, &sum)) return false;
  }
  return Finish(&sum, key, logger, value);
}

}  // namespace flamekeep::storage
