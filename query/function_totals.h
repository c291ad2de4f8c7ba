// What each function of the selected stacks took: by itself, and with all that it called. A
// function counts once for each stack that holds it, however often it calls itself there.
//
// One pass over the stack tree (fold_pass.h): a frame's total is the sum of the totals of those of
// its nodes that have no ancestor with the same frame (repeats.h). Memory is 16 bytes a frame of
// the store besides that of the pass.
//
// Thread safety: a pure function but for the table; it may use a second thread.
// Errors: DATA_LOSS (damaged columns or tree), and those of the context.
#ifndef FLAMEKEEP_QUERY_FUNCTION_TOTALS_H_
#define FLAMEKEEP_QUERY_FUNCTION_TOTALS_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "query/context.h"
#include "query/repeats.h"
#include "storage/column.h"
#include "storage/stack_tree_view.h"

namespace flamekeep::query {

struct FrameTotal {
  uint64_t self = 0;   // of the stacks that end in the frame
  uint64_t total = 0;  // of the stacks that hold it; saturates

  bool operator==(const FrameTotal&) const = default;
};

// Which of the two values functions are ordered by.
enum class FunctionOrder { kSelf, kTotal };

struct FunctionTotals {
  storage::ColumnHeader sum;       // of all columns' headers
  std::vector<FrameTotal> frames;  // by FrameId
  uint64_t visited = 0;            // nodes met, the root included
  bool saturated = false;
};

// `frame_count` bounds the tree's frames. `known`: what is known of the tree's repeats; null where
// the tree is of this query alone. `held_bytes` is what the query holds besides. `threaded`:
// whether to use a second thread; unset: where it pays.
absl::StatusOr<FunctionTotals> SumFunctions(absl::Span<const std::string_view> columns,
                                            const storage::StackTreeView& tree,
                                            uint32_t frame_count, RepeatTable* known,
                                            const Context& context, uint64_t held_bytes = 0,
                                            std::optional<bool> threaded = std::nullopt);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_FUNCTION_TOTALS_H_
