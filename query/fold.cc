#include "query/fold.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/status.h"
#include "query/fold_pass.h"
#include "query/threshold.h"

namespace flamekeep::query {
namespace {

// Keeps the nodes that can be drawn.
class WideNodes {
 public:
  explicit WideNodes(const FoldOptions& options) : options_(options), cut_(max_boxes(), 0) {}

  void Start(const storage::ColumnHeader& sum) {
    cut_ = RisingCut(max_boxes(), CutForShare(options_.min_share, sum.total));
  }
  void PrefetchNode(uint32_t) const {}
  void Visit(uint32_t id, uint32_t parent, uint64_t total, uint64_t self) {
    if (id == 0) [[unlikely]] {
      nodes_.push_back({id, parent, total, self});
    } else if (total > cut_.cut()) [[unlikely]] {
      nodes_.push_back({id, parent, total, self});
      cut_.Add(total);
    }
  }
  absl::Status EndWindow() {
    if (nodes_.size() / 2 > options_.max_nodes) DropNarrow();
    return absl::OkStatus();
  }
  uint64_t memory_bytes() const { return nodes_.capacity() * sizeof(FoldedNode); }

  std::vector<FoldedNode> Finish() {
    Keep(cut_.cut());
    RaiseCut();
    return std::move(nodes_);
  }
  // REQUIRES: finished.
  uint64_t cut() const { return cut_.cut(); }

 private:
  size_t max_boxes() const { return std::max<size_t>(options_.max_nodes, 1) - 1; }

  void Keep(uint64_t cut) {
    std::erase_if(nodes_,
                  [&](const FoldedNode& node) { return node.total <= cut && node.id != 0; });
  }
  void DropNarrow() {
    Keep(cut_.cut());
    // Many equal totals: the cut has to be exact.
    if (nodes_.size() / 3 * 2 > options_.max_nodes) RaiseCut();
  }
  // Leaves at most max_nodes nodes.
  void RaiseCut() {
    if (nodes_.size() <= options_.max_nodes) return;
    std::vector<uint64_t> totals;
    totals.reserve(nodes_.size());
    for (const FoldedNode& node : nodes_) {
      if (node.id != 0) totals.push_back(node.total);
    }
    const uint64_t cut = CutForCount(totals, max_boxes(), cut_.cut());
    Keep(cut);
    cut_ = RisingCut(max_boxes(), cut);
    for (const FoldedNode& node : nodes_) {
      if (node.id != 0) cut_.Add(node.total);
    }
  }

  const FoldOptions& options_;
  std::vector<FoldedNode> nodes_;
  RisingCut cut_;  // kept is what is above it
};

}  // namespace

absl::StatusOr<Folded> FoldColumns(absl::Span<const std::string_view> columns,
                                   const storage::StackTreeView& tree, const FoldOptions& options,
                                   const Context& context, uint64_t held_bytes) {
  WideNodes wide(options);
  const auto pass = std::make_unique<FoldPass<WideNodes>>(tree, &wide, context, held_bytes);
  FLAMEKEEP_ASSIGN_OR_RETURN(const FoldPassResult result, pass->Run(columns, options.threaded));
  std::vector<FoldedNode> nodes = wide.Finish();
  return Folded{.sum = result.sum,
                .nodes = std::move(nodes),
                .cut = wide.cut(),
                .visited = result.visited,
                .saturated = result.saturated,
                .peak_bytes = result.peak_bytes};
}

}  // namespace flamekeep::query
