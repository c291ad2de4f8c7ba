#include "query/graph_frames.h"

#include <algorithm>
#include <functional>

#include "absl/types/span.h"
#include "base/status.h"
#include "query/checked_sort.h"

namespace flamekeep::query {

absl::StatusOr<GraphFrames> GraphFrames::Make(const FlameGraph& graph, const Context& context,
                                              uint64_t held_bytes) {
  constexpr int kNameShift = 32;
  // The list, and as much again while it is sorted.
  FLAMEKEEP_RETURN_IF_ERROR(context.CheckMemory(held_bytes + 2 * graph.size() * sizeof(uint64_t)));
  std::vector<uint64_t> keys;
  keys.reserve(graph.size());
  for (size_t box = 1; box < graph.size(); ++box) {
    keys.push_back(uint64_t{graph.name[box]} << kNameShift | graph.file[box]);
  }
  FLAMEKEEP_RETURN_IF_ERROR(SortChecked(absl::MakeSpan(keys), std::less<>(), context));
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());

  GraphFrames made(graph);
  made.frames_.reserve(keys.size());
  made.begin_.resize(graph.names.size() + 1);
  for (const uint64_t key : keys) {
    const auto name = static_cast<uint32_t>(key >> kNameShift);
    made.frames_.push_back({name, static_cast<uint32_t>(key)});
    ++made.begin_[name + 1];
  }
  for (size_t i = 1; i < made.begin_.size(); ++i) made.begin_[i] += made.begin_[i - 1];
  return made;
}

uint32_t GraphFrames::NumberOf(size_t box) const {
  const uint32_t name = graph_->name[box];
  const auto begin = frames_.begin() + begin_[name];
  const auto end = frames_.begin() + begin_[name + 1];
  const auto found =
      std::lower_bound(begin, end, graph_->file[box],
                       [](const Frame& frame, uint32_t file) { return frame.file < file; });
  return static_cast<uint32_t>(found - frames_.begin());
}

}  // namespace flamekeep::query
