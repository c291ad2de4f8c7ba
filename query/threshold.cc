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

RisingCut::RisingCut(size_t max, uint64_t cut)
    : max_(max),
      cut_(cut),
      lowest_(BucketOf(cut == UINT64_MAX ? cut : cut + 1)),
      counts_(kBuckets) {}

uint64_t RisingCut::LastOf(size_t bucket) {
  if (bucket < kExact) return bucket;
  const size_t shift = (bucket >> kBits) - 1;
  return ((bucket - (shift << kBits) + 1) << shift) - 1;
}

// While more than `max` are above the cut, the first one to be left out is in the lowest bucket or
// above it. Of a bucket with several totals it is not known which one it is.
void RisingCut::Raise() {
  while (above_ > max_ && lowest_ + 1 < kBuckets) {
    const uint64_t rest = above_ - counts_[lowest_];
    if (lowest_ >= kExact && rest <= max_) return;
    above_ = rest;
    cut_ = LastOf(lowest_++);
  }
}

}  // namespace flamekeep::query
