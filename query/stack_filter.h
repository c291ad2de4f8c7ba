// Applies a frame filter to columns: stacks that do not count fall out, the others become the
// stacks that are left of them when frames are taken away, added up. What comes out is a column
// and a tree again, so that every view works on filtered stacks as on stored ones.
//
//   StackFilter filter(tree, flags, frame_filter, context, held_bytes);
//   FLAMEKEEP_ASSIGN_OR_RETURN(const std::string column, filter.Apply(columns));
//   FoldColumns({column}, filter.tree(), ...);
//
// Each node of the stored tree is looked at once (stack_states.h). A filter that takes no frames
// away keeps the stored tree. Else the new tree takes some 30 bytes a node, and what maps to it
// 4 bytes a stack of the store, or less of few stacks. Who only draws has merge_columns.h instead.
//
// Thread safety: none; one thread at a time (a second one may help to read columns).
// Errors: DATA_LOSS (damaged columns or tree), and those of the context.
#ifndef FLAMEKEEP_QUERY_STACK_FILTER_H_
#define FLAMEKEEP_QUERY_STACK_FILTER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "query/context.h"
#include "query/frame_flags_cache.h"
#include "query/stack_states.h"
#include "query/window_stream.h"
#include "storage/column.h"
#include "storage/stack_tree_view.h"
#include "storage/zeroed_array.h"

namespace flamekeep::query {

class StackFilter {
 public:
  // What becomes of frames that the filter takes away. Left, only the stacks that do not count fall
  // out, and the stored tree is kept whatever the filter.
  enum class Frames : uint8_t { kTaken, kLeft };

  // `flags` has every frame of the tree; `context` must outlive the object, `held_bytes` is what
  // the query holds besides. REQUIRES: `filter` is normalized.
  StackFilter(storage::StackTreeView tree, FrameFlagsCache::Flags flags, const FrameFilter& filter,
              const Context& context, uint64_t held_bytes, Frames frames = Frames::kTaken);

  // Whether a filter takes frames away.
  static bool Moves(const FrameFilter& filter);
  // Whether stacks fall out for another reason than that they do not hold the focus.
  static bool Drops(const FrameFilter& filter);

  // From here on, what the query holds besides.
  void Hold(uint64_t held_bytes) { held_bytes_ = held_bytes; }

  // The sum of the columns, filtered. Stacks of several calls get the same ids in one tree. The
  // observations in the header are those before the filter.
  absl::StatusOr<std::string> Apply(absl::Span<const std::string_view> columns);

  // Of all columns so far: the stored tree, or one that stays as it is until the next Apply(), and
  // lives as long as a view of it.
  storage::StackTreeView tree() const;

  // Whether frames are taken away, so that tree() is not the stored one.
  bool moves() const { return moves_; }

  uint64_t memory_bytes() const;
  // Of that, what tree() takes besides the stored one.
  uint64_t tree_bytes() const;

 private:
  // The tree that comes out. Shared with its views.
  struct NewTree {
    std::vector<uint32_t> parent;
    std::vector<uint32_t> frame;
  };

  // The stack that is left of one that counts. REQUIRES: states_.Of(id) was called.
  uint32_t MovedOf(uint32_t id);
  uint32_t NewChild(uint32_t parent, uint32_t frame);
  uint32_t* MovedPlace(uint32_t id);  // id + 1 in the new tree; 0: not known yet

  absl::Status ApplyInPlace(WindowStream* stream, storage::ColumnWriter* writer);
  absl::Status ApplyMoved(WindowStream* stream);
  absl::Status Check() const;

  const storage::StackTreeView tree_;
  const Context& context_;
  uint64_t held_bytes_;
  const uint32_t max_depth_;
  const bool moves_;  // frames are taken away

  StackStates states_;
  std::vector<uint32_t> path_;  // scratch

  // Where frames are taken away:
  std::shared_ptr<NewTree> new_tree_;
  std::vector<uint16_t> depths_;  // of its nodes, where there is a max_depth
  absl::flat_hash_map<uint64_t, uint32_t> children_;
  absl::flat_hash_map<uint32_t, uint32_t> few_moved_;
  storage::ZeroedArray<uint32_t> many_moved_;
  std::vector<uint64_t> values_;  // by new id
  uint64_t stream_bytes_ = 0;
  bool saturated_ = false;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_STACK_FILTER_H_
