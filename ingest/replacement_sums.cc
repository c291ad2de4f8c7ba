#include "ingest/replacement_sums.h"

#include <algorithm>
#include <limits>

#include "storage/column.h"

namespace flamekeep::ingest {

void ReplacementSums::Add(absl::Span<const storage::Sample> samples) {
  bool saturated = false;
  for (const storage::Sample& sample : samples) {
    Sum& sum = sums_[{Raw(sample.series), Raw(sample.stack)}];
    sum.value = storage::SaturatingAdd(sum.value, sample.value, &saturated);
    sum.observations += sample.observations;
  }
}

size_t ReplacementSums::bytes() const {
  constexpr size_t kSlot = sizeof(decltype(sums_)::value_type) + 1;  // one control byte
  return sums_.capacity() * kSlot + sums_.size() * sizeof(storage::Sample);
}

std::vector<storage::Sample> ReplacementSums::Take(storage::Minute minute) {
  constexpr uint64_t kMaxObservations = std::numeric_limits<uint32_t>::max();
  std::vector<storage::Sample> samples;
  samples.reserve(sums_.size());
  for (const auto& [key, sum] : sums_) {
    samples.push_back(
        {.minute = minute,
         .series = storage::SeriesId{key.first},
         .stack = storage::StackId{key.second},
         .observations = static_cast<uint32_t>(std::min(sum.observations, kMaxObservations)),
         .value = sum.value});
  }
  sums_ = {};
  return samples;
}

}  // namespace flamekeep::ingest
