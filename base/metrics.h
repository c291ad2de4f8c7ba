// Named counters and gauges: whatever is dropped, rejected, repaired or waiting is a row here, and
// each row reaches `flamekeep status` and /metrics.
//
// Thread safety: all of it. A Counter or Gauge reference stays valid as long as its Metrics.
#ifndef FLAMEKEEP_BASE_METRICS_H_
#define FLAMEKEEP_BASE_METRICS_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace flamekeep {

enum class Severity {
  kInfo,   // work done: nothing is wrong
  kLoss,   // samples or part of their content did not reach the store
  kError,  // something failed and was, or will be, tried again
};

class Counter {
 public:
  void Add(uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class Gauge {
 public:
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }
  void Add(double delta) { value_.fetch_add(delta, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

class Metrics {
 public:
  // Prometheus label pairs, in the order in which they are shown.
  using Labels = std::vector<std::pair<std::string, std::string>>;

  struct Row {
    std::string name;  // without the "flamekeep_" prefix, for example "ingest_lines_total"
    Labels labels;
    Severity severity;
    std::string sentence;  // what the row counts, for people
    bool is_counter;       // else a gauge
    double value;
  };

  // Finds or makes the row (name, labels). Counters are named `..._total`. The severity and the
  // sentence of the first call stay.
  Counter& GetCounter(std::string_view name, Severity severity, std::string_view sentence,
                      const Labels& labels = {});
  Gauge& GetGauge(std::string_view name, std::string_view sentence, const Labels& labels = {});

  // All rows, ordered by name and labels.
  std::vector<Row> Rows() const;

 private:
  struct Entry {
    Severity severity = Severity::kInfo;
    std::string sentence;
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Gauge> gauge;
  };
  Entry& GetEntry(std::string_view name, const Labels& labels, Severity severity,
                  std::string_view sentence) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  std::map<std::pair<std::string, Labels>, Entry> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flamekeep

#endif  // FLAMEKEEP_BASE_METRICS_H_
