#include "storage/column_scan.h"

#include <algorithm>

#include "base/status.h"

namespace flamekeep::storage {

// A column of several chunks: the part of the current chunk from `next` on is still to be added.
struct ColumnScan::Large {
  ColumnReader reader;
  size_t next = 0;

  bool done() const { return next == reader.size(); }
  uint32_t window() const { return reader.stacks()[next] / kWindowIds; }
};

void WindowSums::Clear() {
  for (uint32_t word = 0; word < bits_.size(); ++word) {
    for (uint64_t left = bits_[word]; left != 0; left &= left - 1) {
      values_[word * 64 + static_cast<uint32_t>(__builtin_ctzll(left))] = 0;
    }
    bits_[word] = 0;
  }
  saturated_ = false;
}

ColumnScan::ColumnScan() = default;
ColumnScan::~ColumnScan() = default;

absl::Status ColumnScan::Add(std::string_view encoded) {
  auto large = std::make_unique<Large>();
  FLAMEKEEP_RETURN_IF_ERROR(large->reader.Open(encoded));
  AddHeader(large->reader.header(), &header_);
  large->reader.Next();
  FLAMEKEEP_RETURN_IF_ERROR(large->reader.status());
  if (large->reader.header().pairs > kChunkPairs) {
    large_.push_back(std::move(large));
    return absl::OkStatus();
  }
  const ColumnReader& reader = large->reader;
  for (size_t i = 0; i < reader.size(); ++i) {
    const uint32_t window = reader.stacks()[i] / kWindowIds;
    if (window >= small_.size()) small_.resize(window + 1);
    small_[window].push_back({reader.stacks()[i], reader.value(i)});
  }
  large->reader.Next();
  return large->reader.status();
}

std::optional<uint32_t> ColumnScan::NextWindow() const {
  std::optional<uint32_t> window;
  for (size_t i = small_.size(); i-- > 0;) {
    if (small_[i].empty()) continue;
    window = static_cast<uint32_t>(i);
    break;
  }
  for (const auto& large : large_) {
    if (!large->done()) window = std::max(window.value_or(0), large->window());
  }
  return window;
}

absl::Status ColumnScan::AddWindow(uint32_t window, WindowSums* sums) {
  if (window < small_.size()) {
    for (const Pair& pair : small_[window]) sums->Add(pair.stack % kWindowIds, pair.value);
    small_.resize(window);
  }
  for (const auto& large : large_) {
    while (!large->done() && large->window() == window) {
      sums->Add(large->reader.stacks()[large->next] % kWindowIds,
                large->reader.value(large->next));
      if (++large->next < large->reader.size()) continue;
      large->next = 0;
      large->reader.Next();
      FLAMEKEEP_RETURN_IF_ERROR(large->reader.status());
    }
  }
  return absl::OkStatus();
}

}  // namespace flamekeep::storage
