#include "query/fold.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <utility>

#include "base/status.h"
#include "query/pending_sums.h"
#include "query/prefetch.h"
#include "query/threshold.h"
#include "query/window_stream.h"

namespace flamekeep::query {
namespace {

using storage::kWindowIds;
using storage::StackTreeView;

// How far ahead of its use a node's memory is fetched, in words of 64 ids, and from how many nodes
// of a word on that is left to the processor.
constexpr uint32_t kWordsAhead = 12;
constexpr int kDenseWord = 16;

// The parents of one window's ids, as an array.
class WindowParents {
 public:
  explicit WindowParents(const StackTreeView& tree) : tree_(tree) {
    if (tree.block_nodes() < kWindowIds) copy_.resize(kWindowIds);
  }

  // Entries at and above `count` must not be read.
  const uint32_t* Get(uint32_t window, uint32_t count) {
    const uint32_t base = window * kWindowIds;
    if (copy_.empty()) {
      return tree_.block(base / tree_.block_nodes()).parent + base % tree_.block_nodes();
    }
    for (uint32_t i = 0; i < count; ++i) {
      copy_[i] = Raw(tree_.parent(storage::StackId{base + i}));
    }
    return copy_.data();
  }

 private:
  const StackTreeView& tree_;
  std::vector<uint32_t> copy_;
};

class Folder {
 public:
  Folder(const StackTreeView& tree, const FoldOptions& options, const Context& context,
         uint64_t held_bytes)
      : tree_(tree),
        options_(options),
        context_(context),
        held_bytes_(held_bytes),
        stream_(tree.size()),
        window_parents_(tree),
        below_(kWindowIds),
        met_(kWindowIds / 64),
        pending_((tree.size() - 1) / kWindowIds + 1) {}

  absl::StatusOr<Folded> Run(absl::Span<const std::string_view> columns) {
    for (const std::string_view column : columns) {
      FLAMEKEEP_RETURN_IF_ERROR(context_.Check());
      FLAMEKEEP_RETURN_IF_ERROR(stream_.Add(column));
      FLAMEKEEP_RETURN_IF_ERROR(context_.CheckMemory(held_bytes_ + stream_.memory_bytes()));
    }
    held_bytes_ += stream_.memory_bytes();
    FLAMEKEEP_RETURN_IF_ERROR(CheckMemory());
    folded_.sum = stream_.header();
    folded_.saturated = folded_.sum.saturated;
    cut_ = CutForShare(options_.min_share, folded_.sum.total);
    stream_.SetCheck([this] { return context_.Check(); });
    if (options_.threaded) {
      stream_.Start(*options_.threaded);
    } else {
      stream_.Start();
    }
    FLAMEKEEP_ASSIGN_OR_RETURN(const WindowStream::Window* next, stream_.Next());
    for (uint32_t number = (tree_.size() - 1) / kWindowIds + 1; number-- > 0;) {
      const bool has_columns = next != nullptr && next->number == number;
      if (!has_columns && pending_.empty(number) && number != 0) continue;
      FLAMEKEEP_RETURN_IF_ERROR(FoldWindow(has_columns ? *next : WindowStream::Window{number}));
      if (has_columns) {
        FLAMEKEEP_ASSIGN_OR_RETURN(next, stream_.Next());
      }
      FLAMEKEEP_RETURN_IF_ERROR(context_.Check());
      FLAMEKEEP_RETURN_IF_ERROR(CheckMemory());
    }
    RaiseCut();
    return std::move(folded_);
  }

 private:
  absl::Status FoldWindow(const WindowStream::Window& window) {
    const bool intact = folded_.saturated ? FoldWindow<true>(window) : FoldWindow<false>(window);
    folded_.saturated |= window.saturated;
    if (intact) return absl::OkStatus();
    return DataLoss("the dictionary or a column is damaged: stack {} has no parent below it",
                    damaged_);
  }

  // Where the sum of everything did not saturate, no sum can.
  template <bool kSaturates>
  static void AddTo(uint64_t* sum, uint64_t value) {
    if (kSaturates && __builtin_add_overflow(*sum, value, sum)) {
      *sum = UINT64_MAX;
    } else if (!kSaturates) {
      *sum += value;
    }
  }

