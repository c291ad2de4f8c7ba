// Leaves the boxes that are drawn of those that were made so far.
//
// Thread safety: a pure function.
#ifndef FLAMEKEEP_QUERY_WIDE_BOXES_H_
#define FLAMEKEEP_QUERY_WIDE_BOXES_H_

#include <cstdint>
#include <limits>
#include <vector>

#include "query/layout.h"

namespace flamekeep::query {

inline constexpr uint32_t kGoneBox = std::numeric_limits<uint32_t>::max();

// Takes out the boxes that are not above `cut`, but for the root. Returns where each box went, or
// kGoneBox. REQUIRES: no box has a smaller total than one that stands on it.
inline std::vector<uint32_t> KeepWideBoxes(uint64_t cut, std::vector<Box>* boxes) {
  std::vector<uint32_t> moved(boxes->size(), kGoneBox);
  uint32_t kept = 0;
  for (uint32_t i = 0; i < boxes->size(); ++i) {
    const Box box = (*boxes)[i];
    if (i != 0 && box.total <= cut) continue;
    moved[i] = kept;
    (*boxes)[kept++] = {moved[box.parent], box.frame, box.total, box.self};
  }
  boxes->resize(kept);
  return moved;
}

// The totals of all boxes but the root.
inline std::vector<uint64_t> TotalsAboveRoot(const std::vector<Box>& boxes) {
  std::vector<uint64_t> totals;
  totals.reserve(boxes.size());
  for (size_t i = 1; i < boxes.size(); ++i) totals.push_back(boxes[i].total);
  return totals;
}

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_WIDE_BOXES_H_
