#include "query/stack_marks.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/status.h"

namespace flamekeep::query {
namespace {

// How far ahead of their use nodes are fetched.
constexpr size_t kAhead = 16;
// Chunks of a column between two looks at the context.
constexpr uint32_t kChunksPerCheck = 16;

// `value` where the bit is set, else 0; without a branch, as the bits look random.
uint64_t Masked(uint64_t value, uint32_t mark, uint32_t bit) {
  return value & (uint64_t{0} - static_cast<uint64_t>((mark & bit) != 0));
}

}  // namespace

StackMarks::StackMarks(storage::StackTreeView tree, Question question)
    : tree_(std::move(tree)),
      function_(std::move(question.function)),
      max_depth_(question.filter.max_depth),
      marks_(tree_.size()) {
  Mark root = kMet | kCounts;
  if (!question.filter.empty()) {
    const absl::MutexLock lock(&mutex_);
    states_.emplace(tree_, std::move(question.filter_flags), question.filter);
    filter_bytes_ = states_->bytes();
    if (!states_->Counts(states_->Of(0))) root = kMet;
  }
  if (max_depth_ != 0) depths_ = storage::ZeroedArray<uint16_t>(tree_.size());
  marks_[0] = root;
}

uint64_t StackMarks::visited() const {
  const absl::MutexLock lock(&mutex_);
  return visited_;
}

StackMarks::Mark StackMarks::Load(uint32_t id) {
  return std::atomic_ref<Mark>(marks_[id]).load(std::memory_order_relaxed);
}

StackMarks::Mark StackMarks::Next(Mark parent, uint32_t id) {
  const uint32_t frame = Raw(tree_.frame(storage::StackId{id}));
  bool shown = true;
  bool counts = true;
  if (states_.has_value()) {
    counts = states_->Counts(states_->Of(id));
    shown = states_->Shows(id);
  }
  if (max_depth_ != 0) {
    const uint16_t above = depths_[Raw(tree_.parent(storage::StackId{id}))];
    shown = shown && above < max_depth_;
    depths_[id] = static_cast<uint16_t>(above + (shown ? 1 : 0));
  }
  Mark mark = kMet | (parent & (kHolds | kEnds));
  if (shown) {
    mark = IsFunction(frame) ? mark | kHolds | kEnds : mark & ~kEnds;
  }
  if (counts) {
    mark |= kCounts;
    if ((mark & kHolds) != 0) mark |= kValue;
    if ((mark & kEnds) != 0) mark |= kSelf;
  }
  return mark;
}

absl::Status StackMarks::Find(uint32_t id) {
  path_.clear();
  while (marks_[id] == 0) {
    path_.push_back(id);
    const uint32_t parent = Raw(tree_.parent(storage::StackId{id}));
    if (parent >= id) [[unlikely]] {
      return DataLoss("the dictionary is damaged: stack {} has no parent below it", id);
    }
    id = parent;
  }
  Mark mark = marks_[id];
  for (auto node = path_.rbegin(); node != path_.rend(); ++node) {
    mark = Next(mark, *node);
    std::atomic_ref<Mark>(marks_[*node]).store(mark, std::memory_order_relaxed);
  }
  visited_ += path_.size();
  return absl::OkStatus();
}

void StackMarks::FindUnfiltered(uint32_t begin, uint32_t end) {
  const uint32_t first = begin / tree_.block_nodes() * tree_.block_nodes();
  const storage::StackBlock& block = tree_.block(begin / tree_.block_nodes());
  for (uint32_t id = begin; id < end; ++id) {
    const uint32_t parent = block.parent[id - first];
    if (parent >= id || marks_[parent] == 0) [[unlikely]] {
      continue;
    }
    Mark mark = kMet | kCounts | (marks_[parent] & (kHolds | kValue));
    if (IsFunction(block.frame[id - first])) mark |= kHolds | kValue | kEnds | kSelf;
    std::atomic_ref<Mark>(marks_[id]).store(mark, std::memory_order_relaxed);
  }
}

void StackMarks::FindFiltered(uint32_t begin, uint32_t end) {
  for (uint32_t id = begin; id < end; ++id) {
    const uint32_t parent = Raw(tree_.parent(storage::StackId{id}));
    if (parent >= id || marks_[parent] == 0) [[unlikely]] {
      continue;
    }
    std::atomic_ref<Mark>(marks_[id]).store(Next(marks_[parent], id), std::memory_order_relaxed);
  }
}

absl::Status StackMarks::FindAll(const Context& context) {
  constexpr uint32_t kStacksBetweenChecks = 1u << 16;
  const uint32_t step = std::min(kStacksBetweenChecks, tree_.block_nodes());
  const absl::MutexLock lock(&mutex_);
  const bool filtered = states_.has_value();
  for (uint64_t begin = 0; begin < tree_.size(); begin += step) {
    FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    const auto end = static_cast<uint32_t>(std::min<uint64_t>(begin + step, tree_.size()));
    const uint32_t from = std::max<uint32_t>(1, static_cast<uint32_t>(begin));  // behind the root
    if (filtered) {
      FindFiltered(from, end);
    } else {
      FindUnfiltered(from, end);
    }
  }
  visited_ = tree_.size();
  return absl::OkStatus();
}

absl::Status StackMarks::FindMarks(const uint32_t* stacks, size_t size) {
  const absl::MutexLock lock(&mutex_);
  for (size_t i = 0; i < size; ++i) {
    if (i + kAhead < size && Load(stacks[i + kAhead]) == 0) {
      tree_.Prefetch(storage::StackId{stacks[i + kAhead]});
    }
    FLAMEKEEP_RETURN_IF_ERROR(Find(stacks[i]));
  }
  return absl::OkStatus();
}

template <typename Value>
void StackMarks::Add(const uint32_t* stacks, const Value* values, size_t size, MarkedSums* sums) {
  for (size_t i = 0; i < size; ++i) {
    const Mark mark = Load(stacks[i]);
    sums->total += Masked(values[i], mark, kCounts);
    sums->value += Masked(values[i], mark, kValue);
    sums->self += Masked(values[i], mark, kSelf);
  }
}

void StackMarks::AddSaturating(const storage::ColumnReader& chunk, MarkedSums* sums) {
  bool saturated = false;  // the column's header tells it
  const auto add = [&saturated](uint64_t value, uint64_t* sum) {
    *sum = storage::SaturatingAdd(*sum, value, &saturated);
  };
  for (size_t i = 0; i < chunk.size(); ++i) {
    const Mark mark = Load(chunk.stacks()[i]);
    const uint64_t value = chunk.value(i);
    add(Masked(value, mark, kCounts), &sums->total);
    add(Masked(value, mark, kValue), &sums->value);
    add(Masked(value, mark, kSelf), &sums->self);
  }
}

absl::StatusOr<MarkedSums> StackMarks::Count(std::string_view column, const Context& context) {
  storage::ColumnReader reader;
  FLAMEKEEP_RETURN_IF_ERROR(reader.Open(column));
  MarkedSums sums;
  for (uint32_t chunks = 1; reader.Next(); ++chunks) {
    if (chunks % kChunksPerCheck == 0) FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    const uint32_t* const stacks = reader.stacks();
    const size_t size = reader.size();
    if (stacks[0] >= tree_.size()) {
      return DataLoss("a column holds stack {}, the dictionary only {} stacks", stacks[0],
                      tree_.size());
    }
    bool all_met = true;
    for (size_t i = 0; i < size; ++i) all_met &= Load(stacks[i]) != 0;
    if (!all_met) FLAMEKEEP_RETURN_IF_ERROR(FindMarks(stacks, size));
    // What does not overflow in all does not in a part.
    if (reader.header().saturated) {
      AddSaturating(reader, &sums);
    } else if (reader.wide()) {
      Add(stacks, reader.values64(), size, &sums);
    } else {
      Add(stacks, reader.values32(), size, &sums);
    }
  }
  FLAMEKEEP_RETURN_IF_ERROR(reader.status());
  return sums;
}

}  // namespace flamekeep::query
