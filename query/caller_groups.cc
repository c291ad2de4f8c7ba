#include "query/caller_groups.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/status.h"
#include "query/checked_sort.h"
#include "query/prefetch.h"

namespace flamekeep::query {

using storage::SaturatingAdd;
using storage::StackId;
using storage::StackTreeView;

namespace {

constexpr size_t kNoGroup = std::numeric_limits<size_t>::max();
// How far ahead of their use tree entries are fetched.
constexpr size_t kPrefetch = 16;

// What loaded stacks take; `largest` of them are in one group, of which there is a copy while it is
// being split.
uint64_t BytesOfStacks(size_t stacks, size_t largest) {
  constexpr uint64_t kLoaded = sizeof(uint32_t) + sizeof(uint64_t);
  constexpr uint64_t kSplit = 2 * sizeof(uint32_t) + sizeof(uint64_t);
  return stacks * kLoaded + largest * kSplit;
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline void PrefetchNode(const StackTreeView& tree, uint32_t id) {
  if (id >= tree.size()) return;
  const storage::StackBlock& block = tree.block(id / tree.block_nodes());
  Prefetch(&block.frame[id % tree.block_nodes()]);
  Prefetch(&block.parent[id % tree.block_nodes()]);
}

}  // namespace

CallerGroups::CallerGroups(const StackTreeView& tree, uint32_t frame_count,
                           std::vector<uint32_t> keys)
    : tree_(tree),
      frame_count_(frame_count),
      keys_(std::move(keys)),
      last_(frame_count),
      tally_(frame_count) {}

absl::Status CallerGroups::Damage() const {
  if (damaged_ == 0) return absl::OkStatus();
  return DataLoss("the dictionary is damaged at stack {}", damaged_);
}

inline uint32_t CallerGroups::KeyOf(uint32_t id) {
  const uint32_t frame = Raw(tree_.frame(StackId{id}));
  if (frame >= frame_count_) [[unlikely]] {
    damaged_ = id;
    return 0;
  }
  return keys_.empty() ? frame : keys_[frame];
}

inline uint32_t CallerGroups::ParentOf(uint32_t id) {
  const uint32_t parent = Raw(tree_.parent(StackId{id}));
  if (parent < id) [[likely]] {
    return parent;
  }
  damaged_ = id;
  return 0;
}

inline void CallerGroups::Put(uint32_t next, uint64_t value, CallerGroup* group) {
  if (next == 0) {
    group->self = SaturatingAdd(group->self, value, &saturated_);
  } else {
    next_[group->end] = next;
    value_[group->end++] = value;
  }
}

template <typename Visit>
absl::Status CallerGroups::ForEachStack(absl::Span<const std::string_view> columns,
                                        const Context& context, uint64_t held_bytes,
                                        Visit&& visit) {
  WindowStream stream(tree_.size());
  for (const std::string_view column : columns) {
    FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    FLAMEKEEP_RETURN_IF_ERROR(stream.Add(column));
    FLAMEKEEP_RETURN_IF_ERROR(
        context.CheckMemory(held_bytes + stream.memory_bytes(stream.is_large())));
  }
  sum_ = stream.header();
  saturated_ |= sum_.saturated;
  stream.SetCheck([&context] { return context.Check(); });
  stream.Start();
  while (true) {
    FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    FLAMEKEEP_ASSIGN_OR_RETURN(const WindowStream::Window* const window, stream.Next());
    if (window == nullptr) return Damage();
    const uint32_t base = window->number * storage::kWindowIds;
    for (size_t i = 0; i < window->size; ++i) {
      const uint32_t id = base + window->offsets[i];
      if (i + kPrefetch < window->size) PrefetchNode(tree_, base + window->offsets[i + kPrefetch]);
      if (id == 0) {
        root_self_ = window->values[i];
      } else if (id < tree_.size()) [[likely]] {
        visit(id, window->values[i]);
      } else {
        damaged_ = id;
      }
    }
    visited_ += window->size;
    saturated_ |= window->saturated;
    FLAMEKEEP_RETURN_IF_ERROR(Damage());
  }
}

absl::Status CallerGroups::Count(absl::Span<const std::string_view> columns, const Context& context,
                                 uint64_t held_bytes) {
  return ForEachStack(columns, context, held_bytes, [&](uint32_t id, uint64_t value) {
    Last& last = last_[KeyOf(id)];
    last.total = SaturatingAdd(last.total, value, &saturated_);
    if (ParentOf(id) == 0) {
      last.self = SaturatingAdd(last.self, value, &saturated_);
    } else {
      ++last.stacks;
    }
  });
}

// Leaves an eighth for what is made of them.
CallerGroups::Batch::Batch(const Context& context, uint64_t held_bytes, size_t max_stacks)
    : max_bytes_((context.memory_bytes - std::min(context.memory_bytes, held_bytes)) / 8 * 7),
      max_stacks_(max_stacks) {}

bool CallerGroups::Batch::Add(size_t stacks) {
  const size_t all = stacks_ + stacks;
  const size_t largest = std::max(largest_, stacks);
  const bool fits =
      max_stacks_ != 0 ? all <= max_stacks_ : BytesOfStacks(all, largest) <= max_bytes_;
  if (!fits && !empty_) return false;
  stacks_ = all;
  largest_ = largest;
  empty_ = false;
  return true;
}

absl::StatusOr<std::vector<CallerGroup>> CallerGroups::Load(
    absl::Span<const std::string_view> columns, absl::Span<const uint32_t> keys,
    const Context& context, uint64_t held_bytes) {
  std::vector<CallerGroup> groups;
  std::vector<size_t> group_of(last_.size(), kNoGroup);
  size_t stacks = 0;
  size_t largest = 0;
  for (const uint32_t key : keys) {
    largest = std::max(largest, last_[key].stacks);
    group_of[key] = groups.size();
    groups.push_back({.key = key, .begin = stacks, .end = stacks, .total = last_[key].total});
    stacks += last_[key].stacks;
  }
  held_bytes += BytesOfStacks(stacks, largest);
  FLAMEKEEP_RETURN_IF_ERROR(context.CheckMemory(held_bytes));
  // Not all of it would be freed before more is taken.
  next_ = {};
  value_ = {};
  split_next_ = {};
  split_key_ = {};
  split_value_ = {};
  next_.resize(stacks);
  value_.resize(stacks);
  FLAMEKEEP_RETURN_IF_ERROR(
      ForEachStack(columns, context, held_bytes, [&](uint32_t id, uint64_t value) {
        const size_t group = group_of[KeyOf(id)];
        if (group != kNoGroup) Put(ParentOf(id), value, &groups[group]);
      }));
  return groups;
}

absl::StatusOr<size_t> CallerGroups::Split(const CallerGroup& group, uint64_t cut,
                                           const Context& context,
                                           std::vector<CallerGroup>* groups) {
  groups->clear();
  const size_t size = group.end - group.begin;
  // Small groups count together.
  split_since_check_ += size;
  if (split_since_check_ >= kItemsPerCheck) {
    split_since_check_ = 0;
    FLAMEKEEP_RETURN_IF_ERROR(context.Check());
  }
  if (size > split_next_.size()) {
    split_next_.resize(size);
    split_key_.resize(size);
    split_value_.resize(size);
  }
  visited_ += size;
  const uint32_t* const next = next_.data() + group.begin;
  const uint64_t* const value = value_.data() + group.begin;
  size_t met = 0;
  for (size_t i = 0; i < size; ++i) {
    if (i % kItemsPerCheck == kItemsPerCheck - 1) FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    if (i + kPrefetch < size) PrefetchNode(tree_, next[i + kPrefetch]);
    const uint32_t key = KeyOf(next[i]);
    split_next_[i] = ParentOf(next[i]);
    split_key_[i] = key;
    split_value_[i] = value[i];
    Tally& tally = tally_[key];
    if (tally.stacks++ == 0) ++met;
    tally.total = SaturatingAdd(tally.total, value[i], &saturated_);
    tally.group = kNoGroup;
  }
  FLAMEKEEP_RETURN_IF_ERROR(Damage());

  size_t place = group.begin;
  for (size_t i = 0; i < size; ++i) {
    if (i % kItemsPerCheck == kItemsPerCheck - 1) FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    Tally& tally = tally_[split_key_[i]];
    if (tally.total <= cut) continue;
    if (tally.group == kNoGroup) {
      tally.group = groups->size();
      groups->push_back({.key = split_key_[i], .begin = place, .end = place, .total = tally.total});
      place += tally.stacks;
    }
    Put(split_next_[i], split_value_[i], &(*groups)[tally.group]);
  }
  for (size_t i = 0; i < size; ++i) tally_[split_key_[i]] = Tally();
  return met;
}

uint64_t CallerGroups::memory_bytes() const {
  return (next_.capacity() + split_next_.capacity() + split_key_.capacity()) * sizeof(uint32_t) +
         (value_.capacity() + split_value_.capacity()) * sizeof(uint64_t) +
         last_.capacity() * sizeof(Last) + tally_.capacity() * sizeof(Tally);
}

}  // namespace flamekeep::query
