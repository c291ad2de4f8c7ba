#include "query/draw_columns.h"

#include <utility>
#include <vector>

#include "base/status.h"
#include "query/fold.h"
#include "query/invert.h"

namespace flamekeep::query {
namespace {

absl::StatusOr<std::vector<Box>> FoldBoxes(absl::Span<const std::string_view> columns,
                                           const storage::StackTreeView& tree,
                                           const FlameGraphOptions& options, const Context& context,
                                           uint64_t held_bytes, DrawnColumns* drawn) {
  FLAMEKEEP_ASSIGN_OR_RETURN(
      const Folded folded,
      FoldColumns(columns, tree, {.min_share = options.min_share, .max_nodes = MaxNodes(options)},
                  context, held_bytes));
  drawn->sum = folded.sum;
  drawn->saturated = folded.saturated;
  drawn->visited = folded.visited;
  drawn->graph.cut_nodes = folded.visited - folded.nodes.size();
  FLAMEKEEP_RETURN_IF_ERROR(context.CheckMemory(held_bytes +
                                                folded.nodes.capacity() * sizeof(FoldedNode) +
                                                folded.nodes.size() * sizeof(Box)));
  return BoxesOf(folded.nodes, tree, context);
}

absl::StatusOr<std::vector<Box>> InvertBoxes(absl::Span<const std::string_view> columns,
                                             const storage::StackTreeView& tree,
                                             uint32_t frame_count, const FlameGraphOptions& options,
                                             const Context& context, uint64_t held_bytes,
                                             DrawnColumns* drawn) {
  FLAMEKEEP_ASSIGN_OR_RETURN(Inverted inverted, InvertColumns(columns, tree, frame_count,
                                                              {.min_share = options.min_share,
                                                               .max_nodes = MaxNodes(options)},
                                                              context, held_bytes));
  drawn->sum = inverted.sum;
  drawn->saturated = inverted.saturated;
  drawn->visited = inverted.visited;
  drawn->graph.cut_nodes = inverted.cut_nodes;
  return std::move(inverted.boxes);
}

absl::Status LayOutChecked(const std::vector<Box>& boxes, uint32_t frame_count, FrameNames names,
                           const Context& context, uint64_t held_bytes, DrawnColumns* drawn) {
  FLAMEKEEP_RETURN_IF_ERROR(context.Check());
  FLAMEKEEP_RETURN_IF_ERROR(CheckFrames(boxes, frame_count));
  return LayOut(boxes, names, context, held_bytes + boxes.capacity() * sizeof(Box), &drawn->graph);
}

}  // namespace

absl::Status CheckOptions(const FlameGraphOptions& options) {
  if (!(options.min_share >= 0 && options.min_share <= 1)) {
    return InvalidArgument("`min_share` is {}: it is a share of the total, from 0 to 1",
                           options.min_share);
  }
  if (options.max_nodes > kMaxMaxNodes) {
    return InvalidArgument("`max_nodes` is {}: at most {} can be asked for", options.max_nodes,
                           kMaxMaxNodes);
  }
  return absl::OkStatus();
}

uint32_t MaxNodes(const FlameGraphOptions& options) {
  return options.max_nodes != 0 ? options.max_nodes : kDefaultMaxNodes;
}

std::string GraphView(const FlameGraphOptions& options) {
  return fmt::format("graph,{},{},{};", options.inverted, options.min_share, MaxNodes(options));
}

absl::StatusOr<DrawnColumns> DrawColumns(absl::Span<const std::string_view> columns,
                                         const storage::StackTreeView& tree, uint32_t frame_count,
                                         const FlameGraphOptions& options, FrameNames names,
                                         const Context& context, uint64_t held_bytes) {
  DrawnColumns drawn;
  drawn.graph.inverted = options.inverted;
  FLAMEKEEP_ASSIGN_OR_RETURN(
      const std::vector<Box> boxes,
      options.inverted
          ? InvertBoxes(columns, tree, frame_count, options, context, held_bytes, &drawn)
          : FoldBoxes(columns, tree, options, context, held_bytes, &drawn));
  FLAMEKEEP_RETURN_IF_ERROR(LayOutChecked(boxes, frame_count, names, context, held_bytes, &drawn));
  return drawn;
}

absl::StatusOr<DrawnColumns> DrawShownFrames(absl::Span<const std::string_view> columns,
                                             const storage::StackTreeView& tree,
                                             const ShownFrames& shown, uint32_t frame_count,
                                             const FlameGraphOptions& options, FrameNames names,
                                             const Context& context, uint64_t held_bytes,
                                             Merged* merged) {
  FLAMEKEEP_ASSIGN_OR_RETURN(
      Merged found, MergeColumns(columns, tree, shown,
                                 {.min_share = options.min_share, .max_nodes = MaxNodes(options)},
                                 context, held_bytes));
  DrawnColumns drawn;
  drawn.sum = found.sum;
  drawn.visited = found.visited;
  drawn.saturated = found.saturated;
  drawn.graph.cut_nodes = found.cut_nodes;
  const std::vector<Box> boxes = std::move(found.boxes);
  held_bytes += found.entries.capacity() * sizeof(found.entries[0]);
  FLAMEKEEP_RETURN_IF_ERROR(LayOutChecked(boxes, frame_count, names, context, held_bytes, &drawn));
  if (merged != nullptr) *merged = std::move(found);
  return drawn;
}

}  // namespace flamekeep::query
