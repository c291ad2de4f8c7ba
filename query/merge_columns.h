// The flame graph of stacks that frames are taken away from: stacks that become the same add up,
// and only what can be drawn is ever made, so memory does not grow with what is left out.
//
// The stacks are folded once, into totals of their nodes (node_totals.h). Then each node's path as
// it is shown, hashed, is known from its parent's, and the node's total is added to one of many
// counters by that hash: a path whose counter is not above the cut is not above it either, nor is
// any below it. In a third pass, the paths that are left become boxes and get their exact totals.
// Collisions cost memory, never exactness. Where the cut is not told by a share, it is guessed from
// the counters, and guessed again if too few boxes are above it.
//
// Memory: what the fold takes; after it the node totals, 4 bytes for each node that has children,
// the counters (at most 32 MiB), and the boxes.
//
// Thread safety: a pure function, which may use a second thread.
// Errors: DATA_LOSS (damaged columns or tree), and those of the context.
#ifndef FLAMEKEEP_QUERY_MERGE_COLUMNS_H_
#define FLAMEKEEP_QUERY_MERGE_COLUMNS_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "query/context.h"
#include "query/frame_filter.h"
#include "query/frame_flags_cache.h"
#include "query/layout.h"
#include "storage/column.h"
#include "storage/stack_tree_view.h"

namespace flamekeep::query {

// Which frames of stacks are shown: a filter, for what it takes away.
struct ShownFrames {
  FrameFilter filter;            // normalized
  FrameFlagsCache::Flags flags;  // of every frame of the tree
};

struct MergeOptions {
  static constexpr int kMaxCounterBits = 22;

  double min_share = 0;                                   // of the sum of what counts
  size_t max_nodes = std::numeric_limits<size_t>::max();  // the root included
  int max_counter_bits = kMaxCounterBits;                 // 2^n counters
};

struct Merged {
  storage::ColumnHeader sum;  // of all columns' headers, but for the total, which is what counts
  std::vector<Box> boxes;     // kept
  // Nodes of the stacks as they were stored that are shown in no box that was kept.
  uint64_t cut_nodes = 0;
  uint64_t visited = 0;  // nodes, once each
  bool saturated = false;
  // Where there is a focus: the topmost nodes in it with their totals, ids ascending, and the sum
  // of the stacks that end in a frame that it matches.
  std::vector<std::pair<uint32_t, uint64_t>> entries;
  uint64_t focus_self = 0;
};

// Stacks that the filter's `keep`, `drop` or `until` leave out must not be in the columns. Of the
// rest of the filter those that do not hold the focus are left out here. `held_bytes` is what the
// query holds besides.
absl::StatusOr<Merged> MergeColumns(absl::Span<const std::string_view> columns,
                                    const storage::StackTreeView& tree, const ShownFrames& shown,
                                    const MergeOptions& options, const Context& context,
                                    uint64_t held_bytes = 0);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_MERGE_COLUMNS_H_
