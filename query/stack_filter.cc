#include "query/stack_filter.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/status.h"
#include "storage/column.h"

namespace flamekeep::query {
namespace {

// Where the selection has fewer stacks than one in so many of the store, a hash map of them is
// smaller than an array of all.
constexpr uint64_t kSparse = 32;
// How far ahead of their use states are fetched.
constexpr size_t kAhead = 16;
// A hash map's place, full or empty.
constexpr uint64_t kBytesPerChild = 17;
constexpr uint64_t kBytesPerMoved = 9;

}  // namespace

StackFilter::StackFilter(storage::StackTreeView tree, FrameFlagsCache::Flags flags,
                         const FrameFilter& filter, const Context& context, uint64_t held_bytes,
                         Frames frames)
    : tree_(std::move(tree)),
      context_(context),
      held_bytes_(held_bytes),
      max_depth_(filter.max_depth),
      moves_(frames == Frames::kTaken && Moves(filter)),
      states_(tree_, std::move(flags), filter) {
  if (!moves_) return;
  new_tree_ = std::make_shared<NewTree>();
  new_tree_->parent.push_back(0);
  new_tree_->frame.push_back(0);
  depths_.push_back(0);
}

bool StackFilter::Moves(const FrameFilter& filter) {
  return !filter.focus.empty() || !filter.until.empty() || filter.max_depth != 0 ||
         !filter.hide.empty();
}

bool StackFilter::Drops(const FrameFilter& filter) {
  return !filter.keep.empty() || !filter.drop.empty() || !filter.until.empty();
}

uint32_t* StackFilter::MovedPlace(uint32_t id) {
  return many_moved_.size() != 0 ? &many_moved_[id] : &few_moved_[id];
}

uint32_t StackFilter::MovedOf(uint32_t id) {
  path_.clear();
  uint32_t moved = 0;
  while (id != 0) {
    const uint32_t known = *MovedPlace(id);
    if (known != 0) {
      moved = known - 1;
      break;
    }
    path_.push_back(id);
    id = Raw(tree_.parent(storage::StackId{id}));
  }
  for (auto node = path_.rbegin(); node != path_.rend(); ++node) {
    const bool shown = states_.Shows(*node) && (max_depth_ == 0 || depths_[moved] < max_depth_);
    if (shown) moved = NewChild(moved, Raw(tree_.frame(storage::StackId{*node})));
    *MovedPlace(*node) = moved + 1;
  }
  return moved;
}

uint32_t StackFilter::NewChild(uint32_t parent, uint32_t frame) {
  const auto id = static_cast<uint32_t>(new_tree_->parent.size());
  const auto [found, added] = children_.try_emplace(uint64_t{parent} << 32 | frame, id);
  if (added) {
    new_tree_->parent.push_back(parent);
    new_tree_->frame.push_back(frame);
    if (max_depth_ != 0) depths_.push_back(static_cast<uint16_t>(depths_[parent] + 1));
  }
  return found->second;
}

absl::StatusOr<std::string> StackFilter::Apply(absl::Span<const std::string_view> columns) {
  WindowStream stream(tree_.size());
  for (const std::string_view column : columns) {
    FLAMEKEEP_RETURN_IF_ERROR(context_.Check());
    FLAMEKEEP_RETURN_IF_ERROR(stream.Add(column));
  }
  stream_bytes_ = stream.memory_bytes(stream.is_large());
  saturated_ = stream.header().saturated;
  if (moves_ && many_moved_.size() == 0 && stream.header().pairs > tree_.size() / kSparse) {
    many_moved_ = storage::ZeroedArray<uint32_t>(tree_.size());
    for (const auto& [id, moved] : few_moved_) many_moved_[id] = moved;
    few_moved_.clear();
  }
  FLAMEKEEP_RETURN_IF_ERROR(Check());
  if (StackStates::FindsAll(stream.header().pairs, tree_.size())) {
    FLAMEKEEP_RETURN_IF_ERROR(states_.FindAll(context_));
  }
  const uint64_t observations = stream.header().observations;
  stream.Start();
  storage::ColumnWriter writer;
  if (moves_) {
    // Views that were taken before keep the tree as it was.
    if (new_tree_.use_count() > 1) new_tree_ = std::make_shared<NewTree>(*new_tree_);
    FLAMEKEEP_RETURN_IF_ERROR(ApplyMoved(&stream));
    for (size_t id = values_.size(); id-- > 0;) {
      if (values_[id] != 0) writer.Add(static_cast<uint32_t>(id), values_[id]);
    }
    values_ = {};
  } else {
    FLAMEKEEP_RETURN_IF_ERROR(ApplyInPlace(&stream, &writer));
  }
  stream_bytes_ = 0;
  return writer.Finish({.observations = observations, .saturated = saturated_});
}

absl::Status StackFilter::ApplyInPlace(WindowStream* stream, storage::ColumnWriter* writer) {
  while (true) {
    FLAMEKEEP_RETURN_IF_ERROR(Check());
    FLAMEKEEP_ASSIGN_OR_RETURN(const WindowStream::Window* window, stream->Next());
    if (window == nullptr) return absl::OkStatus();
    saturated_ |= window->saturated;
    const uint32_t base = window->number * storage::kWindowIds;
    for (size_t i = 0; i < window->size; ++i) {
      if (i + kAhead < window->size) states_.PrefetchState(base + window->offsets[i + kAhead]);
      const uint32_t id = base + window->offsets[i];
      if (states_.Counts(states_.Of(id))) writer->Add(id, window->values[i]);
    }
  }
}

absl::Status StackFilter::ApplyMoved(WindowStream* stream) {
  while (true) {
    FLAMEKEEP_RETURN_IF_ERROR(Check());
    FLAMEKEEP_ASSIGN_OR_RETURN(const WindowStream::Window* window, stream->Next());
    if (window == nullptr) return absl::OkStatus();
    saturated_ |= window->saturated;
    const uint32_t base = window->number * storage::kWindowIds;
    for (size_t i = 0; i < window->size; ++i) {
      if (i + kAhead < window->size) states_.PrefetchState(base + window->offsets[i + kAhead]);
      const uint32_t id = base + window->offsets[i];
      if (!states_.Counts(states_.Of(id))) continue;
      const uint32_t moved = MovedOf(id);
      if (moved >= values_.size()) values_.resize(new_tree_->parent.size());
      values_[moved] = storage::SaturatingAdd(values_[moved], window->values[i], &saturated_);
    }
  }
}

storage::StackTreeView StackFilter::tree() const {
  if (!moves_) return tree_;
  // One block, whatever its size.
  constexpr uint32_t kOneBlock = std::numeric_limits<uint32_t>::digits - 1;
  auto table = std::make_shared<storage::StackBlockTable>();
  table->blocks.push_back({new_tree_->parent.data(), new_tree_->frame.data()});
  table->owners.push_back(new_tree_);
  return {std::move(table), static_cast<uint32_t>(new_tree_->parent.size()), kOneBlock};
}

uint64_t StackFilter::tree_bytes() const {
  return moves_ ? 2 * new_tree_->parent.capacity() * sizeof(uint32_t) : 0;
}

uint64_t StackFilter::memory_bytes() const {
  uint64_t bytes = states_.bytes() + many_moved_.bytes() + few_moved_.capacity() * kBytesPerMoved +
                   stream_bytes_;
  if (moves_) {
    bytes += children_.capacity() * kBytesPerChild + depths_.capacity() * sizeof(uint16_t) +
             tree_bytes() + values_.capacity() * sizeof(uint64_t);
  }
  return bytes;
}

absl::Status StackFilter::Check() const {
  FLAMEKEEP_RETURN_IF_ERROR(states_.status());
  FLAMEKEEP_RETURN_IF_ERROR(context_.Check());
  return context_.CheckMemory(held_bytes_ + memory_bytes());
}

}  // namespace flamekeep::query
