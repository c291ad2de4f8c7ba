#include "query/function_totals.h"

#include <memory>
#include <utility>

#include "base/status.h"
#include "query/fold_pass.h"

namespace flamekeep::query {
namespace {

using storage::StackTreeView;

// Adds the nodes of a pass up by frame.
class FrameSums {
 public:
  // `own_table`: the table is of this query alone.
  FrameSums(const StackTreeView& tree, uint32_t frame_count, RepeatTable* table, bool own_table,
            const Context& context)
      : tree_(tree),
        repeats_(tree, frame_count, table, context),
        own_table_(own_table ? table : nullptr),
        frames_(frame_count) {}

  void Start(const storage::ColumnHeader&) {}

  ABSL_ATTRIBUTE_ALWAYS_INLINE void PrefetchNode(uint32_t id) const {
    Prefetch(&tree_.block(id / tree_.block_nodes()).frame[id % tree_.block_nodes()]);
  }

  void Visit(uint32_t id, uint32_t /*parent*/, uint64_t total, uint64_t self) {
    if (id == 0) return;  // the root is no function
    const bool repeats = repeats_.Of(id);
    const uint32_t frame = Raw(tree_.frame(storage::StackId{id}));
    if (frame >= frames_.size()) [[unlikely]] {
      damaged_frame_ = frame;
      return;
    }
    FrameTotal& sum = frames_[frame];
    AddTo(&sum.self, self);
    if (!repeats) AddTo(&sum.total, total);
  }

  absl::Status EndWindow() const {
    if (damaged_frame_.has_value()) {
      return DataLoss("the dictionary is damaged: a stack has frame {}, it holds {}",
                      *damaged_frame_, frames_.size());
    }
    return repeats_.status();
  }

  uint64_t memory_bytes() const {
    return frames_.size() * sizeof(FrameTotal) + repeats_.memory_bytes() +
           (own_table_ != nullptr ? own_table_->memory_bytes() : 0);
  }

  bool saturated() const { return saturated_; }
  std::vector<FrameTotal> Finish() { return std::move(frames_); }

 private:
  void AddTo(uint64_t* sum, uint64_t value) {
    if (__builtin_add_overflow(*sum, value, sum)) [[unlikely]] {
      *sum = UINT64_MAX;
      saturated_ = true;
    }
  }

  const StackTreeView& tree_;
  Repeats repeats_;
  const RepeatTable* const own_table_;
  std::vector<FrameTotal> frames_;
  std::optional<uint32_t> damaged_frame_;
  bool saturated_ = false;
};

}  // namespace

absl::StatusOr<FunctionTotals> SumFunctions(absl::Span<const std::string_view> columns,
                                            const StackTreeView& tree, uint32_t frame_count,
                                            RepeatTable* known, const Context& context,
                                            uint64_t held_bytes, std::optional<bool> threaded) {
  std::unique_ptr<RepeatTable> own;
  if (known == nullptr) own = std::make_unique<RepeatTable>();
  // Before it is allocated.
  FLAMEKEEP_RETURN_IF_ERROR(context.CheckMemory(
      held_bytes + uint64_t{frame_count} * (sizeof(FrameTotal) + sizeof(uint32_t))));
  FrameSums sums(tree, frame_count, own != nullptr ? own.get() : known, own != nullptr, context);
  const auto pass = std::make_unique<FoldPass<FrameSums>>(tree, &sums, context, held_bytes);
  FLAMEKEEP_ASSIGN_OR_RETURN(const FoldPassResult result, pass->Run(columns, threaded));
  return FunctionTotals{.sum = result.sum,
                        .frames = sums.Finish(),
                        .visited = result.visited,
                        .saturated = result.saturated || sums.saturated()};
}

}  // namespace flamekeep::query
