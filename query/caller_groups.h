// Groups of stacks that end in the same frames, and their splitting by the next frame towards the
// root: for the inverted flame graph (invert.h) and for inverted folded text.
//
//   CallerGroups groups(tree, frame_count);
//   FLAMEKEEP_RETURN_IF_ERROR(groups.Count(columns, context));      // groups.last(): by last frame
//   FLAMEKEEP_ASSIGN_OR_RETURN(auto loaded, groups.Load(columns, keys, context));
//   FLAMEKEEP_RETURN_IF_ERROR(groups.Split(loaded[0], cut, context, &children));  // by the frame
//   before
//
// Each stack has a cursor that moves up one parent at a time. The stacks of a group lie together in
// two arrays; splitting sorts them in place, by a copy: memory is 12 bytes a stack, and 16 more for
// those of the largest group.
//
// Thread safety: none; one thread at a time (a second one may help to read columns).
// Errors: DATA_LOSS (damaged columns or tree), and those of the context.
#ifndef FLAMEKEEP_QUERY_CALLER_GROUPS_H_
#define FLAMEKEEP_QUERY_CALLER_GROUPS_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "query/context.h"
#include "query/window_stream.h"
#include "storage/column.h"
#include "storage/stack_tree_view.h"

namespace flamekeep::query {

struct CallerGroup {
  uint32_t key = 0;  // of the frame that all its stacks have in common
  // Its stacks that go on towards the root, as a run of the loaded ones.
  size_t begin = 0;
  size_t end = 0;
  uint64_t total = 0;  // of all its stacks; saturates
  uint64_t self = 0;   // of those that go no further: their cursor met the root
};

class CallerGroups {
 public:
  // Stacks counted by the key of their last frame.
  struct Last {
    uint64_t total = 0;
    uint64_t self = 0;  // of the stacks that have one frame only
    size_t stacks = 0;
  };

  // Frames are grouped by keys[frame], which are below keys.size(), or by their id where `keys` is
  // empty. The tree must outlive the object.
  CallerGroups(const storage::StackTreeView& tree, uint32_t frame_count,
               std::vector<uint32_t> keys = {});

  // Reads all stacks. To be called first, once. `held_bytes` is what the query holds besides.
  absl::Status Count(absl::Span<const std::string_view> columns, const Context& context,
                     uint64_t held_bytes);
  const storage::ColumnHeader& sum() const { return sum_; }
  bool saturated() const { return saturated_; }
  uint64_t root_self() const { return root_self_; }        // of the empty stack
  const std::vector<Last>& last() const { return last_; }  // by key

  // The last frames whose stacks are loaded at a time: as many as fit the memory, at least one.
  class Batch {
   public:
    // `max_stacks`: instead of what fits, unless 0.
    Batch(const Context& context, uint64_t held_bytes, size_t max_stacks);

    // Takes one more with so many stacks; false where it does not fit.
    [[nodiscard]] bool Add(size_t stacks);

   private:
    const uint64_t max_bytes_;
    const size_t max_stacks_;
    size_t stacks_ = 0;
    size_t largest_ = 0;  // of them, those of one
    bool empty_ = true;
  };

  // Reads all stacks again and takes in those whose last frame has one of `keys`, instead of what
  // was loaded before. Returns their groups in the order of `keys`. `held_bytes` is what the query
  // holds besides.
  absl::StatusOr<std::vector<CallerGroup>> Load(absl::Span<const std::string_view> columns,
                                                absl::Span<const uint32_t> keys,
                                                const Context& context, uint64_t held_bytes);

  // Splits a group: puts those with a total above `cut` into `groups`, ordered by when they were
  // met, and returns how many there are in all. The group's run is then theirs.
  absl::StatusOr<size_t> Split(const CallerGroup& group, uint64_t cut, const Context& context,
                               std::vector<CallerGroup>* groups);

  uint64_t visited() const { return visited_; }
  uint64_t memory_bytes() const;

 private:
  struct Tally {
    uint64_t total = 0;
    size_t stacks = 0;
    size_t group = 0;  // where it is in `groups`, while a group is being split
  };

  // Calls visit(id, value) for every stack but the empty one.
  template <typename Visit>
  absl::Status ForEachStack(absl::Span<const std::string_view> columns, const Context& context,
                            uint64_t held_bytes, Visit&& visit);
  // The key of a node's frame; 0 and the damage noted where there is no such frame.
  uint32_t KeyOf(uint32_t id);
  // The parent of a node other than the root; 0 and the damage noted where it is not below it.
  uint32_t ParentOf(uint32_t id);
  void Put(uint32_t next, uint64_t value, CallerGroup* group);
  absl::Status Damage() const;

  const storage::StackTreeView& tree_;
  const uint32_t frame_count_;
  const std::vector<uint32_t> keys_;
  storage::ColumnHeader sum_;
  bool saturated_ = false;
  uint64_t root_self_ = 0;
  uint64_t visited_ = 0;
  uint32_t damaged_ = 0;          // a node; 0 if none
  size_t split_since_check_ = 0;  // stacks
  std::vector<Last> last_;

  // The loaded stacks. `next_` is the node whose frame comes next towards the root, never the root.
  std::vector<uint32_t> next_;
  std::vector<uint64_t> value_;
  std::vector<Tally> tally_;  // by key; all zero between splits
  // Copies of the stacks of the group that is being split.
  std::vector<uint32_t> split_next_;
  std::vector<uint32_t> split_key_;
  std::vector<uint64_t> split_value_;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_CALLER_GROUPS_H_
