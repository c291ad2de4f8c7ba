#include "storage/head.h"

#include <algorithm>
#include <utility>

namespace flamekeep::storage {

HeadColumn& Head::ColumnFor(const HeadKey& key) {
  Recent& recent = recent_[(Raw(key.series) * 7 + key.start) % recent_.size()];
  if (recent.index != UINT32_MAX && recent.key == key) return contents_.columns[recent.index];
  auto [it, inserted] = index_.try_emplace(key, static_cast<uint32_t>(contents_.columns.size()));
  if (inserted) {
    contents_.columns.emplace_back().key = key;
    bytes_ += sizeof(HeadColumn) + 2 * sizeof(HeadKey);
  }
  recent = {key, it->second};
  return contents_.columns[it->second];
}

void Head::Add(const Batch& batch) {
  for (const Sample& sample : batch.samples) {
    if (sample.value == 0) continue;
    const Minute start = batch.resolution == Level::kMinute
                             ? sample.minute
                             : BucketAt(batch.resolution, sample.minute).start;
    HeadColumn& column = ColumnFor({start, sample.series, batch.source, batch.resolution});
    column.observations += sample.observations;
    column.pairs.push_back({Raw(sample.stack), sample.value});
    bytes_ += sizeof(Pair);
    // A merge that saturates would lose the true digest, so near the limit pairs stay apart.
    if (column.pairs.size() >= column.next_merge && sample.value < uint64_t{1} << 32) {
      const size_t before = column.pairs.size();
      std::vector<Pair> merged = column.pairs;
      if (!SortAndMerge(&merged)) {
        column.pairs = std::move(merged);
        bytes_ -= (before - column.pairs.size()) * sizeof(Pair);
      }
      column.next_merge = std::max<size_t>(4096, column.pairs.size() * 2);
    }
  }
  if (batch.position.has_value()) contents_.positions[batch.source] = *batch.position;
  if (!batch.progress.empty()) contents_.progress[batch.source].Add(batch.progress);
}

void Head::Add(Replacement replacement) {
  bytes_ += sizeof(Replacement) + replacement.samples.size() * sizeof(Sample);
  contents_.replacements.push_back(std::move(replacement));
}

void Head::AddBatchId(const BatchIdRecord& record) {
  bytes_ += sizeof(record);
  contents_.batch_ids.push_back(record);
}

HeadContents Head::Take() {
  HeadContents taken = std::exchange(contents_, {});
  index_.clear();
  recent_.fill({});
  bytes_ = 0;
  return taken;
}

}  // namespace flamekeep::storage
