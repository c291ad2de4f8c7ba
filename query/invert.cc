#include "query/invert.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/status.h"
#include "query/caller_groups.h"
#include "query/threshold.h"
#include "query/wide_boxes.h"

namespace flamekeep::query {
namespace {

// Splits between two looks at the context.
constexpr uint32_t kSplitsPerCheck = 64;

class Inverter {
 public:
  Inverter(absl::Span<const std::string_view> columns, const storage::StackTreeView& tree,
           uint32_t frame_count, const InvertOptions& options, const Context& context,
           uint64_t held_bytes)
      : columns_(columns),
        options_(options),
        context_(context),
        held_bytes_(held_bytes),
        groups_(tree, frame_count) {}

  absl::StatusOr<Inverted> Run() {
    FLAMEKEEP_RETURN_IF_ERROR(groups_.Count(columns_, context_, held_bytes_));
    cut_ = CutForShare(options_.min_share, groups_.sum().total);
    boxes_.push_back({0, 0, groups_.sum().total, groups_.root_self()});
    groups_in_.push_back(0);

    const std::vector<uint32_t> keys = KeysByWidth();
    size_t begin = 0;
    while (begin < keys.size() && groups_.last()[keys[begin]].total > cut_) {
      CallerGroups::Batch batch(context_, HeldBytes(), options_.max_batch_stacks);
      size_t end = begin;
      while (end < keys.size() && groups_.last()[keys[end]].total > cut_ &&
             batch.Add(groups_.last()[keys[end]].stacks)) {
        ++end;
      }
      FLAMEKEEP_RETURN_IF_ERROR(RunBatch(absl::MakeConstSpan(keys).subspan(begin, end - begin)));
      begin = end;
    }
    RaiseCut();
    return Result();
  }

 private:
  // A group whose box was made; the widest is split first, so that the cut rises fast.
  struct Waiting {
    CallerGroup group;
    uint32_t box;
  };
  static bool Narrower(const Waiting& a, const Waiting& b) { return a.group.total < b.group.total; }

  // The last frames, widest first.
  std::vector<uint32_t> KeysByWidth() {
    std::vector<uint32_t> keys;
    for (uint32_t key = 0; key < groups_.last().size(); ++key) {
      if (groups_.last()[key].total != 0) keys.push_back(key);
    }
    groups_in_[0] = keys.size();
    std::sort(keys.begin(), keys.end(), [&](uint32_t a, uint32_t b) {
      return groups_.last()[a].total > groups_.last()[b].total;
    });
    return keys;
  }

  absl::Status RunBatch(absl::Span<const uint32_t> keys) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<CallerGroup> loaded,
                               groups_.Load(columns_, keys, context_, HeldBytes()));
    for (const CallerGroup& group : loaded) AddBox(0, group);
    std::vector<CallerGroup> children;
    for (uint32_t splits = 0; !waiting_.empty(); ++splits) {
      if (splits % kSplitsPerCheck == 0) FLAMEKEEP_RETURN_IF_ERROR(Check());
      if (boxes_.size() / 2 > options_.max_nodes) RaiseCut();
      if (waiting_.empty()) break;
      std::pop_heap(waiting_.begin(), waiting_.end(), Narrower);
      const Waiting widest = waiting_.back();
      waiting_.pop_back();
      FLAMEKEEP_ASSIGN_OR_RETURN(groups_in_[widest.box],
                                 groups_.Split(widest.group, cut_, context_, &children));
      for (const CallerGroup& child : children) AddBox(widest.box, child);
    }
    return absl::OkStatus();
  }

  void AddBox(uint32_t parent, const CallerGroup& group) {
    if (group.total <= cut_) return;
    const auto box = static_cast<uint32_t>(boxes_.size());
    boxes_.push_back({parent, group.key, group.total, group.self});
    groups_in_.push_back(0);
    if (group.begin == group.end) return;
    waiting_.push_back({group, box});
    std::push_heap(waiting_.begin(), waiting_.end(), Narrower);
  }

  // Leaves at most max_nodes boxes, and of the waiting groups those that have one.
  void RaiseCut() {
    if (boxes_.size() <= options_.max_nodes) return;
    std::vector<uint64_t> totals = TotalsAboveRoot(boxes_);
    cut_ = CutForCount(totals, options_.max_nodes - 1, cut_);
    const std::vector<uint32_t> moved = KeepWideBoxes(cut_, &boxes_);
    for (size_t i = 0; i < moved.size(); ++i) {
      if (moved[i] != kGoneBox) groups_in_[moved[i]] = groups_in_[i];
    }
    groups_in_.resize(boxes_.size());
    std::erase_if(waiting_, [&](const Waiting& w) { return moved[w.box] == kGoneBox; });
    for (Waiting& w : waiting_) w.box = moved[w.box];
    std::make_heap(waiting_.begin(), waiting_.end(), Narrower);
  }

  uint64_t HeldBytes() const {
    return held_bytes_ + boxes_.capacity() * (sizeof(Box) + sizeof(size_t)) +
           waiting_.capacity() * sizeof(Waiting);
  }
  absl::Status Check() const {
    FLAMEKEEP_RETURN_IF_ERROR(context_.Check());
    return context_.CheckMemory(HeldBytes() + groups_.memory_bytes());
  }

  Inverted Result() {
    const size_t groups = std::accumulate(groups_in_.begin(), groups_in_.end(), size_t{0});
    return {.sum = groups_.sum(),
            .boxes = std::move(boxes_),
            .cut_nodes = groups - (groups_in_.size() - 1),
            .visited = groups_.visited(),
            .saturated = groups_.saturated()};
  }

  const absl::Span<const std::string_view> columns_;
  const InvertOptions& options_;
  const Context& context_;
  const uint64_t held_bytes_;
  CallerGroups groups_;
  std::vector<Box> boxes_;
  std::vector<size_t> groups_in_;  // by box: boxes that stand on it, drawn or not
  std::vector<Waiting> waiting_;   // a heap
  uint64_t cut_ = 0;               // kept is what is above it
};

}  // namespace

absl::StatusOr<Inverted> InvertColumns(absl::Span<const std::string_view> columns,
                                       const storage::StackTreeView& tree, uint32_t frame_count,
                                       const InvertOptions& options, const Context& context,
                                       uint64_t held_bytes) {
  return Inverter(columns, tree, frame_count, options, context, held_bytes).Run();
}

}  // namespace flamekeep::query
