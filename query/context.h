// What bounds one query: its deadline, whether its caller still waits, and its memory.
//
// Thread safety: const methods, when `cancelled` may be called from several threads.
// Errors: DEADLINE_EXCEEDED, CANCELLED, RESOURCE_EXHAUSTED.
#ifndef FLAMEKEEP_QUERY_CONTEXT_H_
#define FLAMEKEEP_QUERY_CONTEXT_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "query/memory_budget.h"

namespace flamekeep::query {

struct Context {
  absl::Time deadline = absl::InfiniteFuture();  // of SteadyNow()
  // Asked often: must be cheap. Empty: nobody cancels.
  std::function<bool()> cancelled;
  // Enforced on what a query holds: columns, sums that wait for their turn, boxes, lines.
  uint64_t memory_bytes = uint64_t{512} << 20;
  // What the query has of the budget that all share. Null: that does not bound it.
  std::shared_ptr<MemoryCharge> charge;

  // OK while the query may go on.
  absl::Status Check() const;
  // OK while `bytes`, all that the query holds, are within the budgets; takes them.
  absl::Status CheckMemory(uint64_t bytes) const;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_CONTEXT_H_
