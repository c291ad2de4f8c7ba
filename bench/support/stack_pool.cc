#include "bench/support/stack_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench/support/must.h"

namespace flamekeep::bench {
namespace {

using storage::FrameId;
using storage::Raw;
using storage::StackId;

// Attempts to make a stack that end in an inner node. In the corpus 24 % of the new stacks do; most
// attempts to find one fail, as the popular ones are stacks already.
constexpr double kEndsInInnerNode = 0.24;
// How many frames are cut off and put on, on average. With this length the tree has as many nodes
// as the corpus' own would have: 365,000 x (n / 564,000)^0.6 for n samples, while there are about
// n^0.62 stacks, so that the nodes for each new stack get fewer.
constexpr double kLength = 2.45;
constexpr double kCorpusDraws = 564'000;
constexpr double kLengthExponent = -0.02;
// New nodes whose function is new.
constexpr double kNewFunction = 0.0005;
constexpr int kAttempts = 32;

uint32_t EntryPointOf(std::string_view folded) {
  std::string_view file = folded.substr(0, folded.find(';'));
  file.remove_prefix(std::min(file.rfind('/') + 1, file.size()));
  file = file.substr(0, file.find('.'));
  const auto it = std::find(kEntryPoints.begin(), kEntryPoints.end(), file);
  return it == kEntryPoints.end() ? 0 : static_cast<uint32_t>(it - kEntryPoints.begin());
}

void SetBit(uint32_t id, std::vector<uint64_t>* bits) {
  if (id / 64 >= bits->size()) bits->resize(id / 64 + 1 + bits->size() / 2);
  (*bits)[id / 64] |= uint64_t{1} << id % 64;
}

}  // namespace

StackPool::StackPool(storage::Dictionary* dictionary, uint64_t seed)
    : dictionary_(dictionary), random_(seed), tree_(dictionary->tree()) {}

uint32_t StackPool::Add(std::string_view folded, bool* first) {
  path_.clear();
  for (size_t begin = 0; begin <= folded.size();) {
    const size_t end = std::min(folded.find(';', begin), folded.size());
    path_.push_back(Must(dictionary_->InternFrame(folded.substr(begin, end - begin))));
    begin = end + 1;
  }
  const uint32_t id = Raw(Must(dictionary_->InternStack(path_)));
  ++corpus_samples_;
  std::sort(path_.begin(), path_.end());
  path_.erase(std::unique(path_.begin(), path_.end()), path_.end());
  for (const FrameId frame : path_) ++corpus_counts_[Raw(frame)];
  const auto it = numbers_.find(id);
  *first = it == numbers_.end();
  if (!*first) return it->second;
  return numbers_[id] = NewNumber(id, EntryPointOf(folded));
}

uint32_t StackPool::NewNumber(uint32_t id, uint32_t entry_point) {
  if (id >= uint32_t{1} << 29) Must(absl::ResourceExhaustedError("the store has too many stacks"));
  SetBit(id, &is_stack_);
  stacks_.push_back({id, entry_point});
  return size() - 1;
}

uint32_t StackPool::Grow(absl::FunctionRef<uint32_t()> earlier, uint64_t draws) {
  const double size = std::max(static_cast<double>(draws), kCorpusDraws) / kCorpusDraws;
  const double mean = kLength * std::pow(size, kLengthExponent);
  uint32_t like = 0;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    like = earlier();
    StackId node = Ancestor(stack(like), random_.Geometric(mean));
    if (!random_.Chance(kEndsInInnerNode)) {
      LeafSide(stack(earlier()), random_.Geometric(mean), &leaf_side_);
      for (FrameId frame : leaf_side_) {
        if (random_.Chance(kNewFunction)) frame = NewFunction();
        node = Must(dictionary_->InternChild(node, frame));
      }
    }
    if (!IsStack(Raw(node))) return NewNumber(Raw(node), entry_point(like));
  }
  return like;
}

StackId StackPool::Ancestor(StackId node, uint32_t steps) {
  const storage::StackTreeView& tree = TreeWith(Raw(node));
  for (uint32_t i = 0; i < steps; ++i) {
    const StackId parent = tree.parent(node);
    if (parent == storage::kRootStack) break;
    node = parent;
  }
  return node;
}

void StackPool::LeafSide(StackId node, uint32_t count, std::vector<FrameId>* frames) {
  const storage::StackTreeView& tree = TreeWith(Raw(node));
  frames->clear();
  for (uint32_t i = 0; i < count && tree.parent(node) != storage::kRootStack; ++i) {
    frames->push_back(tree.frame(node));
    node = tree.parent(node);
  }
  std::reverse(frames->begin(), frames->end());
}

FrameId StackPool::NewFunction() {
  const FrameId base{static_cast<uint32_t>(1 + random_.Below(dictionary_->frame_count() - 1))};
  const std::string name = fmt::format("{}{}", dictionary_->frame(base).function, ++new_functions_);
  const FrameId frame = Must(dictionary_->InternFrame(name));
  renamable_.push_back(Raw(frame));
  return frame;
}

void StackPool::Deploy(double share) {
  if (renamable_.empty()) {
    const auto most = static_cast<uint64_t>(kRareShare * static_cast<double>(corpus_samples_));
    for (const auto& [frame, count] : corpus_counts_) {
      if (count <= most) {
        renamable_.push_back(frame);
      } else {
        ++lasting_functions_;
      }
    }
    std::sort(renamable_.begin(), renamable_.end());
  }
  const auto count =
      static_cast<size_t>(share * static_cast<double>(lasting_functions_ + renamable_.size()));
  current_.resize(dictionary_->frame_count());
  for (size_t i = 0; i < count; ++i) {
    uint32_t& frame = renamable_[random_.Below(renamable_.size())];
    const std::string name =
        fmt::format("{}{}", dictionary_->frame(FrameId{frame}).function, ++new_functions_);
    const uint32_t renamed = Raw(Must(dictionary_->InternFrame(name)));
    current_.resize(dictionary_->frame_count());
    current_[frame] = renamed;
    frame = renamed;
  }

  tree_ = dictionary_->tree();
  outdated_.assign(tree_.size() / 64 + 1, 0);
  for (uint32_t id = 1; id < tree_.size(); ++id) {
    const uint32_t parent = Raw(tree_.parent(StackId{id}));
    const uint64_t outdated = (outdated_[parent / 64] >> parent % 64 & 1) |
                              (current_[Raw(tree_.frame(StackId{id}))] != 0 ? 1 : 0);
    outdated_[id / 64] |= outdated << id % 64;
  }
}

void StackPool::Renew(uint32_t number) {
  Stack& stack = stacks_[number];
  const storage::StackTreeView& tree = TreeWith(stack.id);
  path_.clear();
  for (StackId node{stack.id}; node != storage::kRootStack; node = tree.parent(node)) {
    path_.push_back(Current(tree.frame(node)));
  }
  std::reverse(path_.begin(), path_.end());
  stack.id = Raw(Must(dictionary_->InternStack(path_)));
  SetBit(stack.id, &is_stack_);
}

FrameId StackPool::Current(FrameId frame) const {
  uint32_t id = Raw(frame);
  while (id < current_.size() && current_[id] != 0) id = current_[id];
  return FrameId{id};
}

const storage::StackTreeView& StackPool::TreeWith(uint32_t id) {
  if (id >= tree_.size()) tree_ = dictionary_->tree();
  return tree_;
}

}  // namespace flamekeep::bench