  // False where the tree or a column is damaged.
  template <bool kSaturates>
  bool FoldWindow(const WindowStream::Window& window) {
    base_ = window.number * kWindowIds;
    count_ = std::min(tree_.size() - base_, kWindowIds);
    parents_ = window_parents_.Get(window.number, count_);
    if (base_ == 0) MarkMet(0);  // the root is always there
    for (size_t i = 0; i < window.size; ++i) MarkMet(window.offsets[i]);
    pending_.Take(window.number, [&](uint32_t offset, uint64_t value) {
      AddTo<kSaturates>(&below_[offset], value);
      MarkMet(offset);
    });
    bool intact = true;
    size_t next = 0;  // of the window's sums
    for (uint32_t word = kWindowIds / 64; word-- > 0;) {
      if (word >= kWordsAhead) PrefetchWord(word - kWordsAhead);
      uint64_t left = std::exchange(met_[word], 0);
      while (left != 0) {
        const int bit = 63 - std::countl_zero(left);
        left &= ~(uint64_t{1} << bit);
        const uint32_t offset = word * 64 + static_cast<uint32_t>(bit);
        uint64_t self = 0;
        if (next < window.size && window.offsets[next] == offset) self = window.values[next++];
        // A parent in the same word is met at once.
        intact &= FoldNode<kSaturates>(offset, self, &left);
      }
    }
    if (folded_.nodes.size() / 2 > options_.max_nodes) RaiseCut();
    return intact;
  }

  template <bool kSaturates>
  bool FoldNode(uint32_t offset, uint64_t self, uint64_t* left) {
    ++folded_.visited;
    const uint32_t id = base_ + offset;
    if (offset >= count_) [[unlikely]] {
      return Damaged(id);
    }
    uint64_t total = self;
    AddTo<kSaturates>(&total, below_[offset]);
    below_[offset] = 0;
    const uint32_t parent = parents_[offset];
    if (total > cut_ || id == 0) [[unlikely]] {
      folded_.nodes.push_back({id, parent, total, self});
    }
    if (parent >= id) [[unlikely]] {
      return id == 0 || Damaged(id);
    }
    if (parent >= base_) {
      AddTo<kSaturates>(&below_[parent - base_], total);
      const uint32_t parent_offset = parent - base_;
      const uint64_t mask = uint64_t{1} << (parent_offset % 64);
      if (parent_offset / 64 == offset / 64) {
        *left |= mask;
      } else {
        met_[parent_offset / 64] |= mask;
      }
    } else {
      pending_.Add(parent / kWindowIds, parent % kWindowIds, total);
    }
    return true;
  }

  void MarkMet(uint32_t offset) { met_[offset / 64] |= uint64_t{1} << (offset % 64); }

  // Fetches what a word's nodes will need. Where they lie close together, the processor does.
  ABSL_ATTRIBUTE_ALWAYS_INLINE void PrefetchWord(uint32_t word) const {
    uint64_t left = met_[word];
    if (std::popcount(left) > kDenseWord) return;
    for (; left != 0; left &= left - 1) {
      const uint32_t offset = word * 64 + static_cast<uint32_t>(std::countr_zero(left));
      Prefetch(&parents_[offset]);
      Prefetch(&below_[offset]);
    }
  }

  bool Damaged(uint32_t id) {
    damaged_ = id;
    return false;
  }

  // Leaves at most max_nodes nodes.
  void RaiseCut() {
    if (folded_.nodes.size() <= options_.max_nodes) return;
    std::vector<uint64_t> totals;
    totals.reserve(folded_.nodes.size());
    for (const FoldedNode& node : folded_.nodes) {
      if (node.id != 0) totals.push_back(node.total);
    }
    cut_ = CutForCount(totals, options_.max_nodes - 1, cut_);
    std::erase_if(folded_.nodes,
                  [&](const FoldedNode& node) { return node.total <= cut_ && node.id != 0; });
  }

  absl::Status CheckMemory() {
    const uint64_t bytes =
        held_bytes_ + pending_.memory_bytes() + folded_.nodes.capacity() * sizeof(FoldedNode);
    folded_.peak_bytes = std::max(folded_.peak_bytes, bytes);
    return context_.CheckMemory(bytes);
  }

  const StackTreeView& tree_;
  const FoldOptions& options_;
  const Context& context_;
  uint64_t held_bytes_;
  WindowStream stream_;
  WindowParents window_parents_;

  // Of the window that is being folded.
  uint32_t base_ = 0;
  uint32_t count_ = 0;  // ids of it that exist
  const uint32_t* parents_ = nullptr;
  std::vector<uint64_t> below_;  // what the children of its nodes have brought so far
  std::vector<uint64_t> met_;    // a bit for each node that is still to be folded

  PendingSums pending_;
  Folded folded_;
  uint64_t cut_ = 0;  // kept is what is above it
  uint32_t damaged_ = 0;
};

}  // namespace

absl::StatusOr<Folded> FoldColumns(absl::Span<const std::string_view> columns,
                                   const StackTreeView& tree, const FoldOptions& options,
                                   const Context& context, uint64_t held_bytes) {
  return std::make_unique<Folder>(tree, options, context, held_bytes)->Run(columns);
}

}  // namespace flamekeep::query
