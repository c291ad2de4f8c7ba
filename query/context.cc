#include "query/context.h"

#include "base/status.h"
#include "base/steady_clock.h"

namespace flamekeep::query {

absl::Status Context::Check() const {
  if (cancelled && cancelled()) return absl::CancelledError("the query was cancelled");
  if (deadline != absl::InfiniteFuture() && SteadyNow() >= deadline) {
    return absl::DeadlineExceededError(
        "the query did not finish before its deadline: give it more time or a shorter range");
  }
  return absl::OkStatus();
}

absl::Status Context::CheckMemory(uint64_t bytes) const {
  if (bytes > memory_bytes) {
    return Error(absl::StatusCode::kResourceExhausted,
                 "the query needs more than its {} MiB of memory: ask for a shorter range, for one "
                 "site or with a narrower selector, or raise limits.query_memory",
                 memory_bytes >> 20);
  }
  if (charge != nullptr && !charge->RaiseTo(bytes)) {
    return Error(absl::StatusCode::kResourceExhausted,
                 "all queries together need more than their {} MiB of memory: try again later, ask "
                 "for a shorter range, for one site or with a narrower selector, or raise "
                 "limits.all_queries_memory",
                 charge->budget().bytes() >> 20);
  }
  return absl::OkStatus();
}

}  // namespace flamekeep::query
