// Folds the values of stacks into totals of tree nodes: the heart of the plain flame graph.
//
// A parent's id is smaller than its child's, so one pass from the highest id to the lowest knows
// every node's total when it comes to it. Columns are added up window by window (65,536 ids,
// highest first); within a window a total is added to its parent in place, a parent in a lower
// window gets it later (pending_sums.h). Time grows with the nodes that were met, not with the age
// of the store; memory is a few windows, the pending sums, and the nodes that are kept.
//
// Kept is what can be drawn: a node whose total is above a cut. As the sum of everything is known
// from the columns' headers before the first pair is read, the cut of a share is known too; where
// more than `max_nodes` are above it, it rises as the pass goes on. A parent's total is never below
// its child's, so what is kept is always a tree.
//
// Thread safety: a pure function, which may use a second thread.
// Errors: DATA_LOSS (damaged columns, or a tree that breaks the order of ids), and those of the
// context.
#ifndef FLAMEKEEP_QUERY_FOLD_H_
#define FLAMEKEEP_QUERY_FOLD_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "query/context.h"
#include "storage/column.h"
#include "storage/stack_tree_view.h"

namespace flamekeep::query {

struct FoldOptions {
  double min_share = 0;                                   // of the sum of everything
  size_t max_nodes = std::numeric_limits<size_t>::max();  // the root included
  std::optional<bool> threaded;                           // unset: where it pays
};

struct FoldedNode {
  uint32_t id;  // StackId
  uint32_t parent;
  uint64_t total;  // of the node and all below it; saturates
  uint64_t self;   // of the stacks that end in it
};

struct Folded {
  storage::ColumnHeader sum;      // of all columns' headers
  std::vector<FoldedNode> nodes;  // kept; ids descending, the last one is the root
  uint64_t cut = 0;               // kept is what is above it
  uint64_t visited = 0;           // nodes met, the root included
  bool saturated = false;
  uint64_t peak_bytes = 0;  // of the memory that the context bounds
};

// `held_bytes` is what the query holds besides, for the context's budget.
absl::StatusOr<Folded> FoldColumns(absl::Span<const std::string_view> columns,
                                   const storage::StackTreeView& tree, const FoldOptions& options,
                                   const Context& context, uint64_t held_bytes = 0);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_FOLD_H_
