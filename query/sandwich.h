// A function between those that call it and those that it calls: two flame graphs.
//
// A stack counts once, by its outermost call of the function (the one nearest to the root): the
// callers are those on the way from there to the root, the callees all that is above it, deeper
// calls of the function itself among them. Both graphs therefore have the same total, that of the
// stacks that hold the function. An expression may match several functions; each stack then counts
// by the outermost call of any of them.
//
// Thread safety: values and functions without state; they may use a second thread.
#ifndef FLAMEKEEP_QUERY_SANDWICH_H_
#define FLAMEKEEP_QUERY_SANDWICH_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "query/context.h"
#include "query/draw_columns.h"
#include "query/flame_graph.h"
#include "query/frame_filter.h"
#include "query/frame_flags_cache.h"
#include "query/layout.h"
#include "query/selected_stacks.h"

namespace flamekeep::query {

struct SandwichOptions {
  FrameMatcher function;  // ExactMatcher() for one name
  // Of each graph; shares are of the function's total.
  double min_share = 0;
  uint32_t max_nodes = 0;
};

struct Sandwich {
  Coverage coverage;   // of the whole selection
  uint64_t total = 0;  // of the stacks that hold the function
  uint64_t self = 0;   // of the stacks that end in it
  // Without a coverage of their own. The functions that match stand on the root of both. What ends
  // in a box of the callers has no caller further up.
  FlameGraph callers;  // inverted
  FlameGraph callees;
};

absl::Status CheckOptions(const SandwichOptions& options);

// The view of a question: the options in one way of writing them.
std::string SandwichView(const SandwichOptions& options);

// What a sandwich takes.
uint64_t MemoryBytes(const Sandwich& sandwich);

// Of stacks that are loaded. Errors: DATA_LOSS, and those of the context. REQUIRES: the options
// were checked.
absl::StatusOr<Sandwich> DrawSandwich(const SelectedStacks& stacks, const SandwichOptions& options,
                                      FrameFlagsCache* flags, FrameNames names,
                                      const Context& context);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_SANDWICH_H_
