#include "query/stack_states.h"

#include <algorithm>
#include <utility>

#include "base/status.h"

namespace flamekeep::query {

StackStates::StackStates(storage::StackTreeView tree, FrameFlagsCache::Flags flags,
                         const FrameFilter& filter)
    : tree_(std::move(tree)),
      flags_(std::move(flags)),
      keeps_(static_cast<FrameFlags>((1u << filter.keep.size()) - 1)),
      ends_(!filter.until.empty()),
      states_(tree_.size()) {
  states_[0] = static_cast<State>(kSeen | (filter.focus.empty() ? kInFocus : 0));
}

FrameFlags StackStates::FlagsOf(uint32_t id) const {
  const uint32_t frame = Raw(tree_.frame(storage::StackId{id}));
  return frame < flags_->size() ? (*flags_)[frame] : FrameFlags{0};
}

StackStates::State StackStates::Find(uint32_t id) {
  path_.clear();
  while (states_[id] == 0) {
    path_.push_back(id);
    const uint32_t parent = Raw(tree_.parent(storage::StackId{id}));
    if (parent >= id) [[unlikely]] {
      damaged_ = id;
      return kSeen | kDropped;
    }
    id = parent;
  }
  State state = states_[id];
  for (auto node = path_.rbegin(); node != path_.rend(); ++node) {
    state = Next(state, FlagsOf(*node));
    states_[*node] = state;
  }
  return state;
}

absl::Status StackStates::FindAll(const Context& context) {
  constexpr uint32_t kStacksBetweenChecks = 1u << 20;
  const uint32_t step = std::min(kStacksBetweenChecks, tree_.block_nodes());
  for (uint64_t begin = 0; begin < tree_.size(); begin += step) {
    FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    FindRun(static_cast<uint32_t>(begin),
            static_cast<uint32_t>(std::min<uint64_t>(begin + step, tree_.size())));
  }
  return absl::OkStatus();
}

void StackStates::FindRun(uint32_t begin, uint32_t end) {
  const uint32_t first = begin / tree_.block_nodes() * tree_.block_nodes();
  const storage::StackBlock& block = tree_.block(begin / tree_.block_nodes());
  const FrameFlags* const flags = flags_->data();
  const size_t frames = flags_->size();
  for (uint32_t id = std::max(begin, 1u); id < end; ++id) {
    const uint32_t parent = block.parent[id - first];
    const uint32_t frame = block.frame[id - first];
    if (parent >= id || states_[parent] == 0) [[unlikely]] {
      continue;
    }
    states_[id] = Next(states_[parent], frame < frames ? flags[frame] : FrameFlags{0});
  }
}

absl::Status StackStates::status() const {
  if (damaged_ == 0) return absl::OkStatus();
  return DataLoss("the dictionary is damaged: stack {} has no parent below it", damaged_);
}

}  // namespace flamekeep::query
