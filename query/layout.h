// Puts the boxes of a flame graph in their order and gives them their names.
//
// Thread safety: pure functions. Errors: those of the context.
#ifndef FLAMEKEEP_QUERY_LAYOUT_H_
#define FLAMEKEEP_QUERY_LAYOUT_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "query/context.h"
#include "query/flame_graph.h"
#include "query/fold.h"
#include "storage/frame_table.h"
#include "storage/ids.h"
#include "storage/stack_tree_view.h"

namespace flamekeep::query {

struct Box {
  uint32_t parent;  // index of a box before this one; the root is box 0 and its own parent
  uint32_t frame;   // FrameId
  uint64_t total;
  uint64_t self;
};

using FrameNames = absl::FunctionRef<storage::Frame(storage::FrameId)>;

// The boxes of folded nodes, in the order of their ids. REQUIRES: every node's parent was kept.
absl::StatusOr<std::vector<Box>> BoxesOf(absl::Span<const FoldedNode> nodes,
                                         const storage::StackTreeView& tree,
                                         const Context& context);

// DATA_LOSS where a box has a frame that there is not: names are looked up without a check.
absl::Status CheckFrames(absl::Span<const Box> boxes, uint32_t frame_count);

// Fills the lists of `graph`, which are empty, in the order that flame_graph.h tells, and
// cut_total. `held_bytes` is what the query holds, with the boxes; `order`, where it is given, gets
// the boxes' indexes in that order. REQUIRES: a root; no two children of a box have the same frame.
absl::Status LayOut(absl::Span<const Box> boxes, FrameNames names, const Context& context,
                    uint64_t held_bytes, FlameGraph* graph, std::vector<uint32_t>* order = nullptr);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_LAYOUT_H_
