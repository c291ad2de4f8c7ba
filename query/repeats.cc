#include "query/repeats.h"

#include <algorithm>

#include "base/status.h"

namespace flamekeep::query {
namespace {

using storage::StackId;

// Steps through the tree between two looks at the context: some milliseconds.
constexpr uint64_t kStepsPerCheck = uint64_t{1} << 18;

}  // namespace

RepeatTable::~RepeatTable() {
  for (uint32_t i = 0; i < kBlocks; ++i) {
    if (blocks_in_use_.load(std::memory_order_relaxed) == 0) return;
    const std::unique_ptr<Block> block(blocks_[i].load(std::memory_order_acquire));
    if (block != nullptr) blocks_in_use_.fetch_sub(1, std::memory_order_relaxed);
  }
}

RepeatTable::Block& RepeatTable::BlockOf(uint32_t id) {
  std::atomic<Block*>& place = blocks_[id / kBlockIds];
  Block* block = place.load(std::memory_order_acquire);
  if (block != nullptr) return *block;
  auto fresh = std::make_unique<Block>();
  if (!place.compare_exchange_strong(block, fresh.get(), std::memory_order_acq_rel)) return *block;
  blocks_in_use_.fetch_add(1, std::memory_order_relaxed);
  return *fresh.release();
}

Repeats::Repeats(const storage::StackTreeView& tree, uint32_t frame_count, RepeatTable* table,
                 const Context& context)
    : tree_(tree), table_(table), context_(context), seen_(frame_count) {
  table_->Set(0, false);
}

uint32_t Repeats::ParentOf(uint32_t id) {
  const uint32_t parent = Raw(tree_.parent(StackId{id}));
  if (parent < id) [[likely]] {
    return parent;
  }
  status_ = DataLoss("the dictionary is damaged: stack {} has no parent below it", id);
  return 0;
}

bool Repeats::See(uint32_t frame) {
  if (frame < seen_.size()) [[likely]] {
    seen_[frame] = path_;
    return true;
  }
  status_ =
      DataLoss("the dictionary is damaged: a stack has frame {}, it holds {}", frame, seen_.size());
  return false;
}

bool Repeats::Find(uint32_t id) {
  if (!status_.ok()) return false;
  // What is known of a node is known of its ancestors.
  fresh_.clear();
  uint32_t node = id;
  for (; table_->Get(node) == RepeatTable::Answer::kUnknown; node = ParentOf(node)) {
    fresh_.push_back({node, Raw(tree_.frame(StackId{node}))});
  }
  if (++path_ == 0) {
    std::fill(seen_.begin(), seen_.end(), 0);
    path_ = 1;
  }
  for (; node != 0; node = ParentOf(node)) {
    if (!See(Raw(tree_.frame(StackId{node})))) return false;
    ++steps_since_check_;
  }
  steps_since_check_ += fresh_.size();
  if (steps_since_check_ >= kStepsPerCheck) {
    steps_since_check_ = 0;
    status_ = context_.Check();
  }
  if (!status_.ok()) return false;
  // Empty where another thread has found it meanwhile.
  if (fresh_.empty()) return table_->Get(id) == RepeatTable::Answer::kRepeats;
  bool repeats = false;
  for (auto step = fresh_.rbegin(); step != fresh_.rend(); ++step) {
    repeats = step->frame < seen_.size() && seen_[step->frame] == path_;
    if (!See(step->frame)) return false;
    table_->Set(step->id, repeats);
  }
  return repeats;
}

}  // namespace flamekeep::query
