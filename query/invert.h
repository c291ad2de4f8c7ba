// The inverted flame graph: leaf functions at the root, their callers on them, merged.
//
// A box stands for the stacks that end in the same frames. The stacks are grouped by their last
// frame; then the widest group is split by the frame before, again and again, each stack's cursor
// moving up one parent at a time. A group that is too narrow to be drawn is never split, so the
// work is the stacks of each drawn box, not all suffixes of all stacks. Totals are exact.
//
// The stacks are read twice: once to count them by last frame, once to take them in, as many last
// frames at a time as fit the memory budget.
//
// Thread safety: a pure function, which may use a second thread.
// Errors: DATA_LOSS (damaged columns or tree), and those of the context.
#ifndef FLAMEKEEP_QUERY_INVERT_H_
#define FLAMEKEEP_QUERY_INVERT_H_

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "query/context.h"
#include "query/layout.h"
#include "storage/column.h"
#include "storage/stack_tree_view.h"

namespace flamekeep::query {

struct InvertOptions {
  double min_share = 0;                                   // of the sum of everything
  size_t max_nodes = std::numeric_limits<size_t>::max();  // the root included
  size_t max_batch_stacks = 0;  // taken in at a time; 0: what the memory budget allows
};

struct Inverted {
  storage::ColumnHeader sum;  // of all columns' headers
  std::vector<Box> boxes;     // kept
  uint64_t cut_nodes = 0;     // the topmost boxes that were left out
  uint64_t visited = 0;       // nodes looked at, one as often as it was
  bool saturated = false;
};

// `frame_count` bounds the tree's frames; `held_bytes` is what the query holds besides.
absl::StatusOr<Inverted> InvertColumns(absl::Span<const std::string_view> columns,
                                       const storage::StackTreeView& tree, uint32_t frame_count,
                                       const InvertOptions& options, const Context& context,
                                       uint64_t held_bytes = 0);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_INVERT_H_
