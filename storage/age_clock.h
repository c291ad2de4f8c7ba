// How old what is remembered for a while has become: ids of batches, positions of clients.
//
// While the store is open a steady clock counts, so that a time of day that is set forward makes
// nothing old. While it is not, the time of day has to do; as it may be wrong when the store is
// opened again, a stop counts as at most half of the time for which things are remembered.
//
// Thread safety: values.
#ifndef FLAMEKEEP_STORAGE_AGE_CLOCK_H_
#define FLAMEKEEP_STORAGE_AGE_CLOCK_H_

#include <algorithm>

#include "absl/time/time.h"

namespace flamekeep::storage {

class AgeClock {
 public:
  // `keep`: for how long things are remembered. `last`: the latest time of this clock that is on
  // disk, InfinitePast where there is none. `now` and `steady`: both clocks at this moment.
  AgeClock(absl::Duration keep, absl::Time last, absl::Time now, absl::Time steady)
      : keep_(keep),
        begin_(last == absl::InfinitePast() ? now : std::clamp(now, last, last + keep / 2)),
        steady_(steady) {}

  // Near the time of day, and never before what is on disk.
  absl::Time At(absl::Time steady) const { return begin_ + (steady - steady_); }
  // What is from before it is over.
  absl::Time OverAt(absl::Time steady) const { return At(steady) - keep_; }

 private:
  absl::Duration keep_;
  absl::Time begin_;
  absl::Time steady_;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_AGE_CLOCK_H_
