// How long to wait before trying again: exponential, with full jitter, so that many clients of a
// server that comes back do not come back together.
//
// Thread safety: none.
#ifndef FLAMEKEEP_INGEST_BACKOFF_H_
#define FLAMEKEEP_INGEST_BACKOFF_H_

#include <algorithm>
#include <random>

#include "absl/time/time.h"

namespace flamekeep::ingest {

class Backoff {
 public:
  Backoff(absl::Duration first, absl::Duration longest)
      : first_(first), longest_(longest), bound_(first), random_(std::random_device()()) {}

  // Anything from zero up to a bound that doubles from call to call.
  absl::Duration Next() {
    const double part = std::uniform_real_distribution<double>(0, 1)(random_);
    const absl::Duration wait = bound_ * part;
    bound_ = std::min(bound_ * 2, longest_);
    return wait;
  }
  void Reset() { bound_ = first_; }
  absl::Duration bound() const { return bound_; }

 private:
  const absl::Duration first_;
  const absl::Duration longest_;
  absl::Duration bound_;
  std::minstd_rand random_;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_BACKOFF_H_
