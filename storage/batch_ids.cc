#include "storage/batch_ids.h"

#include <xxhash.h>

#include <algorithm>
#include <string>

#include "storage/format.h"

namespace flamekeep::storage {

BatchId MakeBatchId(SourceId source, std::string_view id) {
  std::string bytes;
  PutFixed32(Raw(source), &bytes);
  bytes.append(id);
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return absl::MakeUint128(hash.high64, hash.low64);
}

BatchIds::BatchIds(absl::Duration window, size_t max, Metrics* metrics)
    : window_(window), max_(max) {
  early_ = &metrics->GetCounter(
      "storage_batch_ids_forgotten_early_total", Severity::kError,
      "Ids of pushed batches that were forgotten before push.dedupe_window was over, because there "
      "were more than push.max_batch_ids: such a batch, sent again, counts again.");
  known_ = &metrics->GetGauge("storage_batch_ids", "ids of pushed batches that are remembered");
}

void BatchIds::Tell() {
  if (known_ != nullptr) known_->Set(static_cast<double>(ids_.size()));
}

void BatchIds::Load(const BatchIdRecord& record) {
  by_time_.push_back(record);
  ids_.insert(record.id);
  Tell();
}

void BatchIds::ForgetOldest(std::vector<BatchIdRecord>* forgotten) {
  ids_.erase(by_time_.front().id);
  forgotten->push_back(by_time_.front());
  by_time_.pop_front();
}

void BatchIds::Expire(absl::Time over, std::vector<BatchIdRecord>* forgotten) {
  const int64_t before = absl::ToUnixMillis(over);
  while (!by_time_.empty() && by_time_.front().unix_ms < before) ForgetOldest(forgotten);
  Tell();
}

BatchIdRecord BatchIds::Add(BatchId id, absl::Time now, std::vector<BatchIdRecord>* forgotten) {
  BatchIdRecord record{std::max<int64_t>(absl::ToUnixMillis(now), 0), id};
  if (!by_time_.empty()) record.unix_ms = std::max(record.unix_ms, by_time_.back().unix_ms);
  if (max_ == 0) return record;
  while (by_time_.size() >= max_) {
    ForgetOldest(forgotten);
    early_->Add();
  }
  by_time_.push_back(record);
  ids_.insert(id);
  Tell();
  return record;
}

}  // namespace flamekeep::storage
