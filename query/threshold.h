// Which boxes are wide enough to be drawn.
//
// Thread safety: pure functions; a RisingCut is of one thread at a time.
#ifndef FLAMEKEEP_QUERY_THRESHOLD_H_
#define FLAMEKEEP_QUERY_THRESHOLD_H_

#include <algorithm>
#include <bit>
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

// A cut that rises as totals come, so that what is left out in the end is mostly not taken in at
// all. It is never above CutForCount() of all totals that came, and less than a part in 256 below.
// Adding a total costs a counter; 60 KB.
class RisingCut {
 public:
  // Leaves at least `max` totals above it. It begins at `cut`.
  RisingCut(size_t max, uint64_t cut);

  uint64_t cut() const { return cut_; }

  // REQUIRES: total > cut().
  void Add(uint64_t total) {
    ++counts_[BucketOf(total)];
    if (++above_ > max_) [[unlikely]] {
      Raise();
    }
  }

 private:
  // A total's first bits: those below kExact have a bucket each.
  static constexpr uint32_t kBits = 8;
  static constexpr uint64_t kExact = uint64_t{2} << kBits;
  static constexpr size_t kBuckets = ((64 - kBits) << kBits) + (size_t{1} << kBits);

  static size_t BucketOf(uint64_t total) {
    const int shift = std::max(static_cast<int>(std::bit_width(total)) - int{kBits} - 1, 0);
    return (static_cast<size_t>(shift) << kBits) + static_cast<size_t>(total >> shift);
  }
  // The largest total of a bucket.
  static uint64_t LastOf(size_t bucket);
  void Raise();

  size_t max_;
  uint64_t cut_;
  uint64_t above_ = 0;  // totals above the cut, so far
  size_t lowest_;       // the bucket of the lowest total above the cut
  std::vector<uint32_t> counts_;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_THRESHOLD_H_
