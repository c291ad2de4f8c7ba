// Times and durations as people write them on a command line, and as messages show them.
//
// Accepted by ParseTime(); a time without an offset is UTC:
//
//   2026-11-20T13:00:00Z  2026-11-20T15:00:00.5+02:00   RFC 3339
//   2026-11-20  2026-11-20T13:00  2026-11-20 13:00:30   parts left out are zero
//   now  now-24h  now-1d12h  now+5m                     units s, m, h, d (24 h), w (7 d)
//   1795222421                                          seconds since 1970, 9 to 11 digits
//
// Errors: INVALID_ARGUMENT names the text and shows what can be written.
#ifndef FLAMEKEEP_BASE_TIME_PARSE_H_
#define FLAMEKEEP_BASE_TIME_PARSE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace flamekeep {

absl::StatusOr<absl::Time> ParseTime(std::string_view text, absl::Time now);

// "2026-11-20T13:00Z"; seconds and fractions only where they are not zero.
std::string TimeText(absl::Time time);

// For people, two units at most: "250ms", "41s", "2h 5m", "14d 3h".
std::string RoundedDurationText(absl::Duration duration);

}  // namespace flamekeep

#endif  // FLAMEKEEP_BASE_TIME_PARSE_H_
