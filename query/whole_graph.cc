#include "query/whole_graph.h"

#include <vector>

#include "base/status.h"
#include "query/fold.h"
#include "query/layout.h"

namespace flamekeep::query {

absl::StatusOr<WholeGraph> WholeGraphOf(absl::Span<const std::string_view> columns,
                                        const storage::StackTreeView& tree,
                                        const storage::Dictionary& dictionary,
                                        const Context& context, uint64_t held_bytes) {
  WholeGraph whole;
  std::vector<Box> boxes;
  {
    FLAMEKEEP_ASSIGN_OR_RETURN(const Folded folded,
                               FoldColumns(columns, tree, {}, context, held_bytes));
    FLAMEKEEP_RETURN_IF_ERROR(
        context.CheckMemory(held_bytes + folded.nodes.size() * (sizeof(FoldedNode) + sizeof(Box))));
    whole.sum = folded.sum;
    whole.saturated = folded.saturated;
    whole.visited = folded.visited;
    FLAMEKEEP_ASSIGN_OR_RETURN(boxes, BoxesOf(folded.nodes, tree, context));
  }
  FLAMEKEEP_RETURN_IF_ERROR(CheckFrames(boxes, dictionary.frame_count()));
  FLAMEKEEP_RETURN_IF_ERROR(LayOut(
      boxes, [&](storage::FrameId id) { return dictionary.frame(id); }, context,
      held_bytes + boxes.capacity() * sizeof(Box), &whole.graph));
  return whole;
}

}  // namespace flamekeep::query
