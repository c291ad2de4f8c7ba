#include "query/stack_states.h"

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

StackStates::State StackStates::Next(State parent, FrameFlags flags) const {
  State state = parent | (flags & (keeps_ | kFlagDrop | kFlagFocus));
  if ((state & kInFocus) != 0) state |= flags & kFlagUntil;
  return state;
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

bool StackStates::Shows(uint32_t id) const {
  const State above = states_[Raw(tree_.parent(storage::StackId{id}))];
  return (states_[id] & kInFocus) != 0 && (above & kPastUntil) == 0 &&
         (FlagsOf(id) & kFlagHide) == 0;
}

absl::Status StackStates::status() const {
  if (damaged_ == 0) return absl::OkStatus();
  return DataLoss("the dictionary is damaged: stack {} has no parent below it", damaged_);
}

}  // namespace flamekeep::query
