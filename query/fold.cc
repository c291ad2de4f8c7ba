#include "query/fold.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/status.h"
#include "query/pending_sums.h"
#include "query/threshold.h"
#include "query/window_stream.h"

namespace flamekeep::query {
namespace {

using storage::kWindowIds;
using storage::StackTreeView;
using storage::WindowSums;

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
        parents_(tree),
        below_(kWindowIds),
        pending_((tree.size() - 1) / kWindowIds + 1) {}

  absl::StatusOr<Folded> Run(absl::Span<const std::string_view> columns) {
    for (const std::string_view column : columns) {
      FLAMEKEEP_RETURN_IF_ERROR(context_.Check());
      FLAMEKEEP_RETURN_IF_ERROR(stream_.Add(column));
    }
    held_bytes_ += stream_.memory_bytes();
    FLAMEKEEP_RETURN_IF_ERROR(CheckMemory());
    folded_.sum = stream_.header();
    folded_.saturated = folded_.sum.saturated;
    cut_ = CutForShare(options_.min_share, folded_.sum.total);
    if (options_.threaded) {
      stream_.Start(*options_.threaded);
    } else {
      stream_.Start();
    }
    FLAMEKEEP_ASSIGN_OR_RETURN(WindowStream::Item item, stream_.Next());
    for (uint32_t window = (tree_.size() - 1) / kWindowIds + 1; window-- > 0;) {
      const bool has_columns = item.sums != nullptr && item.window == window;
      if (!has_columns && pending_.empty(window) && window != 0) continue;
      FLAMEKEEP_RETURN_IF_ERROR(FoldWindow(window, has_columns ? item.sums : &no_columns_));
      if (has_columns) {
        FLAMEKEEP_ASSIGN_OR_RETURN(item, stream_.Next());
      } else {
        no_columns_.Clear();
      }
      FLAMEKEEP_RETURN_IF_ERROR(context_.Check());
      FLAMEKEEP_RETURN_IF_ERROR(CheckMemory());
    }
    RaiseCut();
    return std::move(folded_);
  }

 private:
  absl::Status FoldWindow(uint32_t window, WindowSums* sums) {
    const bool intact =
        folded_.saturated ? FoldWindow<true>(window, sums) : FoldWindow<false>(window, sums);
    folded_.saturated |= sums->saturated();
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
  bool FoldWindow(uint32_t window, WindowSums* sums) {
    const uint32_t base = window * kWindowIds;
    const uint32_t count = std::min(tree_.size() - base, kWindowIds);
    const uint32_t* const parents = parents_.Get(window, count);
    uint64_t* const below = below_.data();
    const uint64_t cut = cut_;
    uint64_t visited = 0;
    bool intact = true;
    if (window == 0) sums->Add(0, 0);  // the root is always there
    pending_.Take(window, [&](uint32_t offset, uint64_t value) {
      AddTo<kSaturates>(&below[offset], value);
      sums->Add(offset, 0);
    });
    sums->ForEachDescending([&](uint32_t offset, uint64_t self) {
      ++visited;
      uint64_t total = self;
      AddTo<kSaturates>(&total, std::exchange(below[offset], 0));
      const uint32_t id = base + offset;
      if (offset >= count) [[unlikely]] {
        Damaged(id, &intact);
        return;
      }
      const uint32_t parent = parents[offset];
      if (total > cut || id == 0) [[unlikely]]
        folded_.nodes.push_back({id, total, self});
      if (parent >= id) [[unlikely]] {
        if (id != 0) Damaged(id, &intact);
      } else if (parent >= base) {
        AddTo<kSaturates>(&below[parent - base], total);
        sums->Add(parent - base, 0);
      } else {
        pending_.Add(parent / kWindowIds, parent % kWindowIds, total);
      }
    });
    folded_.visited += visited;
    if (folded_.nodes.size() / 2 > options_.max_nodes) RaiseCut();
    return intact;
  }

  void Damaged(uint32_t id, bool* intact) {
    damaged_ = id;
    *intact = false;
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
  WindowParents parents_;
  std::vector<uint64_t> below_;  // what the children of the window's nodes have brought so far
  PendingSums pending_;
  WindowSums no_columns_;
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
