// What readers see of the stack tree: an immutable look at it, taken once per query.
//
// Thread safety: values; const methods may be called from several threads.
#ifndef FLAMEKEEP_STORAGE_STACK_TREE_VIEW_H_
#define FLAMEKEEP_STORAGE_STACK_TREE_VIEW_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "storage/ids.h"

namespace flamekeep::storage {

// Nodes per block: a block's parent and frame arrays take 8 MiB.
inline constexpr uint32_t kBlockShift = 20;
inline constexpr uint32_t kBlockNodes = 1u << kBlockShift;

// One block of the stack tree, either mapped from a derived file or in memory.
struct StackBlock {
  const uint32_t* parent;  // kBlockNodes entries; those at and above the view's size must not be
  const uint32_t* frame;   // read: they may be being written
};

// The blocks of a tree, and who keeps their memory. Immutable once published.
struct StackBlockTable {
  std::vector<StackBlock> blocks;
  std::vector<std::shared_ptr<const void>> owners;  // one for each block
};

// An immutable look at the tree as it was when the view was taken. Cheap to copy; keeps the mapped
// blocks alive.
class StackTreeView {
 public:
  StackTreeView() = default;  // of nothing
  StackTreeView(std::shared_ptr<const StackBlockTable> table, uint32_t size, uint32_t block_shift)
      : table_(std::move(table)),
        blocks_(table_->blocks.data()),
        size_(size),
        block_shift_(block_shift),
        block_mask_((uint32_t{1} << block_shift) - 1) {}

  uint32_t size() const { return size_; }  // ids 0 .. size-1 exist
  StackId parent(StackId id) const {
    return StackId{block(Raw(id) >> block_shift_).parent[Raw(id) & block_mask_]};
  }
  FrameId frame(StackId id) const {
    return FrameId{block(Raw(id) >> block_shift_).frame[Raw(id) & block_mask_]};
  }

  // Starts to load a node that will be asked for soon.
  void Prefetch(StackId id) const {
    const StackBlock& nodes = block(Raw(id) >> block_shift_);
    __builtin_prefetch(&nodes.parent[Raw(id) & block_mask_]);
    __builtin_prefetch(&nodes.frame[Raw(id) & block_mask_]);
  }

  const StackBlock& block(uint32_t number) const { return blocks_[number]; }
  // kBlockNodes, except in tests.
  uint32_t block_nodes() const { return block_mask_ + 1; }

 private:
  std::shared_ptr<const StackBlockTable> table_;
  const StackBlock* blocks_ = nullptr;
  uint32_t size_ = 0;
  uint32_t block_shift_ = kBlockShift;
  uint32_t block_mask_ = kBlockNodes - 1;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_STACK_TREE_VIEW_H_
