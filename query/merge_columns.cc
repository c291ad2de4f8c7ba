#include "query/merge_columns.h"

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "base/cpu_clones.h"
#include "base/status.h"
#include "query/fold_pass.h"
#include "query/node_totals.h"
#include "query/prefetch.h"
#include "query/stack_states.h"
#include "query/threshold.h"
#include "query/wide_boxes.h"
#include "storage/zeroed_array.h"

namespace flamekeep::query {
namespace {

using storage::SaturatingAdd;
using storage::StackTreeView;

// What a node's children inherit: a number of 30 bits, of the path or of its box, and two bits of
// the node's state.
constexpr int kPathBits = 30;
constexpr uint32_t kCutPath = (1u << kPathBits) - 1;  // instead of a box
constexpr int kStateShift = 5;
static_assert(StackStates::kInFocus >> kStateShift == 1 &&
              StackStates::kPastUntil >> kStateShift == 2);

// How many more boxes than are asked for a guessed cut is to leave, in eighths; how much lower the
// next guess is.
constexpr size_t kGuessEighths = 10;
constexpr uint64_t kLowerGuess = 4;
constexpr uint64_t kBytesPerBoxChild = 17;  // of a hash map, full or empty

// The hash of a path's child.
uint32_t ChildPath(uint32_t path, uint32_t frame) {
  uint64_t x = (uint64_t{path} << 32 | frame) + 1;
  x *= 0x9E3779B97F4A7C15;
  x ^= x >> 32;
  x *= 0xD6E8FEB86659FD93;
  return static_cast<uint32_t>(x >> (64 - kPathBits));
}

// Sums by the hash of a path.
class PathCounters {
 public:
  explicit PathCounters(int bits) : shift_(kPathBits - bits), sums_(size_t{1} << bits) {}

  uint32_t PlaceOf(uint32_t path) const { return path >> shift_; }
  ABSL_ATTRIBUTE_ALWAYS_INLINE void PrefetchPlace(uint32_t place) const { Prefetch(&sums_[place]); }
  void Add(uint32_t place, uint64_t value) {
    if (__builtin_add_overflow(sums_[place], value, &sums_[place])) sums_[place] = UINT64_MAX;
  }
  uint64_t Of(uint32_t path) const { return sums_[PlaceOf(path)]; }

  // Those above a cut.
  std::vector<uint64_t> Above(uint64_t cut) const {
    std::vector<uint64_t> above;
    for (size_t i = 0; i < sums_.size(); ++i) {
      if (sums_[i] > cut) above.push_back(sums_[i]);
    }
    return above;
  }
  uint64_t bytes() const { return sums_.bytes(); }

 private:
  const int shift_;
  storage::ZeroedArray<uint64_t> sums_;
};

class Merger {
 public:
  Merger(const StackTreeView& tree, const ShownFrames& shown, const MergeOptions& options,
         const Context& context, uint64_t held_bytes)
      : tree_(tree),
        flags_(*shown.flags),
        max_depth_(shown.filter.max_depth),
        has_focus_(!shown.filter.focus.empty()),
        options_(options),
        context_(context),
        held_bytes_(held_bytes + NodeTotals::Walk::memory_bytes()),
        nodes_(tree.size()) {}

  absl::StatusOr<Merged> Run(absl::Span<const std::string_view> columns) {
    FLAMEKEEP_RETURN_IF_ERROR(Fold(columns));
    inherited_.reset(new uint32_t[nodes_.slots()]);
    if (max_depth_ != 0) depths_.reset(new uint16_t[nodes_.slots()]);
    held_bytes_ += nodes_.slots() * (sizeof(uint32_t) + (max_depth_ != 0 ? sizeof(uint16_t) : 0));
    FLAMEKEEP_RETURN_IF_ERROR(CheckMemory());
    if (nodes_.size() > options_.max_nodes || options_.min_share > 0) {
      const int bits = std::bit_width(nodes_.size());
      counters_.emplace(std::min(bits, options_.max_counter_bits));
    }
    FLAMEKEEP_RETURN_IF_ERROR(CountPaths());
    cut_ = CutForShare(options_.min_share, merged_.sum.total);
    FLAMEKEEP_ASSIGN_OR_RETURN(uint64_t guess, GuessCut());
    while (true) {
      FLAMEKEEP_RETURN_IF_ERROR(MakeBoxes(guess));
      if (guess <= cut_ || BoxesAbove(guess) >= options_.max_nodes) break;
      guess = std::max(cut_, guess / kLowerGuess);
    }
    RaiseCut();
    merged_.boxes = std::move(boxes_);
    return std::move(merged_);
  }

