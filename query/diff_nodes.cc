#include "query/diff_nodes.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/status.h"
#include "query/checked_sort.h"
#include "query/fold_pass.h"
#include "storage/column.h"

namespace flamekeep::query {
namespace {

using storage::StackId;
using storage::StackTreeView;

constexpr uint64_t kIndexBytesPerNode = 24;  // of the hash map, full or empty places

uint64_t NodeKey(uint32_t parent, uint32_t frame) { return uint64_t{parent} << 32 | frame; }

// The sum of what neither ended in a box nor is in its children's boxes.
uint64_t CutTotalOf(absl::Span<const Box> boxes) {
  std::vector<uint64_t> rest;
  for (const Box& box : boxes) rest.push_back(box.total - box.self);
  // Saturated numbers do not add up.
  for (const Box& box : boxes.subspan(1)) {
    rest[box.parent] -= std::min(rest[box.parent], box.total);
  }
  uint64_t sum = 0;
  bool saturated = false;
  for (const uint64_t value : rest) sum = storage::SaturatingAdd(sum, value, &saturated);
  return sum;
}

}  // namespace

// Takes the totals of the wanted nodes from a pass, which comes by their ids in the same order.
class DiffNodes::Visitor {
 public:
  Visitor(absl::Span<const Wanted> wanted, std::vector<Part>* parts)
      : wanted_(wanted), parts_(*parts) {}

  void Start(const storage::ColumnHeader& sum) { bucket_total_ = sum.total; }
  void PrefetchNode(uint32_t) const {}
  void Visit(uint32_t id, uint32_t /*parent*/, uint64_t total, uint64_t self) {
    while (next_ < wanted_.size() && wanted_[next_].id > id) ++next_;
    if (next_ == wanted_.size() || wanted_[next_].id != id) return;
    Part& part = parts_[wanted_[next_].index];
    part.total.Add(total, bucket_total_);
    bool saturated = false;
    part.self = storage::SaturatingAdd(part.self, self, &saturated);
  }
  absl::Status EndWindow() const { return absl::OkStatus(); }
  uint64_t memory_bytes() const { return 0; }

 private:
  const absl::Span<const Wanted> wanted_;
  std::vector<Part>& parts_;
  uint64_t bucket_total_ = 0;
  size_t next_ = 0;
};

uint32_t DiffNodes::IndexOf(uint32_t parent, uint32_t frame) {
  const auto [found, added] =
      index_.try_emplace(NodeKey(parent, frame), static_cast<uint32_t>(nodes_.size()));
  if (added) nodes_.push_back({.parent = parent, .frame = frame});
  return found->second;
}

absl::Status DiffNodes::AddFolded(size_t side, const Folded& folded, const StackTreeView& tree,
                                  uint32_t frame_count, const Context& context) {
  if (nodes_.empty()) nodes_.push_back({.parent = 0, .frame = 0});
  nodes_[0].share = 1;
  nodes_[0].ids[side] = 0;
  const auto total = static_cast<double>(folded.sum.total);
  if (folded.nodes.size() < folded.visited) {
    least_share_ = std::max(least_share_, ShareOf(folded.cut, total));
  }
  absl::flat_hash_map<uint32_t, uint32_t> index_of_id = {{0, 0}};
  // Ids descend; the last one is the root.
  for (size_t i = folded.nodes.size() - 1; i-- > 0;) {
    if (i % kItemsPerCheck == 0) FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    const FoldedNode& folded_node = folded.nodes[i];
    const uint32_t frame = Raw(tree.frame(StackId{folded_node.id}));
    const auto parent = index_of_id.find(folded_node.parent);
    if (frame >= frame_count || parent == index_of_id.end()) {
      return DataLoss("the dictionary is damaged: stack {} has frame {} and parent {}",
                      folded_node.id, frame, folded_node.parent);
    }
    const uint32_t index = IndexOf(parent->second, frame);
    index_of_id.emplace(folded_node.id, index);
    Node& node = nodes_[index];
    node.share = std::max(node.share, ShareOf(folded_node.total, total));
    node.ids[side] = folded_node.id;
  }
  return absl::OkStatus();
}

absl::Status DiffNodes::Choose(size_t max_nodes, const Context& context) {
  // Above the cut of both sides all nodes are known, with their larger share.
  double cut = least_share_;
  std::vector<double> shares;
  for (size_t i = 1; i < nodes_.size(); ++i) {
    if (nodes_[i].share > cut) shares.push_back(nodes_[i].share);
  }
  if (shares.size() > max_nodes - 1) {
    const auto last = shares.begin() + static_cast<ptrdiff_t>(max_nodes - 1);
    std::nth_element(shares.begin(), last, shares.end(), std::greater<>());
    cut = *last;
  }
  // The ancestors of what is left are left too: none has a smaller share.
  std::vector<uint32_t> moved(nodes_.size());
  size_t left = 1;
  for (size_t i = 1; i < nodes_.size(); ++i) {
    if (i % kItemsPerCheck == 0) FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    if (nodes_[i].share <= cut) continue;
    nodes_[i].parent = moved[nodes_[i].parent];
    moved[i] = static_cast<uint32_t>(left);
    nodes_[left++] = nodes_[i];
  }
  nodes_.resize(left);
  index_.clear();
  for (uint32_t i = 1; i < nodes_.size(); ++i) {
    if (i % kItemsPerCheck == 0) FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    index_.emplace(NodeKey(nodes_[i].parent, nodes_[i].frame), i);
  }
  return context.Check();
}

absl::Status DiffNodes::FindIn(size_t side, const StackTreeView& tree, bool same_tree,
                               const Context& context) {
  if (same_tree) {
    for (Node& node : nodes_) {
      if (node.ids[side] == kNoId) node.ids[side] = node.ids[kDiffSides - 1 - side];
    }
  } else {
    absl::flat_hash_map<uint32_t, uint32_t> index_of_id = {{0, 0}};
    for (uint32_t id = 1; id < tree.size(); ++id) {
      if (id % kItemsPerCheck == 0) FLAMEKEEP_RETURN_IF_ERROR(context.Check());
      const auto parent = index_of_id.find(Raw(tree.parent(StackId{id})));
      if (parent == index_of_id.end()) continue;
      const auto found = index_.find(NodeKey(parent->second, Raw(tree.frame(StackId{id}))));
      if (found == index_.end()) continue;
      nodes_[found->second].ids[side] = id;
      index_of_id.emplace(id, found->second);
    }
  }
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].ids[side] != kNoId) wanted_[side].push_back({nodes_[i].ids[side], i});
  }
  FLAMEKEEP_RETURN_IF_ERROR(SortChecked(
      absl::MakeSpan(wanted_[side]), [](const Wanted& a, const Wanted& b) { return a.id > b.id; },
      context));
  parts_[side].resize(nodes_.size());
  return absl::OkStatus();
}

