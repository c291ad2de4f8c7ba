// Tells differences between shares from noise.
//
// The samples of one request are not independent of each other, so a share varies more than the
// number of samples says. How much more is seen between the buckets of a range: a share's variance
// is that of a binomial count times a dispersion, which is estimated from its parts in the buckets
// (quasi-binomial), and is never taken for less than 1, nor than that of both ranges together. What
// it has above 1 counts more where a few buckets hold most of the samples. Shares of few samples
// are moved towards the middle (Agresti and Caffo: a success and a failure more). The difference is
// then tested with Welch's t, whose degrees of freedom come from the number of buckets, and of all
// tests together with Benjamini and Hochberg's procedure.
//
// Values are turned into numbers of samples by what one sample is worth: 1 where they are counts,
// else the range's mean value.
//
// Thread safety: values and pure functions.
#ifndef FLAMEKEEP_QUERY_NOISE_H_
#define FLAMEKEEP_QUERY_NOISE_H_

#include <cstdint>

#include "absl/types/span.h"

namespace flamekeep::query {

// With fewer buckets that hold samples there is no telling.
inline constexpr uint32_t kLeastBuckets = 5;
// A share that had fewer samples in both ranges together is not tested: it could tell nothing, and
// would only make the other tests stricter.
inline constexpr double kLeastSamples = 10;
// Of the differences that are said to be beyond noise, at most so many are noise on the average.
inline constexpr double kFalseDiscoveryRate = 0.05;

// A range: what its shares are shares of.
struct RangeSize {
  uint32_t buckets = 0;  // that hold samples
  double total = 0;      // of all values
  double squares = 0;    // of the buckets' totals
  double sample = 1;     // what a sample is worth

  void AddBucket(uint64_t bucket_total);
  bool enough() const { return buckets >= kLeastBuckets; }
};

// What a function or a stack has of a range.
struct RangePart {
  uint64_t value = 0;  // saturates
  double spread = 0;   // sum over the buckets of its value squared by the bucket's total

  // REQUIRES: the bucket was added to the range's size.
  void Add(uint64_t bucket_value, uint64_t bucket_total);
};

struct ShareDifference {
  double difference = 0;      // of the shares: positive where it grew
  double standard_error = 0;  // of the difference; 0 where it was not tested
  double p_value = 1;         // how likely noise alone makes such a difference or a larger one
  bool tested = false;        // there were buckets and samples enough
};

double ShareOf(uint64_t value, double total);  // 0 of nothing

ShareDifference CompareShares(const RangeSize& baseline_size, const RangePart& baseline,
                              const RangeSize& size, const RangePart& part);

// The largest of the p values that stands for a difference beyond noise, at kFalseDiscoveryRate for
// all tests together; below 0 where none does. REQUIRES: they ascend.
double LargestBeyondNoise(absl::Span<const double> p_values);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_NOISE_H_
