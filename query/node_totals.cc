#include "query/node_totals.h"

#include <algorithm>
#include <cstring>

#include "base/cpu_clones.h"

namespace flamekeep::query {

using storage::kWindowIds;

void NodeTotals::NewChunk() {
  Seal();
  chunks_.push_back({std::unique_ptr<uint8_t[]>(new uint8_t[kChunkBytes]), 0});
  end_ = chunks_.back().bytes.get();
  left_ = kChunkBytes;
}

void NodeTotals::Seal() {
  if (!chunks_.empty()) chunks_.back().size = kChunkBytes - left_;
}

void NodeTotals::PutNumber(uint64_t number) {
  // The highest bits first.
  constexpr int kBits = 7;
  const int bytes = std::max(1, (static_cast<int>(std::bit_width(number)) + kBits - 1) / kBits);
  for (int i = bytes; i-- > 0;) {
    const auto bits = static_cast<uint8_t>(number >> (i * kBits) & (kMore - 1));
    *end_++ = i == bytes - 1 ? bits : bits | kMore;
  }
  left_ -= static_cast<size_t>(bytes);
}

void NodeTotals::PutLarge(uint64_t total, uint64_t self) {
  if (total >> 62 != 0) {
    std::memcpy(end_, &self, sizeof(self));
    std::memcpy(end_ + sizeof(self), &total, sizeof(total));
    end_ += sizeof(self) + sizeof(total);
    left_ -= sizeof(self) + sizeof(total);
    PutNumber(kRaw);
  } else if (self == 0 || self == total) {
    PutNumber(total << 2 | (self == 0 ? kNone : kAll));
  } else {
    PutNumber(self);
    PutNumber(total << 2 | kOther);
  }
}

NodeTotals::Walk::Walk(const NodeTotals& nodes, const storage::StackTreeView& tree)
    : nodes_(nodes),
      tree_(tree),
      parents_(tree),
      frames_(tree),
      chunk_(nodes.chunks_.size()),
      offsets_(kWindowIds),
      parent_slots_(kWindowIds) {}

uint64_t NodeTotals::Walk::memory_bytes() {
  return kWindowIds * (sizeof(uint16_t) + sizeof(uint32_t));
}

void NodeTotals::Walk::PreviousChunk() {
  const Chunk& chunk = nodes_.chunks_[--chunk_];
  begin_ = chunk.bytes.get();
  at_ = begin_ + chunk.size;
}

uint64_t NodeTotals::Walk::TakeNumber() {
  uint64_t number = 0;
  for (int shift = 0;; shift += 7) {
    const uint8_t byte = *--at_;
    number |= uint64_t{byte & (kMore - 1u)} << shift;
    if ((byte & kMore) == 0) return number;
  }
}

void NodeTotals::Walk::TakeLarge(uint64_t* total, uint64_t* self) {
  const uint64_t number = TakeNumber();
  *total = number >> 2;
  switch (number & 3) {
    case kNone:
      *self = 0;
      return;
    case kAll:
      *self = *total;
      return;
    case kOther:
      *self = TakeNumber();
      return;
    default:
      at_ -= sizeof(*total);
      std::memcpy(total, at_, sizeof(*total));
      at_ -= sizeof(*self);
      std::memcpy(self, at_, sizeof(*self));
  }
}

FLAMEKEEP_CPU_CLONES bool NodeTotals::Walk::NextWindow() {
  constexpr size_t kWords = kWindowIds / 64;
  const RankedBits& met = nodes_.met_;
  while (next_word_ < met.words() && met.word(next_word_) == 0) ++next_word_;
  if (next_word_ >= met.words()) return false;
  next_word_ = next_word_ / kWords * kWords;
  const auto window = static_cast<uint32_t>(next_word_ / kWords);
  base_ = window * kWindowIds;
  size_ = 0;
  const size_t end = std::min(next_word_ + kWords, met.words());
  for (uint32_t offset = 0; next_word_ < end; ++next_word_, offset += 64) {
    for (uint64_t left = met.word(next_word_); left != 0; left &= left - 1) {
      offsets_[size_++] = static_cast<uint16_t>(offset + std::countr_zero(left));
    }
  }
  const uint32_t count = std::min(tree_.size() - base_, kWindowIds);
  const uint32_t* const parents = parents_.Get(window, count);
  window_frames_ = frames_.Get(window, count);
  for (size_t i = 0; i < size_; ++i) {
    if (i + kAhead < size_) {
      const uint32_t later = offsets_[i + kAhead];
      Prefetch(&parents[later]);
      Prefetch(&window_frames_[later]);
    }
    parent_slots_[i] = parents[offsets_[i]];
  }
  for (size_t i = 0; i < size_; ++i) {
    if (i + kAhead < size_) nodes_.inner_.PrefetchRank(parent_slots_[i + kAhead]);
    parent_slots_[i] = nodes_.inner_.rank(parent_slots_[i]);
  }
  return true;
}

}  // namespace flamekeep::query
