// The stack tree: gives ids to stacks and lets readers look at them. Knows nothing of RocksDB.
//
// Complete blocks may be handed over to derived files (UseBlock, UseIndexes); what is younger lives
// in anonymous memory.
//
// Thread safety: all methods. Ids are given under one mutex; a view is taken under another, short
// one and then needs none.
//
// Invariants:
//   1. parent(id) < id for every id but the root, which is its own parent.
//   2. A (parent, frame) pair has one id.
//   3. Nodes below size() are complete and never change: size() is stored after them.
//   4. The published table has a block for every id below size(): it is published before size().
#ifndef FLAMEKEEP_STORAGE_STACK_TREE_H_
#define FLAMEKEEP_STORAGE_STACK_TREE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "storage/dictionary_index.h"
#include "storage/ids.h"
#include "storage/stack_tree_view.h"
#include "storage/young_block.h"
#include "storage/zeroed_array.h"

namespace flamekeep::storage {

// A block and who keeps its memory.
struct OwnedBlock {
  StackBlock block;
  std::shared_ptr<const void> owner;
};

class StackTree {
 public:
  // A tree of complete blocks, each 1 << block_shift nodes, and indexes that cover them without a
  // gap (none if nothing will be interned); of the root alone where there is no block.
  StackTree(uint32_t block_shift, std::vector<OwnedBlock> blocks, DictionaryIndexes indexes);
  StackTree(const StackTree&) = delete;
  StackTree& operator=(const StackTree&) = delete;

  // Errors: INVALID_ARGUMENT for a parent that does not exist; FAILED_PRECONDITION when there are
  // no ids left.
  absl::StatusOr<StackId> InternChild(StackId parent, FrameId frame);
  absl::StatusOr<StackId> InternStack(absl::Span<const FrameId> root_first);

  // Ids 0 .. size-1 exist.
  uint32_t size() const { return size_.load(std::memory_order_acquire); }
  StackTreeView view() const;
  // Changes whenever a block moves, so that holders of old views know when to let go.
  uint64_t table_version() const { return table_version_.load(std::memory_order_relaxed); }

  uint32_t block_nodes() const { return uint32_t{1} << block_shift_; }

  // Appends nodes as they were stored. REQUIRES: parents[i] < size() + i, and no pair of parent and
  // frame is there yet. Errors: FAILED_PRECONDITION when there are no ids left.
  absl::Status AppendNodes(absl::Span<const uint32_t> parents, absl::Span<const uint32_t> frames);

  // From now on block `number`, which is complete, is read from other memory with the same content.
  void UseBlock(uint32_t number, OwnedBlock block);
  // From now on nodes are looked up in `indexes`; they cover blocks [0, n) without a gap, and the
  // hash tables of young blocks below n are let go.
  void UseIndexes(DictionaryIndexes indexes);
  DictionaryIndexes indexes() const;

  size_t memory_bytes() const;

 private:
  struct Young {
    std::shared_ptr<NodeArrays> nodes;
    YoungIndex index;
  };
  // A node that was looked up lately; id 0: none.
  struct CacheEntry {
    uint32_t parent;
    uint32_t frame;
    uint32_t id;
  };
  static constexpr uint32_t kCacheEntries = 1u << 20;

  std::optional<uint32_t> Find(uint32_t parent, uint32_t frame)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<uint32_t> FindUncached(uint32_t parent, uint32_t frame, uint64_t hash) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Adds a node that is not there yet.
  absl::StatusOr<uint32_t> Add(uint32_t parent, uint32_t frame)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddYoungBlock() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::shared_ptr<const StackBlockTable> table() const ABSL_LOCKS_EXCLUDED(table_mutex_);
  void Publish(std::shared_ptr<const StackBlockTable> table) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const uint32_t block_shift_;
  const uint32_t block_mask_;

  std::atomic<uint32_t> size_{0};
  std::atomic<uint64_t> table_version_{0};

  mutable absl::Mutex mutex_;
  const StackBlock* blocks_ ABSL_GUARDED_BY(mutex_) = nullptr;  // of the published table
  uint32_t derived_blocks_ ABSL_GUARDED_BY(mutex_) = 0;         // looked up in indexes_
  DictionaryIndexes indexes_ ABSL_GUARDED_BY(mutex_);
  std::deque<Young> young_ ABSL_GUARDED_BY(mutex_);  // blocks derived_blocks_, and on
  ZeroedArray<CacheEntry> cache_ ABSL_GUARDED_BY(mutex_);

  mutable absl::Mutex table_mutex_ ABSL_ACQUIRED_AFTER(mutex_);
  std::shared_ptr<const StackBlockTable> table_ ABSL_GUARDED_BY(table_mutex_);
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_STACK_TREE_H_
