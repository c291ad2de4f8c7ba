#include "query/sandwich.h"

#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "query/content.h"
#include "query/merge_columns.h"
#include "storage/column.h"

namespace flamekeep::query {
namespace {

// The stacks that end where the function is called, as a column.
std::string CallersColumn(const std::vector<std::pair<uint32_t, uint64_t>>& entries) {
  storage::ColumnWriter writer;
  for (size_t i = entries.size(); i-- > 0;) writer.Add(entries[i].first, entries[i].second);
  return writer.Finish({});
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
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::ColumnHeader sum, SumHeaders(stacks.encoded()));
  ShownFrames below = {.filter = {.focus = options.function}, .flags = nullptr};
  FLAMEKEEP_ASSIGN_OR_RETURN(below.flags,
                             flags_cache->Get(below.filter, stacks.frame_count(), names, context));
  Merged merged;
  FLAMEKEEP_ASSIGN_OR_RETURN(
      DrawnColumns callees,
      DrawShownFrames(stacks.encoded(), stacks.tree(), below, stacks.frame_count(),
                      HalfOptions(options, /*inverted=*/false), names, context, stacks.bytes(),
                      &merged));
  Sandwich sandwich;
  sandwich.total = merged.sum.total;
  sandwich.self = merged.focus_self;
  sandwich.callees = std::move(callees.graph);
  const std::string column = CallersColumn(merged.entries);
  merged = {};
  FLAMEKEEP_ASSIGN_OR_RETURN(
      DrawnColumns callers,
      DrawColumns({column}, stacks.tree(), stacks.frame_count(),
                  HalfOptions(options, /*inverted=*/true), names, context,
                  stacks.bytes() + column.size() + MemoryBytes(sandwich.callees)));
  sandwich.callers = std::move(callers.graph);
  const uint64_t visited = callees.visited + callers.visited;
  const bool saturated = callees.saturated || callers.saturated;
  sandwich.coverage = stacks.Cover(sum, sum.saturated || saturated, visited, SandwichView(options));
  return sandwich;
}

}  // namespace flamekeep::query
