// Times of repeated runs.
//
// Thread safety: values.
#ifndef FLAMEKEEP_BENCH_SUPPORT_TIMING_H_
#define FLAMEKEEP_BENCH_SUPPORT_TIMING_H_

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <vector>

namespace flamekeep::bench {

class Stopwatch {
 public:
  double Milliseconds() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_)
        .count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Of times in any order.
struct Timing {
  std::vector<double> milliseconds;

  // The smallest time that this share of the runs did not exceed. REQUIRES: there is a run.
  double Percentile(double share) const {
    std::vector<double> sorted = milliseconds;
    std::sort(sorted.begin(), sorted.end());
    const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(sorted.size())));
    return sorted[std::max<size_t>(rank, 1) - 1];
  }
  double p50() const { return Percentile(0.5); }
  double p99() const { return Percentile(0.99); }
  double best() const { return Percentile(0); }
};

// Calls `run` so many times.
template <typename Run>
Timing Measure(size_t runs, Run&& run) {
  Timing timing;
  for (size_t i = 0; i < runs; ++i) {
    const Stopwatch stopwatch;
    run();
    timing.milliseconds.push_back(stopwatch.Milliseconds());
  }
  return timing;
}

}  // namespace flamekeep::bench

#endif  // FLAMEKEEP_BENCH_SUPPORT_TIMING_H_
