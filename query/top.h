// The functions of a selection with what they took: the widest ones as a table, or those whose
// names match an expression.
//
// A function that is known in two files is two rows. Totals count each sample once for each
// function that it holds, recursion once; so selves add up to the selection's total, and totals do
// not add up to anything.
//
// Thread safety: values and pure functions.
#ifndef FLAMEKEEP_QUERY_TOP_H_
#define FLAMEKEEP_QUERY_TOP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "query/context.h"
#include "query/flame_graph.h"
#include "query/frame_filter.h"
#include "query/function_totals.h"
#include "query/layout.h"

namespace flamekeep::query {

inline constexpr uint32_t kDefaultRows = 100;
inline constexpr uint32_t kMaxRows = 100'000;

struct TopOptions {
  FunctionOrder by = FunctionOrder::kSelf;
  uint32_t limit = 0;     // rows; 0: kDefaultRows
  FrameMatcher function;  // only functions that match; empty: all
};

struct FunctionRow {
  std::string function;
  std::string file;
  uint64_t self = 0;   // of the stacks that end in it
  uint64_t total = 0;  // of the stacks that hold it
};

// Rows by the value that was asked for, descending, then by function, then by file, in bytes.
struct TopTable {
  Coverage coverage;
  std::vector<FunctionRow> rows;
  // What the limit left out: rows, and the sum of their selves.
  uint64_t rows_left_out = 0;
  uint64_t self_left_out = 0;
  // Of the stacks that hold a function that matches, each counted once; the selection's total where
  // all functions were asked for.
  uint64_t matched_total = 0;
};

absl::Status CheckOptions(const TopOptions& options);

// The view of a question: the options in one way of writing them.
std::string TopView(const TopOptions& options);

// What a table takes.
uint64_t MemoryBytes(const TopTable& table);

// Fills rows and what was left out. `is_wanted`: whether a frame is one of those asked for; it is
// not asked for those that have nothing. `held_bytes` is what the query holds, with the totals.
// Errors: those of the context.
absl::Status FillRows(const FunctionTotals& totals, const TopOptions& options,
                      absl::FunctionRef<bool(uint32_t frame)> is_wanted, FrameNames names,
                      const Context& context, uint64_t held_bytes, TopTable* table);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_TOP_H_
