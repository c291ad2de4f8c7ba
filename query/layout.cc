#include "query/layout.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "base/status.h"
#include "query/box_children.h"
#include "query/checked_sort.h"
#include "query/prefetch.h"
#include "storage/column.h"

namespace flamekeep::query {
namespace {

using storage::Frame;
using storage::FrameId;
using storage::StackId;

constexpr uint32_t kNoRank = std::numeric_limits<uint32_t>::max();

// What a box takes while it is laid out: in the graph's lists, in BoxChildren, and on the stack.
constexpr uint64_t kBytesPerBox = 3 * sizeof(uint32_t) + 2 * sizeof(uint64_t) +
                                  3 * sizeof(uint32_t) + sizeof(std::pair<uint32_t, uint32_t>);

// The distinct frames of the boxes, ranked by function and file.
class FrameRanks {
 public:
  absl::Status Find(absl::Span<const Box> boxes, FrameNames names, const Context& context) {
    uint32_t last = 0;
    for (const Box& box : boxes) last = std::max(last, box.frame);
    rank_.assign(size_t{last} + 1, kNoRank);
    for (const Box& box : boxes.subspan(1)) {
      if (rank_[box.frame] != kNoRank) continue;
      rank_[box.frame] = 0;
      if (frames_.size() % kItemsPerCheck == 0) FLAMEKEEP_RETURN_IF_ERROR(context.Check());
      frames_.push_back({names(FrameId{box.frame}), box.frame});
    }
    return absl::OkStatus();
  }

  // What it takes in all once the frames have their names.
  uint64_t memory_bytes() const {
    constexpr uint64_t kBytesPerFrame =
        sizeof(Named) + 2 * (sizeof(std::string_view) + sizeof(uint32_t) + sizeof(std::string));
    uint64_t bytes = rank_.size() * sizeof(rank_[0]) + frames_.size() * kBytesPerFrame;
    for (const Named& named : frames_) {
      bytes += named.frame.function.size() + named.frame.file.size();
    }
    return bytes;
  }

  // Ranks them and puts their names into the graph's tables. To be called before what follows.
  absl::Status Name(const Context& context, FlameGraph* graph) {
    const auto before = [](const Named& a, const Named& b) {
      const int order = a.frame.function.compare(b.frame.function);
      return order != 0 ? order < 0 : a.frame.file < b.frame.file;
    };
    FLAMEKEEP_RETURN_IF_ERROR(SortChecked(absl::MakeSpan(frames_), before, context));

    FLAMEKEEP_RETURN_IF_ERROR(NameFunctions(context, graph));
    FLAMEKEEP_RETURN_IF_ERROR(NameFiles(context, graph));
    for (uint32_t rank = 0; rank < frames_.size(); ++rank) {
      if (rank % kItemsPerCheck == 0) FLAMEKEEP_RETURN_IF_ERROR(context.Check());
      rank_[frames_[rank].id] = rank;
    }
    return absl::OkStatus();
  }

  uint32_t rank(const Box& box) const { return rank_[box.frame]; }
  uint32_t name(const Box& box) const { return name_[rank(box)]; }
  uint32_t file(const Box& box) const { return file_[rank(box)]; }
  uint32_t root_name() const { return root_name_; }

 private:
  struct Named {
    Frame frame;
    uint32_t id;
  };

  // The table of functions, sorted, as the frames are, with the root's name among them.
  absl::Status NameFunctions(const Context& context, FlameGraph* graph) {
    std::vector<std::string>& names = graph->names;
    const auto add = [&](std::string_view name) {
      if (names.empty() || names.back() != name) names.emplace_back(name);
      return static_cast<uint32_t>(names.size() - 1);
    };
    bool has_root = false;
    name_.reserve(frames_.size());
    for (const Named& named : frames_) {
      if (name_.size() % kItemsPerCheck == 0) FLAMEKEEP_RETURN_IF_ERROR(context.Check());
      if (!has_root && named.frame.function >= kRootName) {
        root_name_ = add(kRootName);
        has_root = true;
      }
      name_.push_back(add(named.frame.function));
    }
    if (!has_root) root_name_ = add(kRootName);
    return absl::OkStatus();
  }

  // The table of files, sorted: far fewer than frames.
  absl::Status NameFiles(const Context& context, FlameGraph* graph) {
    absl::flat_hash_map<std::string_view, uint32_t> index = {{"", 0}};
    for (const Named& named : frames_) index.emplace(named.frame.file, 0);
    std::vector<std::string_view> files;
    for (const auto& [file, unused] : index) files.push_back(file);
    FLAMEKEEP_RETURN_IF_ERROR(SortChecked(absl::MakeSpan(files), std::less<>(), context));
    for (uint32_t i = 0; i < files.size(); ++i) index[files[i]] = i;
    graph->files.assign(files.begin(), files.end());
    file_.reserve(frames_.size());
    for (const Named& named : frames_) {
      if (file_.size() % kItemsPerCheck == 0) FLAMEKEEP_RETURN_IF_ERROR(context.Check());
      file_.push_back(index[named.frame.file]);
    }
    return absl::OkStatus();
  }

