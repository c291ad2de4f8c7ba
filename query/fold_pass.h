// The pass over a stack tree that knows every node's total: shared by the views that fold (fold.cc,
// function_totals.cc).
//
// A parent's id is smaller than its child's, so one pass from the highest id to the lowest knows
// every node's total when it comes to it. Columns are added up window by window (65,536 ids,
// highest first); within a window a total is added to its parent in place, a parent in a lower
// window gets it later (pending_sums.h). Time grows with the nodes that were met, not with the age
// of the store; memory is a few windows, the pending sums, and what the visitor holds.
//
//   class Visitor {
//     void Start(const storage::ColumnHeader& sum);   // of all columns, before the first node
//     void PrefetchNode(uint32_t id) const;           // it will be visited soon
//     void Visit(uint32_t id, uint32_t parent, uint64_t total, uint64_t self);
//     absl::Status EndWindow();
//     uint64_t memory_bytes() const;
//   };
//
// Thread safety: one thread at a time; it may use a second one.
// Errors: DATA_LOSS (damaged columns, or a tree that breaks the order of ids), those of the visitor
// and of the context.
#ifndef FLAMEKEEP_QUERY_FOLD_PASS_H_
#define FLAMEKEEP_QUERY_FOLD_PASS_H_

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/cpu_clones.h"
#include "base/status.h"
#include "query/context.h"
#include "query/pending_sums.h"
#include "query/prefetch.h"
#include "query/window_stream.h"
#include "storage/column.h"
#include "storage/stack_tree_view.h"

namespace flamekeep::query {

// One list of a window's ids, their parents or their frames, as an array.
template <const uint32_t* storage::StackBlock::* kList>
class WindowList {
 public:
  explicit WindowList(const storage::StackTreeView& tree) : tree_(tree) {
    if (tree.block_nodes() < storage::kWindowIds) copy_.resize(storage::kWindowIds);
  }

  // Entries at and above `count` must not be read.
  const uint32_t* Get(uint32_t window, uint32_t count) {
    const uint32_t base = window * storage::kWindowIds;
    if (copy_.empty()) {
      return tree_.block(base / tree_.block_nodes()).*kList + base % tree_.block_nodes();
    }
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t id = base + i;
      copy_[i] = (tree_.block(id / tree_.block_nodes()).*kList)[id % tree_.block_nodes()];
    }
    return copy_.data();
  }

 private:
  const storage::StackTreeView& tree_;
  std::vector<uint32_t> copy_;
};

// What a pass found.
struct FoldPassResult {
  storage::ColumnHeader sum;  // of all columns' headers
  uint64_t visited = 0;       // nodes met, the root included
  bool saturated = false;
  uint64_t peak_bytes = 0;  // of the memory that the context bounds
};

// Lives on the heap. `held_bytes` is what the query holds besides.
template <typename Visitor>
class FoldPass {
 public:
  FoldPass(const storage::StackTreeView& tree, Visitor* visitor, const Context& context,
           uint64_t held_bytes)
      : tree_(tree),
        visitor_(*visitor),
        context_(context),
        held_bytes_(held_bytes),
        stream_(tree.size()),
        window_parents_(tree),
        below_(storage::kWindowIds),
        met_(storage::kWindowIds / 64),
        pending_((tree.size() - 1) / storage::kWindowIds + 1) {}

  // `threaded`: whether to use a second thread; unset: where it pays. To be called once.
  absl::StatusOr<FoldPassResult> Run(absl::Span<const std::string_view> columns,
                                     std::optional<bool> threaded) {
    for (const std::string_view column : columns) {
      FLAMEKEEP_RETURN_IF_ERROR(context_.Check());
      FLAMEKEEP_RETURN_IF_ERROR(stream_.Add(column));
      FLAMEKEEP_RETURN_IF_ERROR(
          context_.CheckMemory(held_bytes_ + stream_.memory_bytes(/*threaded=*/false)));
    }
    bool with_thread = threaded.value_or(stream_.is_large());
    // Rather slowly than not at all.
    if (!threaded.has_value() && with_thread) {
      with_thread =
          context_.CheckMemory(held_bytes_ + stream_.memory_bytes(/*threaded=*/true)).ok();
    }
    held_bytes_ += stream_.memory_bytes(with_thread);
    FLAMEKEEP_RETURN_IF_ERROR(CheckMemory());
    result_.sum = stream_.header();
    result_.saturated = result_.sum.saturated;
    visitor_.Start(result_.sum);
    stream_.SetCheck([this] { return context_.Check(); });
    stream_.Start(with_thread);
    FLAMEKEEP_ASSIGN_OR_RETURN(const WindowStream::Window* next, stream_.Next());
    for (uint32_t number = (tree_.size() - 1) / storage::kWindowIds + 1; number-- > 0;) {
      const bool has_columns = next != nullptr && next->number == number;
      if (!has_columns && pending_.empty(number) && number != 0) continue;
      FLAMEKEEP_RETURN_IF_ERROR(FoldWindow(has_columns ? *next : WindowStream::Window{number}));
      FLAMEKEEP_RETURN_IF_ERROR(visitor_.EndWindow());
      if (has_columns) {
        FLAMEKEEP_ASSIGN_OR_RETURN(next, stream_.Next());
      }
      FLAMEKEEP_RETURN_IF_ERROR(context_.Check());
      FLAMEKEEP_RETURN_IF_ERROR(CheckMemory());
    }
    return result_;
  }

