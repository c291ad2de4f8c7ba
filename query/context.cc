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
  if (bytes <= memory_bytes) return absl::OkStatus();
  return Error(
      absl::StatusCode::kResourceExhausted,
      "the query needs more than its {} MiB of memory: ask for a shorter range or fewer series",
      memory_bytes >> 20);
}

}  // namespace flamekeep::query
