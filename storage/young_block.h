// A block of the stack tree that has no derived file yet: its nodes in anonymous memory, and a hash
// table over them.
//
// Thread safety: one writer; a reader may read the nodes below a size that the writer has published
// with release order. The hash table is the writer's alone.
#ifndef FLAMEKEEP_STORAGE_YOUNG_BLOCK_H_
#define FLAMEKEEP_STORAGE_YOUNG_BLOCK_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "storage/stack_tree_view.h"
#include "storage/zeroed_array.h"

namespace flamekeep::storage {

// The two arrays of a block.
class NodeArrays {
 public:
  explicit NodeArrays(uint32_t block_nodes) : values_(size_t{block_nodes} * 2) {}

  uint32_t* parent() { return values_.data(); }
  uint32_t* frame() { return values_.data() + values_.size() / 2; }
  size_t bytes() const { return values_.bytes(); }
  StackBlock block() const { return {values_.data(), values_.data() + values_.size() / 2}; }

 private:
  ZeroedArray<uint32_t> values_;
};

// (parent, frame) -> place in the block. Fixed in size and at most half full, so an insert never
// moves anything. A slot is the place in its low bits and bits of the hash above; the latter are
// never all zero, so that 0 is an empty slot.
class YoungIndex {
 public:
  explicit YoungIndex(uint32_t block_shift)
      : block_shift_(block_shift),
        mask_((uint32_t{2} << block_shift) - 1),
        slots_(size_t{2} << block_shift) {}

  // REQUIRES: the block has room, and no node with the same parent and frame is in it.
  void Insert(uint64_t hash, uint32_t place) {
    uint32_t i = static_cast<uint32_t>(hash) & mask_;
    while (slots_[i] != 0) i = (i + 1) & mask_;
    slots_[i] = Tag(hash) | place;
  }

  // The first place with this hash for which `matches(place)` holds.
  template <typename Matches>
  std::optional<uint32_t> Find(uint64_t hash, Matches&& matches) const {
    const uint32_t place_mask = mask_ >> 1;
    const uint32_t tag = Tag(hash);
    for (uint32_t i = static_cast<uint32_t>(hash) & mask_; slots_[i] != 0; i = (i + 1) & mask_) {
      if ((slots_[i] & ~place_mask) == tag && matches(slots_[i] & place_mask)) {
        return slots_[i] & place_mask;
      }
    }
    return std::nullopt;
  }

  size_t bytes() const { return slots_.bytes(); }

 private:
  uint32_t Tag(uint64_t hash) const {
    const uint32_t tag = static_cast<uint32_t>(hash >> 32) >> block_shift_ << block_shift_;
    return tag != 0 ? tag : uint32_t{1} << block_shift_;
  }

  uint32_t block_shift_;
  uint32_t mask_;
  ZeroedArray<uint32_t> slots_;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_YOUNG_BLOCK_H_