absl::Status DiffNodes::AddBucket(size_t side, absl::Span<const std::string_view> columns,
                                  const StackTreeView& tree, const Context& context,
                                  uint64_t held_bytes) {
  Visitor visitor(wanted_[side], &parts_[side]);
  const auto pass = std::make_unique<FoldPass<Visitor>>(tree, &visitor, context, held_bytes);
  return pass->Run(columns, std::nullopt).status();
}

uint64_t DiffNodes::memory_bytes() const {
  uint64_t bytes = nodes_.capacity() * (sizeof(Node) + kIndexBytesPerNode);
  for (size_t side = 0; side < kDiffSides; ++side) {
    bytes += wanted_[side].capacity() * sizeof(Wanted) + parts_[side].capacity() * sizeof(Part);
  }
  return bytes;
}

std::vector<Box> DiffNodes::BoxesOfSide(size_t side) const {
  std::vector<Box> boxes;
  boxes.reserve(nodes_.size());
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    const Part& part = parts_[side][i];
    boxes.push_back({nodes_[i].parent, nodes_[i].frame, part.total.value, part.self});
  }
  return boxes;
}

absl::Status DiffNodes::Finish(const RangeSizes& sizes, FrameNames names, const Context& context,
                               uint64_t held_bytes, DiffGraph* out) const {
  constexpr uint64_t kBytesPerNode =
      2 * sizeof(Box) + sizeof(Compared) + 2 * sizeof(uint64_t) + 2 * sizeof(uint32_t);
  held_bytes += nodes_.size() * kBytesPerNode;
  FLAMEKEEP_RETURN_IF_ERROR(context.CheckMemory(held_bytes));
  const std::vector<Box> boxes = BoxesOfSide(kSelection);
  out->baseline_cut_total = CutTotalOf(BoxesOfSide(kBaseline));
  std::vector<uint32_t> order;
  FLAMEKEEP_RETURN_IF_ERROR(LayOut(boxes, names, context, held_bytes, &out->graph, &order));
  std::vector<double> p_values;
  for (const uint32_t index : order) {
    if (out->share.size() % kItemsPerCheck == 0) FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    const Part& before = parts_[kBaseline][index];
    const Part& after = parts_[kSelection][index];
    out->baseline_total.push_back(before.total.value);
    out->baseline_self.push_back(before.self);
    const ShareDifference share = CompareParts(sizes, before.total, after.total).share;
    // All is all, whatever is in it.
    if (share.tested && index != 0) p_values.push_back(share.p_value);
    out->share.push_back(share);
  }
  FLAMEKEEP_RETURN_IF_ERROR(SortChecked(absl::MakeSpan(p_values), std::less<>(), context));
  const double largest = LargestBeyondNoise(p_values);
  for (const ShareDifference& share : out->share) {
    out->verdict.push_back(VerdictOf(share, largest));
  }
  return absl::OkStatus();
}

}  // namespace flamekeep::query