 private:
  // How far ahead of its use a node's memory is fetched, in words of 64 ids, and from how many
  // nodes of a word on that is left to the processor.
  static constexpr uint32_t kWordsAhead = 12;
  static constexpr int kDenseWord = 16;

  absl::Status FoldWindow(const WindowStream::Window& window) {
    const bool intact = result_.saturated ? FoldWindow<true>(window) : FoldWindow<false>(window);
    result_.saturated |= window.saturated;
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
  FLAMEKEEP_CPU_CLONES bool FoldWindow(const WindowStream::Window& window) {
    base_ = window.number * storage::kWindowIds;
    count_ = std::min(tree_.size() - base_, storage::kWindowIds);
    parents_ = window_parents_.Get(window.number, count_);
    if (base_ == 0) MarkMet(0);  // the root is always there
    for (size_t i = 0; i < window.size; ++i) MarkMet(window.offsets[i]);
    pending_.Take(window.number, [&](uint32_t offset, uint64_t value) {
      AddTo<kSaturates>(&below_[offset], value);
      MarkMet(offset);
    });
    bool intact = true;
    size_t next = 0;  // of the window's sums
    for (uint32_t word = storage::kWindowIds / 64; word-- > 0;) {
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
    return intact;
  }

  template <bool kSaturates>
  ABSL_ATTRIBUTE_ALWAYS_INLINE bool FoldNode(uint32_t offset, uint64_t self, uint64_t* left) {
    ++result_.visited;
    const uint32_t id = base_ + offset;
    if (offset >= count_) [[unlikely]] {
      return Damaged(id);
    }
    uint64_t total = self;
    AddTo<kSaturates>(&total, below_[offset]);
    below_[offset] = 0;
    const uint32_t parent = parents_[offset];
    visitor_.Visit(id, parent, total, self);
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
        // Its word may have been passed by PrefetchWord() already.
        PrefetchOffset(parent_offset);
      }
    } else {
      pending_.Add(parent / storage::kWindowIds, parent % storage::kWindowIds, total);
    }
    return true;
  }

  void MarkMet(uint32_t offset) { met_[offset / 64] |= uint64_t{1} << (offset % 64); }

  // Fetches what a word's nodes will need. Where they lie close together, the processor does.
  ABSL_ATTRIBUTE_ALWAYS_INLINE void PrefetchWord(uint32_t word) const {
    uint64_t left = met_[word];
    if (std::popcount(left) > kDenseWord) return;
    for (; left != 0; left &= left - 1) {
      PrefetchOffset(word * 64 + static_cast<uint32_t>(std::countr_zero(left)));
    }
  }
  ABSL_ATTRIBUTE_ALWAYS_INLINE void PrefetchOffset(uint32_t offset) const {
    Prefetch(&parents_[offset]);
    Prefetch(&below_[offset]);
    visitor_.PrefetchNode(base_ + offset);
  }

  bool Damaged(uint32_t id) {
    damaged_ = id;
    return false;
  }

  absl::Status CheckMemory() {
    const uint64_t bytes = held_bytes_ + pending_.memory_bytes() + visitor_.memory_bytes();
    result_.peak_bytes = std::max(result_.peak_bytes, bytes);
    return context_.CheckMemory(bytes);
  }

  const storage::StackTreeView& tree_;
  Visitor& visitor_;
  const Context& context_;
  uint64_t held_bytes_;
  WindowStream stream_;
  WindowList<&storage::StackBlock::parent> window_parents_;

  // Of the window that is being folded.
  uint32_t base_ = 0;
  uint32_t count_ = 0;  // ids of it that exist
  const uint32_t* parents_ = nullptr;
  std::vector<uint64_t> below_;  // what the children of its nodes have brought so far
  std::vector<uint64_t> met_;    // a bit for each node that is still to be folded

  PendingSums pending_;
  FoldPassResult result_;
  uint32_t damaged_ = 0;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_FOLD_PASS_H_
