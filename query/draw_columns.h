// Columns and their tree in, a flame graph out: plain, inverted, or of stacks that frames are taken
// away from.
//
// Thread safety: pure functions; they may use a second thread.
// Errors: INVALID_ARGUMENT (options), DATA_LOSS (damaged columns or tree), and those of the
// context.
#ifndef FLAMEKEEP_QUERY_DRAW_COLUMNS_H_
#define FLAMEKEEP_QUERY_DRAW_COLUMNS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "query/context.h"
#include "query/flame_graph.h"
#include "query/layout.h"
#include "query/merge_columns.h"
#include "storage/column.h"
#include "storage/stack_tree_view.h"

namespace flamekeep::query {

inline constexpr uint32_t kDefaultMaxNodes = 100'000;
inline constexpr uint32_t kMaxMaxNodes = 5'000'000;

struct FlameGraphOptions {
  // Leaf functions at the root: who calls them, merged.
  bool inverted = false;
  // Boxes narrower than this share of the total are left out. 0 to 1.
  double min_share = 0;
  // At most so many boxes, the root included: the widest. Boxes of equal width are kept or left out
  // together, so that an answer depends on nothing but the samples. 0: kDefaultMaxNodes.
  uint32_t max_nodes = 0;
};

absl::Status CheckOptions(const FlameGraphOptions& options);

// At most so many boxes are drawn.
uint32_t MaxNodes(const FlameGraphOptions& options);

// The view of a question: the options in one way of writing them.
std::string GraphView(const FlameGraphOptions& options);

struct DrawnColumns {
  FlameGraph graph;           // without its coverage
  storage::ColumnHeader sum;  // of all columns' headers
  uint64_t visited = 0;       // nodes
  bool saturated = false;
};

// `frame_count` bounds the tree's frames; `held_bytes` is what the query holds besides. REQUIRES:
// the options were checked.
absl::StatusOr<DrawnColumns> DrawColumns(absl::Span<const std::string_view> columns,
                                         const storage::StackTreeView& tree, uint32_t frame_count,
                                         const FlameGraphOptions& options, FrameNames names,
                                         const Context& context, uint64_t held_bytes);

// The graph of the stacks as a filter shows them, not inverted. Of `options` those that say what is
// left out. What MergeColumns() found besides the boxes goes to `merged`, where that is given.
absl::StatusOr<DrawnColumns> DrawShownFrames(absl::Span<const std::string_view> columns,
                                             const storage::StackTreeView& tree,
                                             const ShownFrames& shown, uint32_t frame_count,
                                             const FlameGraphOptions& options, FrameNames names,
                                             const Context& context, uint64_t held_bytes,
                                             Merged* merged = nullptr);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_DRAW_COLUMNS_H_
