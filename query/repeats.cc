#include "query/repeats.h"

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
    : tree_(tree), table_(table), context_(context), path_({{0, 0}}), on_path_(frame_count) {
  table_->Set(0, false);
}

bool Repeats::Climb(uint32_t id) {
  climb_.clear();
  while (true) {
    // The root, id 0, is never taken away.
    while (path_.back().id > id) {
      --on_path_[path_.back().frame];
      path_.pop_back();
    }
    if (path_.back().id == id) return true;
    climb_.push_back(id);
    const uint32_t parent = Raw(tree_.parent(StackId{id}));
    if (parent >= id) {
      status_ = DataLoss("the dictionary is damaged: stack {} has no parent below it", id);
      return false;
    }
    id = parent;
  }
}

bool Repeats::Find(uint32_t id) {
  if (!status_.ok() || !Climb(id)) return false;
  steps_since_check_ += climb_.size();
  if (steps_since_check_ >= kStepsPerCheck) {
    steps_since_check_ = 0;
    status_ = context_.Check();
  }
  for (auto node = climb_.rbegin(); node != climb_.rend(); ++node) {
    const uint32_t frame = Raw(tree_.frame(StackId{*node}));
    if (frame >= on_path_.size()) {
      status_ = DataLoss("the dictionary is damaged: a stack has frame {}, it holds {}", frame,
                         on_path_.size());
      return false;
    }
    const bool repeats = on_path_[frame]++ != 0;
    path_.push_back({*node, frame});
    if (table_->Get(*node) == RepeatTable::Answer::kUnknown) table_->Set(*node, repeats);
  }
  return table_->Get(id) == RepeatTable::Answer::kRepeats;
}

}  // namespace flamekeep::query