 private:
  // What a node of a walk is in the stacks as they are shown.
  struct Place {
    uint32_t above;  // its parent's path or box
    StackStates::State state;
    FrameFlags flags;
    bool shown;
    uint16_t depth;  // where there is a max_depth: of shown frames, this one included
  };

  absl::Status Fold(absl::Span<const std::string_view> columns) {
    const auto pass = std::make_unique<FoldPass<NodeTotals>>(tree_, &nodes_, context_, held_bytes_);
    FLAMEKEEP_ASSIGN_OR_RETURN(const FoldPassResult result, pass->Run(columns, std::nullopt));
    nodes_.Finish();
    merged_.sum = result.sum;
    merged_.visited = result.visited;
    merged_.saturated = result.saturated;
    return absl::OkStatus();
  }

  ABSL_ATTRIBUTE_ALWAYS_INLINE Place PlaceOf(const NodeTotals::Walk::Node& node) const {
    Place place{};
    if (node.id == 0) {
      place.state = has_focus_ ? 0 : StackStates::kInFocus;
      return place;
    }
    const uint32_t inherited = inherited_[node.parent_slot];
    const auto above = static_cast<StackStates::State>((inherited >> kPathBits) << kStateShift);
    place.above = inherited & kCutPath;
    place.flags = node.frame < flags_.size() ? flags_[node.frame] : FrameFlags{0};
    place.state = StackStates::Inherit(above, place.flags);
    place.shown = StackStates::Shows(above, place.state, place.flags);
    if (max_depth_ != 0) {
      place.depth = depths_[node.parent_slot];
      place.shown = place.shown && place.depth < max_depth_;
      if (place.shown) ++place.depth;
    }
    return place;
  }

  ABSL_ATTRIBUTE_ALWAYS_INLINE void Inherit(const NodeTotals::Walk::Node& node, const Place& place,
                                            uint32_t path) {
    if (node.slot == NodeTotals::kNoSlot) return;
    inherited_[node.slot] = static_cast<uint32_t>(place.state >> kStateShift) << kPathBits | path;
    if (max_depth_ != 0) depths_[node.slot] = place.depth;
  }

  // Calls visit(node, place) for all nodes, by id.
  template <typename EndWindow, typename Visit>
  absl::Status ForEachNode(EndWindow&& end_window, Visit&& visit) {
    const auto walk = std::make_unique<NodeTotals::Walk>(nodes_, tree_);
    while (walk->NextWindow()) {
      FLAMEKEEP_RETURN_IF_ERROR(context_.Check());
      walk->ForEach([this](uint32_t slot) { Prefetch(&inherited_[slot]); }, visit);
      end_window();
      FLAMEKEEP_RETURN_IF_ERROR(CheckMemory());
    }
    return absl::OkStatus();
  }

  // The second pass: totals by the hashes of paths, the sum of what counts, and the entries.
  absl::Status CountPaths() {
    // Added a while after they are known, when their counters were fetched.
    constexpr size_t kWaiting = 64;
    std::array<std::pair<uint32_t, uint64_t>, kWaiting> waiting;
    size_t waits = 0;
    const auto add_waiting = [&] {
      for (size_t i = 0; i < waits; ++i) counters_->Add(waiting[i].first, waiting[i].second);
      waits = 0;
    };
    const auto visit = [&](const NodeTotals::Walk::Node& node) {
      const Place place = PlaceOf(node);
      uint32_t path = place.above;
      if (place.shown) {
        path = ChildPath(path, node.frame);
        if (counters_.has_value()) {
          waiting[waits] = {counters_->PlaceOf(path), node.total};
          counters_->PrefetchPlace(waiting[waits].first);
          if (++waits == kWaiting) add_waiting();
        }
      }
      Inherit(node, place, path);
      if (has_focus_) {
        AddEntry(node, place);
      } else if (node.id == 0) {
        merged_.sum.total = node.total;
      }
    };
    if (has_focus_) merged_.sum.total = 0;
    return ForEachNode(add_waiting, visit);
  }

  ABSL_ATTRIBUTE_ALWAYS_INLINE void AddEntry(const NodeTotals::Walk::Node& node,
                                             const Place& place) {
    if ((place.flags & kFlagFocus) == 0) return;
    bool saturated = false;
    merged_.focus_self = SaturatingAdd(merged_.focus_self, node.self, &saturated);
    const uint32_t above = inherited_[node.parent_slot] >> kPathBits << kStateShift;
    if ((above & StackStates::kInFocus) == 0) {
      merged_.sum.total = SaturatingAdd(merged_.sum.total, node.total, &saturated);
      merged_.entries.emplace_back(node.id, node.total);
    }
    merged_.saturated |= saturated;
  }