  std::vector<Named> frames_;
  std::vector<uint32_t> rank_;  // by frame id
  std::vector<uint32_t> name_;  // by rank
  std::vector<uint32_t> file_;
  uint32_t root_name_ = 0;
};

// What of a box neither ended in it nor is in its children's boxes.
uint64_t CutOf(absl::Span<const Box> boxes, uint32_t box, absl::Span<const uint32_t> children) {
  uint64_t rest = boxes[box].total - boxes[box].self;
  // Saturated numbers do not add up.
  for (const uint32_t child : children) rest -= std::min(rest, boxes[child].total);
  return rest;
}

}  // namespace

absl::Status CheckFrames(absl::Span<const Box> boxes, uint32_t frame_count) {
  for (const Box& box : boxes) {
    if (box.frame >= frame_count) {
      return DataLoss("the dictionary is damaged: a stack has frame {}, it holds {}", box.frame,
                      frame_count);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Box>> BoxesOf(absl::Span<const FoldedNode> nodes,
                                         const storage::StackTreeView& tree,
                                         const Context& context) {
  // Where each window's ids begin, so that a parent is looked for among few.
  constexpr uint32_t kIdsPerRun = 1u << 12;
  // Frames lie far apart: so many boxes ahead they are fetched.
  constexpr uint32_t kPrefetch = 16;
  const auto count = static_cast<uint32_t>(nodes.size());
  const auto id_of = [&](uint32_t i) { return nodes[count - 1 - i].id; };
  std::vector<uint32_t> run_begin(tree.size() / kIdsPerRun + 2);
  for (const FoldedNode& node : nodes) ++run_begin[node.id / kIdsPerRun + 1];
  for (size_t i = 1; i < run_begin.size(); ++i) run_begin[i] += run_begin[i - 1];

  std::vector<Box> boxes;
  boxes.reserve(nodes.size());
  for (uint32_t i = 0; i < count; ++i) {
    if (i % kItemsPerCheck == 0) FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    if (i + kPrefetch < count) {
      const uint32_t ahead = id_of(i + kPrefetch);
      Prefetch(&tree.block(ahead / tree.block_nodes()).frame[ahead % tree.block_nodes()]);
    }
    const FoldedNode& node = nodes[count - 1 - i];
    uint32_t at = run_begin[node.parent / kIdsPerRun];
    uint32_t end = run_begin[node.parent / kIdsPerRun + 1];
    while (end - at > 1) {
      const uint32_t middle = at + (end - at) / 2;
      (id_of(middle) <= node.parent ? at : end) = middle;
    }
    boxes.push_back({at, Raw(tree.frame(StackId{node.id})), node.total, node.self});
  }
  return boxes;
}

absl::Status LayOut(absl::Span<const Box> boxes, FrameNames names, const Context& context,
                    uint64_t held_bytes, FlameGraph* graph, std::vector<uint32_t>* order) {
  held_bytes += boxes.size() * kBytesPerBox;
  FLAMEKEEP_RETURN_IF_ERROR(context.CheckMemory(held_bytes));
  FrameRanks ranks;
  FLAMEKEEP_RETURN_IF_ERROR(ranks.Find(boxes, names, context));
  FLAMEKEEP_RETURN_IF_ERROR(context.CheckMemory(held_bytes + ranks.memory_bytes()));
  FLAMEKEEP_RETURN_IF_ERROR(ranks.Name(context, graph));
  graph->depth.reserve(boxes.size());
  graph->name.reserve(boxes.size());
  graph->file.reserve(boxes.size());
  graph->total.reserve(boxes.size());
  graph->self.reserve(boxes.size());
  BoxChildren children(boxes);
  const auto before = [&](uint32_t a, uint32_t b) {
    if (boxes[a].total != boxes[b].total) return boxes[a].total > boxes[b].total;
    return ranks.rank(boxes[a]) < ranks.rank(boxes[b]);
  };

  bool saturated = false;
  std::vector<std::pair<uint32_t, uint32_t>> stack = {{0, 0}};  // box, depth
  while (!stack.empty()) {
    if (graph->size() % kItemsPerCheck == 0) FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    const auto [box, depth] = stack.back();
    stack.pop_back();
    if (order != nullptr) order->push_back(box);
    graph->depth.push_back(depth);
    graph->name.push_back(box == 0 ? ranks.root_name() : ranks.name(boxes[box]));
    graph->file.push_back(box == 0 ? 0 : ranks.file(boxes[box]));
    graph->total.push_back(boxes[box].total);
    graph->self.push_back(boxes[box].self);

    const absl::Span<uint32_t> of_box = children.of(box);
    graph->cut_total =
        storage::SaturatingAdd(graph->cut_total, CutOf(boxes, box, of_box), &saturated);
    FLAMEKEEP_RETURN_IF_ERROR(SortChecked(of_box, before, context));
    for (size_t i = of_box.size(); i-- > 0;) stack.emplace_back(of_box[i], depth + 1);
  }
  graph->coverage.saturated |= saturated;
  return absl::OkStatus();
}

}  // namespace flamekeep::query
