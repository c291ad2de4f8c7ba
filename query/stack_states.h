// What a frame filter says of each stored stack: whether it counts, and which of its frames are
// shown. Each node of the tree is looked at once: what it inherits from its parent and what its
// frame matches say all. Nodes are looked up as they are met, or all at once.
//
// Thread safety: none; one thread at a time.
#ifndef FLAMEKEEP_QUERY_STACK_STATES_H_
#define FLAMEKEEP_QUERY_STACK_STATES_H_

#include <cstdint>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "query/context.h"
#include "query/frame_flags_cache.h"
#include "query/prefetch.h"
#include "storage/stack_tree_view.h"
#include "storage/zeroed_array.h"

namespace flamekeep::query {

class StackStates {
 public:
  // What a stored node inherits: FrameFlags of keeps, and the constants below. Never 0.
  using State = uint8_t;

  // `flags` has every frame of the tree. REQUIRES: `filter` is normalized.
  StackStates(storage::StackTreeView tree, FrameFlagsCache::Flags flags, const FrameFilter& filter);

  // Whether to find the states of all nodes before `stacks` of them are asked for: in their order
  // it takes some nanoseconds a node, where one that is met by itself takes a hundred.
  static bool FindsAll(uint64_t stacks, uint32_t tree_size) { return stacks > tree_size / 2; }
  // What is damaged is left to who meets it. Errors: of the context.
  absl::Status FindAll(const Context& context);

  // Any state, and an error of status(), where the tree is damaged.
  State Of(uint32_t id) {
    const State state = states_[id];
    return state != 0 ? state : Find(id);
  }
  // Starts to load what Of() needs.
  ABSL_ATTRIBUTE_ALWAYS_INLINE void PrefetchState(uint32_t id) const {
    if (id >= states_.size()) return;
    Prefetch(&states_[id]);
    tree_.Prefetch(storage::StackId{id});
  }
  bool Counts(State state) const {
    return (state & kDropped) == 0 && (state & keeps_) == keeps_ && (state & kInFocus) != 0 &&
           (!ends_ || (state & kPastUntil) != 0);
  }
  // Whether the frame of a node, which is not the root, is shown in stacks that count, but for the
  // filter's max_depth. REQUIRES: Of(id) was called.
  bool Shows(uint32_t id) const {
    return Shows(states_[Raw(tree_.parent(storage::StackId{id}))], states_[id], FlagsOf(id));
  }

  // The rules by themselves. What a node inherits from its parent of the frames that are shown, and
  // whether its own is; `flags` are those of its frame.
  static State Inherit(State parent, FrameFlags flags) {
    State state = parent | (flags & kInFocus);
    if ((state & kInFocus) != 0) state |= flags & kPastUntil;
    return state;
  }
  static bool Shows(State parent, State state, FrameFlags flags) {
    return (state & kInFocus) != 0 && (parent & kPastUntil) == 0 && (flags & kFlagHide) == 0;
  }
  static constexpr State kInFocus = kFlagFocus;
  static constexpr State kPastUntil = kFlagUntil;

  // DATA_LOSS where a stack was met that has no parent below it.
  absl::Status status() const;
  uint64_t bytes() const { return states_.bytes(); }

 private:
  static constexpr State kSeen = 1u << 7;  // the node was looked at
  static constexpr State kDropped = kFlagDrop;

  State Next(State parent, FrameFlags flags) const {
    return Inherit(parent, flags) | (flags & (keeps_ | kDropped));
  }
  FrameFlags FlagsOf(uint32_t id) const;
  State Find(uint32_t id);
  // FindAll() of `begin` to `end` of one block.
  void FindRun(uint32_t begin, uint32_t end);

  const storage::StackTreeView tree_;
  const FrameFlagsCache::Flags flags_;
  const FrameFlags keeps_;  // bits of all `keep`
  const bool ends_;         // there is an `until`
  storage::ZeroedArray<State> states_;
  std::vector<uint32_t> path_;  // scratch
  uint32_t damaged_ = 0;        // a stack without a parent below it; 0: none
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_STACK_STATES_H_
