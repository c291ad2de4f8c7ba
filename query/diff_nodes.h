// Compares stacks of two selections: nodes of both stack trees, merged.
//
// Which nodes are compared is decided by the sums of both ranges; then their totals are taken from
// each bucket. Where the sides have different frame filters, the same stack has another id in each
// tree: it is found by its frames once, for the nodes that are compared.
//
// Takes some 150 bytes a node that is compared.
//
// Thread safety: none; one thread at a time.
// Errors: DATA_LOSS (damaged columns or tree), and those of the context.
#ifndef FLAMEKEEP_QUERY_DIFF_NODES_H_
#define FLAMEKEEP_QUERY_DIFF_NODES_H_

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "query/context.h"
#include "query/diff.h"
#include "query/diff_functions.h"
#include "query/fold.h"
#include "query/layout.h"
#include "query/noise.h"
#include "storage/stack_tree_view.h"

namespace flamekeep::query {

class DiffNodes {
 public:
  // What a node takes while those of a side are added.
  static constexpr uint64_t kBytesPerAdded = 96;

  // A node that is compared, by its id in the tree of a side.
  struct Wanted {
    uint32_t id;
    uint32_t index;
  };

  // Takes the nodes of a side, folded over its whole range. To be called for both sides, in any
  // order. `tree`: of the side. REQUIRES: the frames of the tree are below `frame_count`, or the
  // tree is damaged.
  absl::Status AddFolded(size_t side, const Folded& folded, const storage::StackTreeView& tree,
                         uint32_t frame_count, const Context& context);
  // Leaves at most `max_nodes`. REQUIRES: max_nodes > 0.
  absl::Status Choose(size_t max_nodes, const Context& context);
  // Finds the nodes that only one side has kept in the tree of the other one; `same_tree`: both
  // sides have the same ids. To be called for both sides once the nodes are chosen.
  absl::Status FindIn(size_t side, const storage::StackTreeView& tree, bool same_tree,
                      const Context& context);

  // Adds up a bucket of a side. REQUIRES: all of the above.
  absl::Status AddBucket(size_t side, absl::Span<const std::string_view> columns,
                         const storage::StackTreeView& tree, const Context& context,
                         uint64_t held_bytes);

  uint64_t memory_bytes() const;

  absl::Status Finish(const RangeSizes& sizes, FrameNames names, const Context& context,
                      uint64_t held_bytes, DiffGraph* out) const;

 private:
  static constexpr uint32_t kNoId = UINT32_MAX;

  struct Node {
    uint32_t parent;  // index
    uint32_t frame;
    double share = 0;  // the larger one of both sides, of those that kept the node
    std::array<uint32_t, kDiffSides> ids = {kNoId, kNoId};
  };
  struct Part {
    RangePart total;
    uint64_t self = 0;
  };

  class Visitor;

  uint32_t IndexOf(uint32_t parent, uint32_t frame);
  // The boxes in the order of the nodes, with a side's values.
  std::vector<Box> BoxesOfSide(size_t side) const;

  std::vector<Node> nodes_;  // parents before their children; the first is the root
  absl::flat_hash_map<uint64_t, uint32_t> index_;  // by parent and frame
  double least_share_ = 0;                         // nodes of this share and below may be missing
  std::array<std::vector<Wanted>, kDiffSides> wanted_;  // ids descending
  std::array<std::vector<Part>, kDiffSides> parts_;     // by index
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_DIFF_NODES_H_
