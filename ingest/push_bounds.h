// How late and how early what clients push may be, by this server's clock. Imports and Redis
// sources have no such bounds.
//
// Thread safety: values.
#ifndef FLAMEKEEP_INGEST_PUSH_BOUNDS_H_
#define FLAMEKEEP_INGEST_PUSH_BOUNDS_H_

#include <string>

#include "absl/time/time.h"
#include "ingest/reject.h"

namespace flamekeep::ingest {

struct PushBounds {
  absl::Duration max_late = absl::Hours(24 * 7);
  absl::Duration max_early = absl::Minutes(5);  // at most kMaxAhead

  // Of samples that lie somewhere in [begin, end): kTooLate where all of it is too long ago,
  // kTooEarly where all of it is too far ahead, else kNone.
  Reject Check(absl::Time begin, absl::Time end, absl::Time now) const;

  // What a client is told: RejectSentence(), with the bound where it is one of these.
  std::string Sentence(Reject reject) const;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_PUSH_BOUNDS_H_
