// A selection, or a function in it, across the values of a label: versions, sites, entry points.
//
// Thread safety: values and functions without state; they may use a second thread.
#ifndef FLAMEKEEP_QUERY_COMPARE_H_
#define FLAMEKEEP_QUERY_COMPARE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "query/context.h"
#include "query/flame_graph.h"
#include "query/frame_filter.h"
#include "query/frame_flags_cache.h"
#include "query/layout.h"
#include "query/selected_stacks.h"
#include "storage/registry.h"

namespace flamekeep::query {

struct CompareOptions {
  std::string label;      // or "site"
  FrameMatcher function;  // empty: the stacks as a whole
  uint32_t limit = 0;     // rows; 0: kDefaultRows of top.h
};

struct CompareRow {
  std::string value;          // of the label; empty for series that lack it
  uint64_t observations = 0;  // before the frame filter
  uint64_t total = 0;
  uint64_t function_total = 0;  // of the stacks that hold the function; `total` where none is given
};

// Rows with samples, by total descending, then by value in bytes.
struct Comparison {
  Coverage coverage;
  std::vector<CompareRow> rows;
  // What the limit left out: rows, and the sums of their totals.
  uint64_t rows_left_out = 0;
  uint64_t total_left_out = 0;
  uint64_t function_total_left_out = 0;
  storage::Digest digest = 0;  // of the samples as they are stored
};

absl::Status CheckOptions(const CompareOptions& options);

// The view of a question: the options in one way of writing them.
std::string CompareView(const CompareOptions& options);

// The view of an answer: the same samples may belong to other values.
std::string CompareView(const CompareOptions& options, const Comparison& comparison);

// What a comparison takes.
uint64_t MemoryBytes(const Comparison& comparison);

// Of stacks that are opened. `series`: all of the store, by id. Errors: NOT_FOUND where none of the
// selected series has the label; the message lists those that there are. DATA_LOSS, and those of
// the context. REQUIRES: the options were checked.
absl::StatusOr<Comparison> CompareStacks(SelectedStacks* stacks,
                                         absl::Span<const storage::SeriesKey> series,
                                         const CompareOptions& options, FrameFlagsCache* flags,
                                         FrameNames names, const Context& context);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_COMPARE_H_