  // A cut that leaves some more boxes than are asked for, most likely; at least cut_.
  absl::StatusOr<uint64_t> GuessCut() const {
    if (!counters_.has_value()) return cut_;
    std::vector<uint64_t> above = counters_->Above(cut_);
    FLAMEKEEP_RETURN_IF_ERROR(context_.Check());
    if (above.size() / kGuessEighths < options_.max_nodes / 8 + 1) return cut_;
    return CutForCount(above, options_.max_nodes / 8 * kGuessEighths + 8, cut_);
  }

  // The third pass: boxes of all paths above `cut`, and perhaps some others.
  absl::Status MakeBoxes(uint64_t cut) {
    boxes_.assign(1, {0, 0, merged_.sum.total, 0});
    paths_.assign(1, 0);
    nodes_in_.assign(1, 0);
    children_.clear();
    merged_.cut_nodes = 0;
    bool saturated = false;
    const auto visit = [&](const NodeTotals::Walk::Node& node) {
      const Place place = PlaceOf(node);
      uint32_t box = place.above;
      if (place.shown) {
        box = box == kCutPath ? kCutPath : ChildBox(box, node.frame, cut);
        if (box == kCutPath) {
          ++merged_.cut_nodes;
        } else {
          ++nodes_in_[box];
          boxes_[box].total = SaturatingAdd(boxes_[box].total, node.total, &saturated);
        }
      }
      if (box != kCutPath && (place.state & StackStates::kInFocus) != 0) {
        boxes_[box].self = SaturatingAdd(boxes_[box].self, node.self, &saturated);
      }
      Inherit(node, place, box);
    };
    FLAMEKEEP_RETURN_IF_ERROR(ForEachNode([] {}, visit));
    merged_.saturated |= saturated;
    return absl::OkStatus();
  }

  // The box of a frame on another one; kCutPath where its path is not above the cut.
  uint32_t ChildBox(uint32_t box, uint32_t frame, uint64_t cut) {
    const uint32_t path = ChildPath(paths_[box], frame);
    if (counters_.has_value() && counters_->Of(path) <= cut) return kCutPath;
    const auto next = static_cast<uint32_t>(boxes_.size());
    const auto [found, added] = children_.try_emplace(uint64_t{box} << 32 | frame, next);
    if (added) {
      boxes_.push_back({box, frame, 0, 0});
      paths_.push_back(path);
      nodes_in_.push_back(0);
    }
    return found->second;
  }

  size_t BoxesAbove(uint64_t cut) const {
    return static_cast<size_t>(std::count_if(boxes_.begin(), boxes_.end(),
                                             [&](const Box& box) { return box.total > cut; }));
  }

  // Leaves at most max_nodes boxes, and those above the cut.
  void RaiseCut() {
    if (boxes_.size() > options_.max_nodes) {
      std::vector<uint64_t> totals = TotalsAboveRoot(boxes_);
      cut_ = CutForCount(totals, options_.max_nodes - 1, cut_);
    }
    const std::vector<uint32_t> moved = KeepWideBoxes(cut_, &boxes_);
    for (size_t i = 0; i < moved.size(); ++i) {
      if (moved[i] == kGoneBox) merged_.cut_nodes += nodes_in_[i];
    }
  }

  absl::Status CheckMemory() const {
    return context_.CheckMemory(
        held_bytes_ + nodes_.memory_bytes() + (counters_.has_value() ? counters_->bytes() : 0) +
        merged_.entries.capacity() * sizeof(merged_.entries[0]) +
        boxes_.capacity() * (sizeof(Box) + sizeof(uint32_t) + sizeof(uint32_t)) +
        children_.capacity() * kBytesPerBoxChild);
  }

  const StackTreeView& tree_;
  const std::vector<FrameFlags>& flags_;
  const uint32_t max_depth_;
  const bool has_focus_;
  const MergeOptions& options_;
  const Context& context_;
  uint64_t held_bytes_;
  NodeTotals nodes_;
  std::unique_ptr<uint32_t[]> inherited_;  // by slot
  std::unique_ptr<uint16_t[]> depths_;     // by slot, where there is a max_depth
  std::optional<PathCounters> counters_;   // where something may be cut
  uint64_t cut_ = 0;                       // kept is what is above it
  std::vector<Box> boxes_;
  std::vector<uint32_t> paths_;     // by box: the hash of its path
  std::vector<uint32_t> nodes_in_;  // by box: nodes that it shows
  absl::flat_hash_map<uint64_t, uint32_t> children_;
  Merged merged_;
};

}  // namespace

absl::StatusOr<Merged> MergeColumns(absl::Span<const std::string_view> columns,
                                    const StackTreeView& tree, const ShownFrames& shown,
                                    const MergeOptions& options, const Context& context,
                                    uint64_t held_bytes) {
  return Merger(tree, shown, options, context, held_bytes).Run(columns);
}

}  // namespace flamekeep::query
