// Which boxes are wide enough to be drawn.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_QUERY_THRESHOLD_H_
#define FLAMEKEEP_QUERY_THRESHOLD_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace flamekeep::query {

// A box is drawn where its total is above a cut. The root is drawn always.

// The cut that leaves out what is narrower than `min_share` of `total`. REQUIRES: 0 <= min_share
// <= 1.
uint64_t CutForShare(double min_share, uint64_t total);

// The lowest cut that leaves at most `max` of `totals` above it, and at least `cut`. Equal totals
// stay or go together. Reorders `totals`.
uint64_t CutForCount(std::vector<uint64_t>& totals, size_t max, uint64_t cut);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_THRESHOLD_H_
