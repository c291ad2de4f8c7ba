#include "query/threshold.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace flamekeep::query {

uint64_t CutForShare(double min_share, uint64_t total) {
  const double least = std::ceil(min_share * static_cast<double>(total));
  if (least <= 1) return 0;
  // A total near 2^64 may be rounded up to it: what stands at the limit is drawn all the same.
  if (least >= 0x1p64) return total - 1;
  return std::min(static_cast<uint64_t>(least), total) - 1;
}

uint64_t CutForCount(std::vector<uint64_t>& totals, size_t max, uint64_t cut) {
  if (totals.size() <= max) return cut;
  const auto first_out = totals.begin() + static_cast<std::ptrdiff_t>(max);
  std::nth_element(totals.begin(), first_out, totals.end(), std::greater<>());
  return std::max(cut, *first_out);
}

}  // namespace flamekeep::query
