// How long something takes or may take. absl::Now() is the time of day, which people and daemons
// set forward and back: a pause measured with it can last for hours.
#ifndef FLAMEKEEP_BASE_STEADY_CLOCK_H_
#define FLAMEKEEP_BASE_STEADY_CLOCK_H_

#include <chrono>

#include "absl/time/time.h"

namespace flamekeep {

// Never goes back. Only to be compared with other values of this function: it is no time of day.
inline absl::Time SteadyNow() {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace flamekeep

#endif  // FLAMEKEEP_BASE_STEADY_CLOCK_H_
