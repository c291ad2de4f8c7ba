// The memory that all queries and the cache of answers may take together, counted as it is taken.
//
// Thread safety: all methods. A budget must outlive what takes from it.
#ifndef FLAMEKEEP_QUERY_MEMORY_BUDGET_H_
#define FLAMEKEEP_QUERY_MEMORY_BUDGET_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>

#include "base/metrics.h"

namespace flamekeep::query {

class MemoryBudget {
 public:
  // `in_use`: shown there, may be null.
  explicit MemoryBudget(uint64_t bytes, Gauge* in_use = nullptr) : bytes_(bytes), gauge_(in_use) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  // Called with the bytes that are missing where a query needs more than is left: gives back what
  // can be done without. To be set before the first query.
  void SetReclaim(std::function<void(uint64_t missing)> reclaim) { reclaim_ = std::move(reclaim); }

  // False where so much is not left, after what could be reclaimed.
  [[nodiscard]] bool Take(uint64_t bytes);
  // The same without reclaiming: for what can be done without.
  [[nodiscard]] bool TakeUnused(uint64_t bytes);
  void Give(uint64_t bytes);

  uint64_t bytes() const { return bytes_; }
  uint64_t in_use() const { return in_use_.load(std::memory_order_relaxed); }

 private:
  void Show() const {
    if (gauge_ != nullptr) gauge_->Set(static_cast<double>(in_use()));
  }

  const uint64_t bytes_;
  Gauge* const gauge_;
  std::function<void(uint64_t)> reclaim_;
  std::atomic<uint64_t> in_use_ = 0;
};

// What one query has taken of a budget: it keeps the most that it ever needed until it ends.
class MemoryCharge {
 public:
  explicit MemoryCharge(MemoryBudget* budget) : budget_(budget) {}
  ~MemoryCharge() { budget_->Give(taken_.load()); }
  MemoryCharge(const MemoryCharge&) = delete;
  MemoryCharge& operator=(const MemoryCharge&) = delete;

  // Takes what is missing to hold `bytes` in all; false where that is not left.
  [[nodiscard]] bool RaiseTo(uint64_t bytes);

  const MemoryBudget& budget() const { return *budget_; }

 private:
  MemoryBudget* const budget_;
  std::atomic<uint64_t> taken_ = 0;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_MEMORY_BUDGET_H_
