// The nodes that a fold met, with their totals, packed: what a second look at them goes by, in the
// order of their ids, where the fold itself goes from the highest to the lowest. So what totals say
// and what a node inherits from its parent come together without a byte read twice.
//
//   NodeTotals nodes(tree.size());
//   FoldPass<NodeTotals>(tree, &nodes, context, held_bytes).Run(columns, ...);
//   nodes.Finish();
//   NodeTotals::Walk walk(nodes, tree);
//   while (walk.NextWindow()) walk.ForEach(prefetch, visit);
//
// Takes a byte or two a node, and two bits for each id of the tree. A node that has children, among
// those that were met, has a slot: its place in arrays of what children inherit.
//
// Thread safety: none; several walks may go on at a time.
#ifndef FLAMEKEEP_QUERY_NODE_TOTALS_H_
#define FLAMEKEEP_QUERY_NODE_TOTALS_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "query/fold_pass.h"
#include "query/prefetch.h"
#include "query/ranked_bits.h"
#include "storage/column.h"
#include "storage/column_scan.h"
#include "storage/stack_tree_view.h"

namespace flamekeep::query {

class NodeTotals {
 public:
  class Walk;

  static constexpr uint32_t kNoSlot = std::numeric_limits<uint32_t>::max();

  explicit NodeTotals(uint32_t tree_size) : met_(tree_size), inner_(tree_size) {}

  // As FoldPass's visitor.
  void Start(const storage::ColumnHeader&) {}
  void PrefetchNode(uint32_t) const {}
  void Visit(uint32_t id, uint32_t parent, uint64_t total, uint64_t self) {
    ++size_;
    met_.Set(id);
    // A damaged tree may have any parent; the pass ends with an error.
    if (parent < id) inner_.Set(parent);
    Put(total, self);
  }
  absl::Status EndWindow() { return absl::OkStatus(); }
  uint64_t memory_bytes() const {
    return met_.bytes() + inner_.bytes() + chunks_.size() * kChunkBytes;
  }

  // The pass is over.
  void Finish() {
    inner_.Rank();
    Seal();
  }

  // REQUIRES of what follows: finished.
  uint64_t size() const { return size_; }
  uint32_t slots() const { return inner_.count(); }

 private:
  // A record ends with its total, so that it is read from behind: a number of 7 bits a byte, the
  // lowest last, each but the first written with kMore. Its two low bits tell the self.
  enum Self : uint8_t { kNone, kAll, kOther, kRaw };
  static constexpr uint8_t kMore = 0x80;
  static constexpr size_t kChunkBytes = size_t{1} << 20;
  static constexpr size_t kMaxRecordBytes = 24;

  struct Chunk {
    std::unique_ptr<uint8_t[]> bytes;
    size_t size = 0;
  };

  ABSL_ATTRIBUTE_ALWAYS_INLINE void Put(uint64_t total, uint64_t self) {
    if (left_ < kMaxRecordBytes) [[unlikely]] {
      NewChunk();
    }
    if (total < kMore >> 2 && (self == 0 || self == total)) [[likely]] {
      *end_++ = static_cast<uint8_t>(total << 2 | (self == 0 ? kNone : kAll));
      --left_;
    } else {
      PutLarge(total, self);
    }
  }
  void PutLarge(uint64_t total, uint64_t self);
  void PutNumber(uint64_t number);
  void NewChunk();
  void Seal();

  RankedBits met_;
  RankedBits inner_;
  uint64_t size_ = 0;
  std::vector<Chunk> chunks_;
  uint8_t* end_ = nullptr;  // of the last chunk's records
  size_t left_ = 0;         // bytes of it
};

// Lives on the heap. The nodes and the tree must outlive it.
class NodeTotals::Walk {
 public:
  struct Node {
    uint32_t id;
    uint32_t frame;
    uint32_t parent_slot;  // of the root: 0
    uint32_t slot;         // kNoSlot: none of its children were met
    uint64_t total;
    uint64_t self;
  };

  Walk(const NodeTotals& nodes, const storage::StackTreeView& tree);

  // Goes to the next window that has nodes; false at the end.
  bool NextWindow();

  // Calls visit(node) for the nodes of the window, by id, and prefetch(slot) some nodes before for
  // the parent's slot. To be called once a window.
  template <typename PrefetchSlot, typename Visit>
  ABSL_ATTRIBUTE_ALWAYS_INLINE void ForEach(PrefetchSlot&& prefetch, Visit&& visit) {
    for (size_t i = 0; i < size_; ++i) {
      if (i + kAhead < size_) prefetch(parent_slots_[i + kAhead]);
      const uint32_t offset = offsets_[i];
      Node node = {.id = base_ + offset,
                   .frame = window_frames_[offset],
                   .parent_slot = parent_slots_[i],
                   .slot = kNoSlot,
                   .total = 0,
                   .self = 0};
      if (nodes_.inner_.Has(node.id)) node.slot = next_slot_++;
      Take(&node.total, &node.self);
      visit(node);
    }
  }

  // Of any walk.
  static uint64_t memory_bytes();

 private:
  // How far ahead of its use memory is fetched, in nodes.
  static constexpr size_t kAhead = 16;

  ABSL_ATTRIBUTE_ALWAYS_INLINE void Take(uint64_t* total, uint64_t* self) {
    if (at_ == begin_) [[unlikely]] {
      PreviousChunk();
    }
    const uint8_t last = *--at_;
    if ((last & (kMore | 2)) == 0) [[likely]] {
      *total = last >> 2;
      *self = (last & 1) != 0 ? *total : 0;
    } else {
      ++at_;
      TakeLarge(total, self);
    }
  }
  void TakeLarge(uint64_t* total, uint64_t* self);
  uint64_t TakeNumber();
  void PreviousChunk();

  const NodeTotals& nodes_;
  const storage::StackTreeView& tree_;
  WindowList<&storage::StackBlock::parent> parents_;
  WindowList<&storage::StackBlock::frame> frames_;
  size_t next_word_ = 0;
  uint32_t next_slot_ = 0;
  size_t chunk_;  // of the records that come next
  const uint8_t* begin_ = nullptr;
  const uint8_t* at_ = nullptr;

  // The window.
  uint32_t base_ = 0;
  size_t size_ = 0;
  const uint32_t* window_frames_ = nullptr;
  std::vector<uint16_t> offsets_;
  std::vector<uint32_t> parent_slots_;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_NODE_TOTALS_H_
