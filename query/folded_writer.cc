#include "query/folded_writer.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/status.h"
#include "query/box_children.h"
#include "query/checked_sort.h"
#include "query/folded_lines.h"
#include "storage/column.h"

namespace flamekeep::query {
namespace {

constexpr uint32_t kNoBox = UINT32_MAX;

// The tree of boxes with those merged that are written alike.
class BoxSource {
 public:
  BoxSource(absl::Span<const Box> boxes, const FrameTexts& texts)
      : boxes_(boxes), texts_(texts), children_(boxes), alike_(boxes.size(), kNoBox) {}

  using Children = FoldedLines<uint32_t>::Children;

  // A node is the first of a list of boxes that have equal paths.
  absl::Status Expand(uint32_t first, const Context& context, Children* out) {
    found_.clear();
    for (uint32_t box = first; box != kNoBox; box = alike_[box]) {
      for (const uint32_t child : children_.of(box)) found_.push_back(child);
    }
    if (found_.size() > 1) {
      const auto before = [&](uint32_t a, uint32_t b) {
        return RankOf(a) != RankOf(b) ? RankOf(a) < RankOf(b) : a < b;
      };
      FLAMEKEEP_RETURN_IF_ERROR(SortChecked(absl::MakeSpan(found_), before, context));
    }
    for (const uint32_t child : found_) {
      if (out->empty() || out->back().rank != RankOf(child)) {
        out->push_back({.rank = RankOf(child), .node = child});
      } else {
        alike_[child] = out->back().node;
        out->back().node = child;
      }
      bool saturated = false;
      out->back().self = storage::SaturatingAdd(out->back().self, boxes_[child].self, &saturated);
      out->back().inner |= !children_.of(child).empty();
    }
    return absl::OkStatus();
  }

 private:
  uint32_t RankOf(uint32_t box) const { return texts_.rank(boxes_[box].frame); }

  const absl::Span<const Box> boxes_;
  const FrameTexts& texts_;
  BoxChildren children_;
  std::vector<uint32_t> alike_;  // the next box with an equal path
  std::vector<uint32_t> found_;
};

// The empty stack is written as an empty text at the top.
template <typename Node>
void AddRootSelf(uint64_t self, const FrameTexts& texts, std::vector<FoldedChild<Node>>* children) {
  if (self == 0) return;
  const uint32_t rank = texts.rank(Raw(storage::kRootFrame));
  const auto found = std::find_if(children->begin(), children->end(),
                                  [&](const auto& child) { return child.rank == rank; });
  bool saturated = false;
  if (found != children->end()) {
    found->self = storage::SaturatingAdd(found->self, self, &saturated);
  } else {
    children->push_back({.rank = rank, .self = self});
  }
}

}  // namespace

absl::StatusOr<FrameTexts> FrameTexts::Make(uint32_t frame_count, FrameNames names,
                                            const Context& context) {
  FrameTexts made;
  made.ranks_.resize(frame_count);
  std::vector<std::pair<std::string_view, uint32_t>> frames;
  frames.reserve(frame_count);
  for (uint32_t frame = 0; frame < frame_count; ++frame) {
    if (frame % kItemsPerCheck == 0) FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    std::string_view text = names(storage::FrameId{frame}).function;
    if (text.find_first_of(";\n") != text.npos) {
      std::string& replaced = made.replaced_.emplace_back(text);
      std::replace(replaced.begin(), replaced.end(), ';', ':');
      std::replace(replaced.begin(), replaced.end(), '\n', '_');
      text = replaced;
    }
    frames.emplace_back(text, frame);
  }
  FLAMEKEEP_RETURN_IF_ERROR(SortChecked(absl::MakeSpan(frames), std::less<>(), context));
  for (const auto& [text, frame] : frames) {
    if (made.texts_.empty() || made.texts_.back() != text) made.texts_.push_back(text);
    made.ranks_[frame] = static_cast<uint32_t>(made.texts_.size() - 1);
  }
  return made;
}

uint64_t FrameTexts::memory_bytes() const {
  return ranks_.capacity() * sizeof(ranks_[0]) + texts_.capacity() * sizeof(std::string_view);
}

absl::Status WriteFoldedBoxes(absl::Span<const Box> boxes, const FrameTexts& texts,
                              const Context& context, WritePiece write) {
  BoxSource source(boxes, texts);
  const auto expand = [&](const uint32_t& node, BoxSource::Children* out) {
    return source.Expand(node, context, out);
  };
  FoldedLines<uint32_t> lines(texts, expand, context, write);
  BoxSource::Children top;
  FLAMEKEEP_RETURN_IF_ERROR(source.Expand(0, context, &top));
  AddRootSelf(boxes[0].self, texts, &top);
  FLAMEKEEP_ASSIGN_OR_RETURN(const auto events, lines.Events(top));
  for (const auto& event : events) {
    const auto& child = top[event.child];
    FLAMEKEEP_RETURN_IF_ERROR(event.is_line() ? lines.Line(child, event) : lines.Below(child));
  }
  return lines.Flush();
}

absl::Status WriteFoldedInverted(absl::Span<const std::string_view> columns, CallerGroups* groups,
                                 const FrameTexts& texts, const Context& context,
                                 uint64_t held_bytes, WritePiece write, size_t max_batch_stacks) {
  using Children = FoldedLines<CallerGroup>::Children;
  std::vector<CallerGroup> split;
  const auto expand = [&](const CallerGroup& group, Children* out) -> absl::Status {
    FLAMEKEEP_RETURN_IF_ERROR(groups->Split(group, 0, context, &split).status());
    for (const CallerGroup& child : split) {
      out->push_back({child.key, child.self, child.begin != child.end, child});
    }
    return context.CheckMemory(held_bytes + groups->memory_bytes());
  };
  FoldedLines<CallerGroup> lines(texts, expand, context, write);

  Children top;
  for (uint32_t key = 0; key < groups->last().size(); ++key) {
    const CallerGroups::Last& last = groups->last()[key];
    if (last.total != 0) top.push_back({.rank = key, .self = last.self, .inner = last.stacks != 0});
  }
  AddRootSelf(groups->root_self(), texts, &top);
  FLAMEKEEP_ASSIGN_OR_RETURN(const auto events, lines.Events(top));
  size_t loaded = 0;  // events up to here have their groups
  for (size_t i = 0; i < events.size(); ++i) {
    if (events[i].is_line()) {
      FLAMEKEEP_RETURN_IF_ERROR(lines.Line(top[events[i].child], events[i]));
      continue;
    }
    if (i >= loaded) {
      std::vector<uint32_t> keys;
      CallerGroups::Batch fitting(context, held_bytes, max_batch_stacks);
      for (loaded = i; loaded < events.size(); ++loaded) {
        if (events[loaded].is_line()) continue;
        const uint32_t key = top[events[loaded].child].rank;
        if (!fitting.Add(groups->last()[key].stacks)) break;
        keys.push_back(key);
      }
      FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<CallerGroup> batch,
                                 groups->Load(columns, keys, context, held_bytes));
      for (size_t j = i, k = 0; j < loaded; ++j) {
        if (!events[j].is_line()) top[events[j].child].node = batch[k++];
      }
    }
    FLAMEKEEP_RETURN_IF_ERROR(lines.Below(top[events[i].child]));
  }
  return lines.Flush();
}

}  // namespace flamekeep::query
