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
  explicit WideNodes(const FoldOptions& options) : options_(options) {}

  void Start(const storage::ColumnHeader& sum) {
    cut_ = CutForShare(options_.min_share, sum.total);
  }
  void PrefetchNode(uint32_t) const {}
  void Visit(uint32_t id, uint32_t parent, uint64_t total, uint64_t self) {
    if (total > cut_ || id == 0) [[unlikely]] {
      nodes_.push_back({id, parent, total, self});
    }
  }
  absl::Status EndWindow() {
    if (nodes_.size() / 2 > options_.max_nodes) RaiseCut();
    return absl::OkStatus();
  }
  uint64_t memory_bytes() const { return nodes_.capacity() * sizeof(FoldedNode); }

  std::vector<FoldedNode> Finish() {
    RaiseCut();
    return std::move(nodes_);
  }
  // REQUIRES: finished.
  uint64_t cut() const { return cut_; }

 private:
  // Leaves at most max_nodes nodes.
  void RaiseCut() {
    if (nodes_.size() <= options_.max_nodes) return;
    std::vector<uint64_t> totals;
    totals.reserve(nodes_.size());
    for (const FoldedNode& node : nodes_) {
      if (node.id != 0) totals.push_back(node.total);
    }
    cut_ = CutForCount(totals, options_.max_nodes - 1, cut_);
    std::erase_if(nodes_,
                  [&](const FoldedNode& node) { return node.total <= cut_ && node.id != 0; });
  }

  const FoldOptions& options_;
  std::vector<FoldedNode> nodes_;
  uint64_t cut_ = 0;  // kept is what is above it
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
