#include "query/sandwich.h"

#include <utility>

#include "base/status.h"
#include "query/content.h"
#include "query/stack_filter.h"

namespace flamekeep::query {
namespace {

using storage::StackTreeView;

// The stacks that hold the function, from it downward or up to it.
struct SandwichHalf {
  std::string column;
  StackTreeView tree;
  uint64_t bytes = 0;
};

absl::StatusOr<SandwichHalf> CutStacks(const SelectedStacks& stacks, const FrameFilter& filter,
                                       FrameFlagsCache::Flags flags, const Context& context) {
  StackFilter cut(stacks.tree(), std::move(flags), filter, context, stacks.bytes());
  SandwichHalf half;
  FLAMEKEEP_ASSIGN_OR_RETURN(half.column, cut.Apply(stacks.encoded()));
  half.tree = cut.tree();
  half.bytes = half.column.size() + cut.tree_bytes();
  return half;
}

// Of the stacks that end in a frame that matches.
absl::StatusOr<uint64_t> SelfInHalf(const SandwichHalf& callees,
                                    const FrameFlagsCache::Flags& flags, const Context& context) {
  uint64_t self = 0;
  bool saturated = false;
  storage::ColumnReader reader;
  FLAMEKEEP_RETURN_IF_ERROR(reader.Open(callees.column));
  while (reader.Next()) {
    FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    for (size_t i = 0; i < reader.size(); ++i) {
      const uint32_t frame = Raw(callees.tree.frame(storage::StackId{reader.stacks()[i]}));
      if (frame >= flags->size() || ((*flags)[frame] & kFlagFocus) == 0) continue;
      self = storage::SaturatingAdd(self, reader.value(i), &saturated);
    }
  }
  FLAMEKEEP_RETURN_IF_ERROR(reader.status());
  return self;
}

FlameGraphOptions HalfOptions(const SandwichOptions& options, bool inverted) {
  return {.inverted = inverted, .min_share = options.min_share, .max_nodes = options.max_nodes};
}

}  // namespace

absl::Status CheckOptions(const SandwichOptions& options) {
  FLAMEKEEP_RETURN_IF_ERROR(CheckMatcher(options.function, "function"));
  return CheckOptions(HalfOptions(options, /*inverted=*/false));
}

std::string SandwichView(const SandwichOptions& options) {
  return fmt::format("sandwich,{},{}", FilterName({.focus = options.function}),
                     GraphView(HalfOptions(options, /*inverted=*/false)));
}

uint64_t MemoryBytes(const Sandwich& sandwich) {
  return sizeof(Sandwich) + MemoryBytes(sandwich.callers) + MemoryBytes(sandwich.callees);
}

absl::StatusOr<Sandwich> DrawSandwich(const SelectedStacks& stacks, const SandwichOptions& options,
                                      FrameFlagsCache* flags_cache, FrameNames names,
                                      const Context& context) {
  const auto flags_of = [&](const FrameFilter& filter) {
    return flags_cache->Get(filter, stacks.frame_count(), names, context);
  };
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::ColumnHeader sum, SumHeaders(stacks.encoded()));
  Sandwich sandwich;
  uint64_t visited = 0;
  bool saturated = false;
  const auto draw = [&](const SandwichHalf& half, bool inverted) -> absl::StatusOr<FlameGraph> {
    FLAMEKEEP_ASSIGN_OR_RETURN(
        DrawnColumns drawn,
        DrawColumns({half.column}, half.tree, stacks.frame_count(), HalfOptions(options, inverted),
                    names, context, stacks.bytes() + half.bytes + MemoryBytes(sandwich.callees)));
    visited += drawn.visited;
    saturated |= drawn.saturated;
    return std::move(drawn.graph);
  };
  {
    const FrameFilter below = {.focus = options.function};
    FLAMEKEEP_ASSIGN_OR_RETURN(const FrameFlagsCache::Flags flags, flags_of(below));
    FLAMEKEEP_ASSIGN_OR_RETURN(const SandwichHalf callees,
                               CutStacks(stacks, below, flags, context));
    FLAMEKEEP_ASSIGN_OR_RETURN(const storage::ColumnHeader header,
                               storage::DecodeHeader(callees.column));
    sandwich.total = header.total;
    FLAMEKEEP_ASSIGN_OR_RETURN(sandwich.self, SelfInHalf(callees, flags, context));
    FLAMEKEEP_ASSIGN_OR_RETURN(sandwich.callees, draw(callees, /*inverted=*/false));
  }
  const FrameFilter above = {.until = options.function};
  FLAMEKEEP_ASSIGN_OR_RETURN(const FrameFlagsCache::Flags flags, flags_of(above));
  FLAMEKEEP_ASSIGN_OR_RETURN(const SandwichHalf callers, CutStacks(stacks, above, flags, context));
  FLAMEKEEP_ASSIGN_OR_RETURN(sandwich.callers, draw(callers, /*inverted=*/true));
  sandwich.coverage = stacks.Cover(sum, sum.saturated || saturated, visited, SandwichView(options));
  return sandwich;
}

}  // namespace flamekeep::query
