// The views of an Engine over functions.
#include <optional>
#include <utility>

#include "base/status.h"
#include "query/compare.h"
#include "query/engine.h"
#include "query/function_totals.h"
#include "query/kept_answer.h"
#include "query/sandwich.h"
#include "query/stack_filter.h"
#include "query/top.h"

namespace flamekeep::query {

absl::StatusOr<TopTable> Engine::MakeTop(const Selection& selection, const TopOptions& options,
                                         const Context& context) const {
  FLAMEKEEP_RETURN_IF_ERROR(CheckOptions(options));
  FLAMEKEEP_ASSIGN_OR_RETURN(SelectedStacks stacks,
                             SelectedStacks::Open(*store_, selection, context));
  const std::string view = TopView(options);
  return KeptAnswer<TopTable>(cache_, &stacks, view, context,
                              [&] { return SumTop(&stacks, options, view, context); });
}

absl::StatusOr<TopTable> Engine::SumTop(SelectedStacks* stacks, const TopOptions& options,
                                        std::string_view view, const Context& context) const {
  const storage::Dictionary& dictionary = store_->dictionary();
  const auto names = [&](storage::FrameId id) { return dictionary.frame(id); };
  FLAMEKEEP_RETURN_IF_ERROR(stacks->Load(&frame_flags_, context));
  FLAMEKEEP_ASSIGN_OR_RETURN(
      const FunctionTotals totals,
      SumFunctions(stacks->encoded(), stacks->tree(), stacks->frame_count(),
                   stacks->has_stored_tree() ? &repeats_ : nullptr, context, stacks->bytes()));
  TopTable table;
  table.matched_total = totals.sum.total;
  const uint64_t held = stacks->bytes() + totals.frames.size() * sizeof(FrameTotal);
  FrameFlagsCache::Flags flags;  // null: all frames are wanted
  if (!options.function.empty()) {
    const FrameFilter matching = {.keep = {options.function}};
    FLAMEKEEP_ASSIGN_OR_RETURN(flags,
                               frame_flags_.Get(matching, stacks->frame_count(), names, context));
    StackFilter filter(stacks->tree(), flags, matching, context, held);
    FLAMEKEEP_ASSIGN_OR_RETURN(const std::string column, filter.Apply(stacks->encoded()));
    FLAMEKEEP_ASSIGN_OR_RETURN(const storage::ColumnHeader header, storage::DecodeHeader(column));
    table.matched_total = header.total;
  }
  FLAMEKEEP_RETURN_IF_ERROR(FillRows(
      totals, options,
      [&](uint32_t frame) { return flags == nullptr || ((*flags)[frame] & kFlagKeeps) != 0; },
      names, context, held, &table));
  table.coverage = stacks->Cover(totals.sum, totals.saturated, totals.visited, view);
  return table;
}

absl::StatusOr<Sandwich> Engine::MakeSandwich(const Selection& selection,
                                              const SandwichOptions& options,
                                              const Context& context) const {
  FLAMEKEEP_RETURN_IF_ERROR(CheckOptions(options));
  FLAMEKEEP_ASSIGN_OR_RETURN(SelectedStacks stacks,
                             SelectedStacks::Open(*store_, selection, context));
  const auto make = [&]() -> absl::StatusOr<Sandwich> {
    const storage::Dictionary& dictionary = store_->dictionary();
    FLAMEKEEP_RETURN_IF_ERROR(stacks.Load(&frame_flags_, context));
    return DrawSandwich(
        stacks, options, &frame_flags_, [&](storage::FrameId id) { return dictionary.frame(id); },
        context);
  };
  return KeptAnswer<Sandwich>(cache_, &stacks, SandwichView(options), context, make);
}

absl::StatusOr<Comparison> Engine::Compare(const Selection& selection,
                                           const CompareOptions& options,
                                           const Context& context) const {
  FLAMEKEEP_RETURN_IF_ERROR(CheckOptions(options));
  FLAMEKEEP_ASSIGN_OR_RETURN(SelectedStacks stacks,
                             SelectedStacks::Open(*store_, selection, context));
  const storage::Dictionary& dictionary = store_->dictionary();
  const auto cover = [&](Comparison* kept) {
    kept->coverage = stacks.CoverKept(kept->coverage, kept->digest, CompareView(options, *kept));
  };
  return KeptByKey<Comparison>(
      cache_, stacks.StampedKey(CompareView(options)), context, cover, [&] {
        return CompareStacks(
            &stacks, store_->Series(), options, &frame_flags_,
            [&](storage::FrameId id) { return dictionary.frame(id); }, context);
      });
}

}  // namespace flamekeep::query
