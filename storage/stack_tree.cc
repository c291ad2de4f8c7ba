#include "storage/stack_tree.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "storage/node_hash.h"

namespace flamekeep::storage {

StackTree::StackTree(uint32_t block_shift, std::vector<OwnedBlock> blocks,
                     DictionaryIndexes indexes)
    : block_shift_(block_shift),
      block_mask_((uint32_t{1} << block_shift) - 1),
      derived_blocks_(static_cast<uint32_t>(blocks.size())),
      indexes_(std::move(indexes)),
      cache_(kCacheEntries),
      table_(std::make_shared<const StackBlockTable>()) {
  absl::MutexLock lock(&mutex_);
  auto table = std::make_shared<StackBlockTable>();
  for (OwnedBlock& block : blocks) {
    table->blocks.push_back(block.block);
    table->owners.push_back(std::move(block.owner));
  }
  Publish(std::move(table));
  size_.store(derived_blocks_ << block_shift_, std::memory_order_release);
  if (derived_blocks_ == 0) {
    // The root: its own parent, never looked up. A fresh block is all zeros already.
    AddYoungBlock();
    size_.store(1, std::memory_order_release);
  }
}

absl::StatusOr<StackId> StackTree::InternChild(StackId parent, FrameId frame) {
  absl::MutexLock lock(&mutex_);
  if (Raw(parent) >= size_.load(std::memory_order_relaxed)) {
    return InvalidArgument("there is no stack {}", Raw(parent));
  }
  if (std::optional<uint32_t> id = Find(Raw(parent), Raw(frame))) return StackId{*id};
  FLAMEKEEP_ASSIGN_OR_RETURN(const uint32_t id, Add(Raw(parent), Raw(frame)));
  return StackId{id};
}

absl::StatusOr<StackId> StackTree::InternStack(absl::Span<const FrameId> root_first) {
  absl::MutexLock lock(&mutex_);
  uint32_t parent = Raw(kRootStack);
  auto frame = root_first.begin();
  for (; frame != root_first.end(); ++frame) {
    const std::optional<uint32_t> id = Find(parent, Raw(*frame));
    if (!id) break;
    parent = *id;
  }
  // A new node has no children: what follows the first new one is new as well.
  for (; frame != root_first.end(); ++frame) {
    FLAMEKEEP_ASSIGN_OR_RETURN(parent, Add(parent, Raw(*frame)));
  }
  return StackId{parent};
}

std::optional<uint32_t> StackTree::Find(uint32_t parent, uint32_t frame) {
  const uint64_t hash = NodeHash(parent, frame);
  CacheEntry& cached = cache_[hash >> 32 & (kCacheEntries - 1)];
  if (cached.parent == parent && cached.frame == frame && cached.id != 0) return cached.id;
  const std::optional<uint32_t> id = FindUncached(parent, frame, hash);
  if (id) cached = {parent, frame, *id};
  return id;
}

std::optional<uint32_t> StackTree::FindUncached(uint32_t parent, uint32_t frame,
                                                uint64_t hash) const {
  const auto is_node = [parent, frame, blocks = blocks_, shift = block_shift_,
                        mask = block_mask_](uint32_t id) {
    const StackBlock& block = blocks[id >> shift];
    return block.parent[id & mask] == parent && block.frame[id & mask] == frame;
  };
  // A child is younger than its parent, so blocks older than the parent's need not be asked: for
  // most nodes of a new stack that leaves the youngest. Of the others the oldest is asked first, as
  // old nodes are the busy ones.
  const uint32_t parent_block = parent >> block_shift_;
  auto first = indexes_.begin();
  while (first != indexes_.end() && (*first)->shape().end_block <= parent_block) ++first;
  for (auto index = first; index != indexes_.end(); ++index) (*index)->PrefetchSlot(hash);
  for (auto index = first; index != indexes_.end(); ++index) (*index)->PrefetchEntries(hash);
  for (auto index = first; index != indexes_.end(); ++index) {
    if (std::optional<uint32_t> id = (*index)->Find(hash, is_node)) return id;
  }
  for (size_t i = parent_block > derived_blocks_ ? parent_block - derived_blocks_ : 0;
       i < young_.size(); ++i) {
    const uint32_t first_id = (derived_blocks_ + static_cast<uint32_t>(i)) << block_shift_;
    const std::optional<uint32_t> place =
        young_[i].index.Find(hash, [&](uint32_t p) { return is_node(first_id + p); });
    if (place) return first_id + *place;
  }
  return std::nullopt;
}

absl::StatusOr<uint32_t> StackTree::Add(uint32_t parent, uint32_t frame) {
  const uint32_t id = size_.load(std::memory_order_relaxed);
  if (id == UINT32_MAX) {
    return Error(absl::StatusCode::kFailedPrecondition,
                 "the store has no stack ids left: go on in a new one");
  }
  if ((id & block_mask_) == 0) AddYoungBlock();
  Young& young = young_.back();
  const uint32_t place = id & block_mask_;
  young.nodes->parent()[place] = parent;
  young.nodes->frame()[place] = frame;
  young.index.Insert(NodeHash(parent, frame), place);
  size_.store(id + 1, std::memory_order_release);
  return id;
}

absl::Status StackTree::AppendNodes(absl::Span<const uint32_t> parents,
                                    absl::Span<const uint32_t> frames) {
  absl::MutexLock lock(&mutex_);
  for (size_t i = 0; i < parents.size(); ++i) {
    FLAMEKEEP_RETURN_IF_ERROR(Add(parents[i], frames[i]).status());
  }
  return absl::OkStatus();
}

void StackTree::UseBlock(uint32_t number, OwnedBlock block) {
  absl::MutexLock lock(&mutex_);
  auto next = std::make_shared<StackBlockTable>(*table());
  next->blocks[number] = block.block;
  next->owners[number] = std::move(block.owner);
  Publish(std::move(next));
}

void StackTree::UseIndexes(DictionaryIndexes indexes) {
  // What is let go takes its time to unmap: after the lock.
  std::vector<Young> old;
  absl::MutexLock lock(&mutex_);
  indexes_.swap(indexes);
  for (const uint32_t end = indexes_.back()->shape().end_block; derived_blocks_ < end;
       ++derived_blocks_) {
    old.push_back(std::move(young_.front()));
    young_.pop_front();
  }
}

DictionaryIndexes StackTree::indexes() const {
  absl::MutexLock lock(&mutex_);
  return indexes_;
}

size_t StackTree::memory_bytes() const {
  absl::MutexLock lock(&mutex_);
  size_t bytes = cache_.bytes();
  for (const Young& young : young_) bytes += young.nodes->bytes() + young.index.bytes();
  return bytes;
}

void StackTree::AddYoungBlock() {
  young_.push_back({std::make_shared<NodeArrays>(block_nodes()), YoungIndex(block_shift_)});
  auto next = std::make_shared<StackBlockTable>(*table());
  next->blocks.push_back(young_.back().nodes->block());
  next->owners.push_back(young_.back().nodes);
  Publish(std::move(next));
}

StackTreeView StackTree::view() const {
  // In this order the table has all blocks of the size.
  const uint32_t size = StackTree::size();
  return StackTreeView(table(), size, block_shift_);
}

std::shared_ptr<const StackBlockTable> StackTree::table() const {
  absl::MutexLock lock(&table_mutex_);
  return table_;
}

void StackTree::Publish(std::shared_ptr<const StackBlockTable> table) {
  blocks_ = table->blocks.data();
  {
    absl::MutexLock lock(&table_mutex_);
    table_.swap(table);
  }
  table_version_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace flamekeep::storage
