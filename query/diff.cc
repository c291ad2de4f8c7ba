#include "query/diff.h"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/types/span.h"
#include "base/status.h"
#include "query/diff_functions.h"
#include "query/diff_nodes.h"
#include "query/diff_side.h"
#include "query/draw_columns.h"
#include "query/engine.h"
#include "query/fold.h"
#include "query/function_totals.h"
#include "query/kept_answer.h"

namespace flamekeep::query {
namespace {

using Sides = std::array<DiffSide, kDiffSides>;

// What of the tree is drawn.
FlameGraphOptions TreeOptions(const DiffOptions& options) {
  return {.min_share = options.min_share, .max_nodes = options.max_nodes};
}
// The view of the baseline's question.
constexpr std::string_view kBaselineView = "baseline;";

absl::Status CheckDiffOptions(const DiffOptions& options) {
  if (options.limit > kMaxDiffFunctions) {
    return InvalidArgument("`limit` is {}: at most {} functions can be asked for", options.limit,
                           kMaxDiffFunctions);
  }
  return CheckOptions(TreeOptions(options));
}

uint32_t LimitOf(const DiffOptions& options) {
  return options.limit != 0 ? options.limit : kDefaultDiffFunctions;
}

// The view of the selection's question.
std::string DiffView(const DiffOptions& options, const Coverage& baseline) {
  std::string view = fmt::format("diff,{},{},{};", baseline.version, LimitOf(options),
                                 options.by == FunctionOrder::kSelf);
  if (options.tree) view += GraphView(TreeOptions(options));
  return view;
}

// Under which a diff is kept; nothing where that can not be told.
std::optional<CacheKey> DiffKey(const Sides& sides, const DiffOptions& options) {
  const std::optional<std::string> baseline = sides[kBaseline].ContentName();
  const std::optional<std::string> selection = sides[kSelection].ContentName();
  if (!baseline.has_value() || !selection.has_value()) return std::nullopt;
  return MakeCacheKey({"diff", *baseline, *selection, DiffView(options, Coverage())});
}

class DiffMaker {
 public:
  DiffMaker(const storage::Dictionary& dictionary, Sides* sides, const DiffOptions& options,
            const Context& context)
      : dictionary_(dictionary),
        frame_count_(dictionary.frame_count()),
        sides_(*sides),
        options_(options),
        context_(context),
        functions_(frame_count_) {}

  // The tree is that of the younger snapshot, which has all stacks of the other one too.
  absl::Status UseTrees(RepeatTable* repeats, FrameFlagsCache* flags) {
    FLAMEKEEP_RETURN_IF_ERROR(context_.CheckMemory(functions_.memory_bytes()));
    std::shared_ptr<DiffTreeSource> last;
    for (size_t side = 0; side < kDiffSides; ++side) {
      const FrameFilter& filter = sides_[side].stacks().filter();
      if (last == nullptr || filter != sides_[0].stacks().filter()) {
        FLAMEKEEP_ASSIGN_OR_RETURN(
            last,
            DiffTreeSource::Make(sides_[kSelection].stacks().snapshot().tree(), repeats, filter,
                                 dictionary_, flags, context_, functions_.memory_bytes()));
      }
      sides_[side].UseTree(last);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Diff> Make() {
    if (options_.tree) FLAMEKEEP_RETURN_IF_ERROR(ChooseNodes());
    for (size_t side = 0; side < kDiffSides; ++side) {
      for (size_t bucket = 0; bucket < sides_[side].buckets().size(); ++bucket) {
        FLAMEKEEP_RETURN_IF_ERROR(context_.Check());
        FLAMEKEEP_RETURN_IF_ERROR(AddBucket(side, bucket));
      }
    }
    Diff diff{.baseline = sides_[kBaseline].Cover(kBaselineView),
              .baseline_content = sides_[kBaseline].content(),
              .content = sides_[kSelection].content()};
    diff.coverage = sides_[kSelection].Cover(DiffView(options_, diff.baseline));
    const RangeSizes sizes = {SizeOf(kBaseline, diff.baseline), SizeOf(kSelection, diff.coverage)};
    diff.baseline_buckets = sizes[kBaseline].buckets;
    diff.buckets = sizes[kSelection].buckets;
    const auto names = [&](storage::FrameId id) { return dictionary_.frame(id); };
    FLAMEKEEP_RETURN_IF_ERROR(functions_.Finish(sizes, LimitOf(options_), options_.by, names,
                                                context_, HeldBytes(), &diff));
    if (options_.tree) {
      FLAMEKEEP_RETURN_IF_ERROR(nodes_.Finish(
          sizes, names, context_, HeldBytes() + MemoryBytes(diff), &diff.tree.emplace()));
    }
    return diff;
  }

 private:
  RangeSize SizeOf(size_t side, const Coverage& coverage) const {
    RangeSize size = sides_[side].size();
    // A value that is a count is so many samples, however many came in one line.
    if (coverage.unit == "count") size.sample = 1;
    return size;
  }

  uint64_t HeldBytes() const {
    uint64_t bytes = functions_.memory_bytes() + nodes_.memory_bytes() +
                     sides_[kBaseline].source().memory_bytes();
    if (&sides_[kBaseline].source() != &sides_[kSelection].source()) {
      bytes += sides_[kSelection].source().memory_bytes();
    }
    return bytes;
  }

  // All but the source of a side.
  uint64_t HeldBesides(size_t side) const {
    return HeldBytes() - sides_[side].source().memory_bytes();
  }

  bool HaveSameTree() const {
    const DiffTreeSource& one = sides_[kBaseline].source();
    const DiffTreeSource& other = sides_[kSelection].source();
    return &one == &other || (one.is_stored() && other.is_stored());
  }

  absl::Status ChooseNodes() {
    for (size_t side = 0; side < kDiffSides; ++side) {
      FLAMEKEEP_ASSIGN_OR_RETURN(const DiffSide::Loaded loaded,
                                 sides_[side].LoadWhole(context_, HeldBesides(side)));
      const storage::StackTreeView tree = sides_[side].source().tree();
      FLAMEKEEP_ASSIGN_OR_RETURN(const Folded folded,
                                 FoldColumns(loaded.encoded, tree,
                                             {.min_share = options_.min_share,
                                              .max_nodes = MaxNodes(TreeOptions(options_))},
                                             context_, HeldBytes() + loaded.bytes));
      FLAMEKEEP_RETURN_IF_ERROR(
          context_.CheckMemory(HeldBytes() + folded.nodes.capacity() * sizeof(FoldedNode) +
                               folded.nodes.size() * DiffNodes::kBytesPerAdded));
      FLAMEKEEP_RETURN_IF_ERROR(nodes_.AddFolded(side, folded, tree, frame_count_, context_));
      FLAMEKEEP_RETURN_IF_ERROR(context_.CheckMemory(HeldBytes()));
    }
    FLAMEKEEP_RETURN_IF_ERROR(nodes_.Choose(MaxNodes(TreeOptions(options_)), context_));
    const bool same_tree = HaveSameTree();
    for (size_t side = 0; side < kDiffSides; ++side) {
      FLAMEKEEP_RETURN_IF_ERROR(
          nodes_.FindIn(side, sides_[side].source().tree(), same_tree, context_));
    }
    return absl::OkStatus();
  }

  absl::Status AddBucket(size_t side, size_t bucket) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const DiffSide::Loaded loaded,

                               sides_[side].LoadBucket(bucket, context_, HeldBesides(side)));
    if (loaded.encoded.empty()) return absl::OkStatus();
    const storage::StackTreeView tree = sides_[side].source().tree();
    const uint64_t held = HeldBytes() + loaded.bytes;
    FLAMEKEEP_ASSIGN_OR_RETURN(const FunctionTotals totals,
                               SumFunctions(loaded.encoded, tree, frame_count_,
                                            sides_[side].source().repeats(), context_, held));
    functions_.AddBucket(side, totals);
    sides_[side].AddBucket(bucket, loaded, totals.sum.total, totals.visited);
    if (totals.saturated) sides_[side].Saturate();
    if (!options_.tree) return absl::OkStatus();
    return nodes_.AddBucket(side, loaded.encoded, tree, context_, held);
  }

