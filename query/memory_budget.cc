#include "query/memory_budget.h"

namespace flamekeep::query {

bool MemoryBudget::TakeUnused(uint64_t bytes) {
  uint64_t used = in_use_.load();
  do {
    if (bytes > bytes_ || used > bytes_ - bytes) return false;
  } while (!in_use_.compare_exchange_weak(used, used + bytes));
  Show();
  return true;
}

bool MemoryBudget::Take(uint64_t bytes) {
  if (TakeUnused(bytes)) return true;
  if (bytes > bytes_ || reclaim_ == nullptr) return false;
  const uint64_t used = in_use();
  const uint64_t left = bytes_ - bytes;
  if (used > left) reclaim_(used - left);
  return TakeUnused(bytes);
}

void MemoryBudget::Give(uint64_t bytes) {
  in_use_.fetch_sub(bytes);
  Show();
}

bool MemoryCharge::RaiseTo(uint64_t bytes) {
  uint64_t taken = taken_.load();
  while (bytes > taken) {
    const uint64_t missing = bytes - taken;
    if (!budget_->Take(missing)) return false;
    if (taken_.compare_exchange_strong(taken, bytes)) return true;
    budget_->Give(missing);
  }
  return true;
}

}  // namespace flamekeep::query
