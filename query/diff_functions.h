// Compares what each function took in two selections, from its totals in their buckets.
//
// Takes 64 bytes a frame of the store, and some more for those that occur.
//
// Thread safety: none; one thread at a time. Errors: those of the context.
#ifndef FLAMEKEEP_QUERY_DIFF_FUNCTIONS_H_
#define FLAMEKEEP_QUERY_DIFF_FUNCTIONS_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "query/context.h"
#include "query/diff.h"
#include "query/function_totals.h"
#include "query/layout.h"
#include "query/noise.h"

namespace flamekeep::query {

// Of a pair: the baseline, and what is compared with it.
inline constexpr size_t kBaseline = 0;
inline constexpr size_t kSelection = 1;
inline constexpr size_t kDiffSides = 2;
using RangeSizes = std::array<RangeSize, kDiffSides>;

// Compares one value of both sides; the verdict is still open.
Compared CompareParts(const RangeSizes& sizes, const RangePart& baseline, const RangePart& part);
// Of one of several values that were tested together: `largest` is LargestBeyondNoise() of them.
Verdict VerdictOf(const ShareDifference& share, double largest);

class DiffFunctions {
 public:
  explicit DiffFunctions(uint32_t frame_count) : frames_(frame_count) {}

  // A bucket of a side. REQUIRES: it has no more frames.
  void AddBucket(size_t side, const FunctionTotals& totals);

  uint64_t memory_bytes() const { return frames_.size() * sizeof(FrameParts); }

  // Fills the functions of `diff` and their numbers. `limit` is that of the list.
  absl::Status Finish(const RangeSizes& sizes, size_t limit, FunctionOrder by, FrameNames names,
                      const Context& context, uint64_t held_bytes, Diff* diff) const;

 private:
  struct SideParts {
    RangePart self;
    RangePart total;
  };
  using FrameParts = std::array<SideParts, kDiffSides>;

  std::vector<FrameParts> frames_;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_DIFF_FUNCTIONS_H_
