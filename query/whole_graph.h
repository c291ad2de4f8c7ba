// The flame graph of some columns with nothing left out: what exact encoders and exports start
// from.
//
// Thread safety: a pure function. Errors: DATA_LOSS (damaged columns or tree), and those of the
// context.
#ifndef FLAMEKEEP_QUERY_WHOLE_GRAPH_H_
#define FLAMEKEEP_QUERY_WHOLE_GRAPH_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "query/context.h"
#include "query/flame_graph.h"
#include "storage/column.h"
#include "storage/dictionary.h"
#include "storage/stack_tree_view.h"

namespace flamekeep::query {

struct WholeGraph {
  FlameGraph graph;           // without its coverage
  storage::ColumnHeader sum;  // of all columns' headers
  bool saturated = false;
  uint64_t visited = 0;  // nodes of the tree
};

// `dictionary` has the frames of `tree`. `held_bytes` is what the query holds, with the columns.
absl::StatusOr<WholeGraph> WholeGraphOf(absl::Span<const std::string_view> columns,
                                        const storage::StackTreeView& tree,
                                        const storage::Dictionary& dictionary,
                                        const Context& context, uint64_t held_bytes);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_WHOLE_GRAPH_H_