  const storage::Dictionary& dictionary_;
  const uint32_t frame_count_;
  Sides& sides_;
  const DiffOptions& options_;
  const Context& context_;
  DiffFunctions functions_;
  DiffNodes nodes_;
};

}  // namespace

uint64_t MemoryBytes(const Diff& diff) {
  uint64_t bytes = sizeof(Diff) + diff.functions.capacity() * sizeof(DiffFunction) +
                   diff.baseline_content.buckets.capacity() + diff.content.buckets.capacity();
  for (const DiffFunction& row : diff.functions) {
    bytes += row.function.capacity() + row.file.capacity();
  }
  if (diff.tree.has_value()) {
    bytes += MemoryBytes(diff.tree->graph) +
             diff.tree->size() * (2 * sizeof(uint64_t) + sizeof(ShareDifference) + sizeof(Verdict));
  }
  return bytes;
}

absl::StatusOr<Diff> Engine::MakeDiff(const Selection& baseline, const Selection& selection,
                                      const DiffOptions& options, const Context& context) const {
  FLAMEKEEP_RETURN_IF_ERROR(CheckDiffOptions(options));
  FLAMEKEEP_ASSIGN_OR_RETURN(DiffSide first, DiffSide::Open(*store_, baseline, context));
  FLAMEKEEP_ASSIGN_OR_RETURN(DiffSide second, DiffSide::Open(*store_, selection, context));
  Sides sides = {std::move(first), std::move(second)};
  const std::optional<CacheKey> key =
      cache_ != nullptr ? DiffKey(sides, options) : std::optional<CacheKey>();
  const auto cover = [&](Diff* kept) {
    kept->baseline =
        sides[kBaseline].CoverKept(kept->baseline, kept->baseline_content, kBaselineView);
    kept->coverage = sides[kSelection].CoverKept(kept->coverage, kept->content,
                                                 DiffView(options, kept->baseline));
  };
  return KeptByKey<Diff>(cache_, key, context, cover, [&]() -> absl::StatusOr<Diff> {
    DiffMaker maker(store_->dictionary(), &sides, options, context);
    FLAMEKEEP_RETURN_IF_ERROR(maker.UseTrees(&repeats_, &frame_flags_));
    return maker.Make();
  });
}

absl::StatusOr<bool> Engine::DiffIsLong(const Selection& baseline, const Selection& selection,
                                        const Context& context) const {
  for (const Selection* side : {&baseline, &selection}) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const bool is_long, IsLong(*side, nullptr, context));
    if (is_long) return true;
  }
  return false;
}

}  // namespace flamekeep::query
