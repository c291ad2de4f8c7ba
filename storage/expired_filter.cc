#include "storage/expired_filter.h"

#include <string>
#include <utility>

#include "storage/format.h"

namespace flamekeep::storage {
namespace {

class ExpiredFilter final : public rocksdb::CompactionFilter {
 public:
  ExpiredFilter(Level level, std::shared_ptr<const DeletableFloors> floors)
      : level_(level), floors_(std::move(floors)) {}

  const char* Name() const override { return "flamekeep.expired.v1"; }

  bool Filter(int, const rocksdb::Slice& key, const rocksdb::Slice&, std::string*,
              bool*) const override {
    return IsExpired(key);
  }
  bool FilterMergeOperand(int, const rocksdb::Slice& key, const rocksdb::Slice&) const override {
    return IsExpired(key);
  }

 private:
  bool IsExpired(const rocksdb::Slice& encoded) const {
    const absl::StatusOr<ColumnKey> key = DecodeColumnKey({encoded.data(), encoded.size()});
    // What can not be read is for `store check` to name.
    if (!key.ok() || Raw(key->site) >= kMaxSites) return false;
    return key->start < floors_->Get(key->site, level_);
  }

  const Level level_;
  const std::shared_ptr<const DeletableFloors> floors_;
};

class ExpiredFilterFactory final : public rocksdb::CompactionFilterFactory {
 public:
  ExpiredFilterFactory(Level level, std::shared_ptr<const DeletableFloors> floors)
      : level_(level), floors_(std::move(floors)) {}

  const char* Name() const override { return "flamekeep.expired.v1"; }
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context&) override {
    return std::make_unique<ExpiredFilter>(level_, floors_);
  }

 private:
  const Level level_;
  const std::shared_ptr<const DeletableFloors> floors_;
};

}  // namespace

std::shared_ptr<rocksdb::CompactionFilterFactory> MakeExpiredFilter(
    Level level, std::shared_ptr<const DeletableFloors> floors) {
  return std::make_shared<ExpiredFilterFactory>(level, std::move(floors));
}

}  // namespace flamekeep::storage
