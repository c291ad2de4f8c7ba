#include "query/noise.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/policies/policy.hpp>
#include <cmath>

#include "storage/column.h"

namespace flamekeep::query {
namespace {

namespace policies = boost::math::policies;

// No exceptions: what can not be told is NaN.
using QuietPolicy = policies::policy<policies::domain_error<policies::ignore_error>,
                                     policies::overflow_error<policies::ignore_error>,
                                     policies::evaluation_error<policies::ignore_error>,
                                     policies::rounding_error<policies::ignore_error>,
                                     policies::promote_double<false>>;

// Counts of samples and their dispersion against a binomial count.
struct Counted {
  double count = 0;
  double of = 0;
  double excess = 0;   // sum of the buckets' squared deviations in units of the binomial variance
  double buckets = 0;  // as many as there are
  double equal = 0;    // as many of equal size would tell as much
};

Counted CountSamples(const RangeSize& size, const RangePart& part) {
  Counted counted;
  counted.count = static_cast<double>(part.value) / size.sample;
  counted.of = size.total / size.sample;
  counted.buckets = size.buckets;
  counted.equal = size.total * size.total / size.squares;
  const double share = counted.count / counted.of;
  const double variance = share * (1 - share);
  if (variance > 0) {
    const double deviation = part.spread / size.sample - counted.count * share;
    counted.excess = std::max(0.0, deviation) / variance;
  }
  return counted;
}

// Of the smoothed share.
double Variance(const Counted& counted, double pooled_dispersion) {
  const double own = counted.excess / (counted.buckets - 1);
  const double dispersion = std::max({1.0, own, pooled_dispersion});
  const double clustered = 1 + (dispersion - 1) * counted.buckets / counted.equal;
  const double share = (counted.count + 1) / (counted.of + 2);
  return clustered * share * (1 - share) / (counted.of + 2);
}

double SmoothedShare(const Counted& counted) { return (counted.count + 1) / (counted.of + 2); }

// One at least, also where a bucket holds nearly everything.
double DegreesOfFreedom(const Counted& counted) { return std::max(1.0, counted.equal - 1); }

double TwoSidedP(double t, double degrees_of_freedom) {
  const boost::math::students_t_distribution<double, QuietPolicy> distribution(degrees_of_freedom);
  const double p = 2 * boost::math::cdf(boost::math::complement(distribution, std::abs(t)));
  return std::isnan(p) ? 1 : std::clamp(p, 0.0, 1.0);
}

}  // namespace

void RangeSize::AddBucket(uint64_t bucket_total) {
  if (bucket_total == 0) return;
  const auto value = static_cast<double>(bucket_total);
  ++buckets;
  total += value;
  squares += value * value;
}

void RangePart::Add(uint64_t bucket_value, uint64_t bucket_total) {
  if (bucket_value == 0) return;
  bool saturated = false;
  value = storage::SaturatingAdd(value, bucket_value, &saturated);
  const auto part = static_cast<double>(bucket_value);
  spread += part * (part / static_cast<double>(bucket_total));
}

double ShareOf(uint64_t value, double total) {
  return total > 0 ? static_cast<double>(value) / total : 0;
}

ShareDifference CompareShares(const RangeSize& baseline_size, const RangePart& baseline,
                              const RangeSize& size, const RangePart& part) {
  ShareDifference result;
  result.difference =
      ShareOf(part.value, size.total) - ShareOf(baseline.value, baseline_size.total);
  if (!baseline_size.enough() || !size.enough()) return result;
  const Counted before = CountSamples(baseline_size, baseline);
  const Counted after = CountSamples(size, part);
  if (before.count + after.count < kLeastSamples) return result;
  const double pooled = (before.excess + after.excess) / (before.buckets + after.buckets - 2);
  const double before_variance = Variance(before, pooled);
  const double after_variance = Variance(after, pooled);
  const double variance = before_variance + after_variance;
  if (!(variance > 0)) return result;
  result.tested = true;
  result.standard_error = std::sqrt(variance);
  const double t = (SmoothedShare(after) - SmoothedShare(before)) / result.standard_error;
  const double degrees_of_freedom = variance * variance /
                                    (before_variance * before_variance / DegreesOfFreedom(before) +
                                     after_variance * after_variance / DegreesOfFreedom(after));
  result.p_value = TwoSidedP(t, degrees_of_freedom);
  return result;
}

double LargestBeyondNoise(absl::Span<const double> p_values) {
  const auto count = static_cast<double>(p_values.size());
  for (size_t i = p_values.size(); i-- > 0;) {
    if (p_values[i] <= kFalseDiscoveryRate * static_cast<double>(i + 1) / count) return p_values[i];
  }
  return -1;
}

}  // namespace flamekeep::query
