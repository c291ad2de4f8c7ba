// Why a line was not taken in, and the counters that say so.
//
//   flamekeep_ingest_rejected_lines_total{site="eqiad",source="excimer",reason="no_count"}
//
// Thread safety: all of it.
#ifndef FLAMEKEEP_INGEST_REJECT_H_
#define FLAMEKEEP_INGEST_REJECT_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/metrics.h"

namespace flamekeep::ingest {

enum class Reject : uint8_t {
  kNone,            // taken in
  kTooLong,         // over kMaxLineBytes
  kNoCount,         // no number behind the last space
  kBadCount,        // starts as a number, but is negative, broken or not whole
  kZeroCount,       // counts nothing
  kHugeCount,       // over 2^64 - 1
  kNoFrames,        // nothing before the count
  kNoTime,          // timed lines: no microseconds before the first tab
  kTimeOutOfRange,  // timed lines: a time that can not be stored
  kTooLate,         // pushed: longer ago than push.max_late
  kTooEarly,        // pushed: further ahead than push.max_early
  kFinal,           // pushed: in a range that live sources have made final
  kNoChannel,       // timed lines: no channel, or one that is no profile type
  kTooManyTypes,    // more profile types than a site may have
  kNoStack,         // entries of a stream: no field `stack`
  kBadLabels,       // entries of a stream: a field `labels` that is not name=value,name=value
  kNegativeValue,   // profiles: a value below 0
  kBadValues,       // profiles: not one value for each sample type
  kBadReference,    // profiles: a location, function or text that is not there
  kUnfoldsTooFar,   // profiles: far more frames or values than one of its size has
  kTooManySeries,   // pushed: of a series beyond the number that a site may have
  kNoPrevious,      // profiles: a value that only grows, without the profile before
  kCount,
};

inline constexpr size_t kRejectCount = static_cast<size_t>(Reject::kCount);

std::string_view RejectName(Reject reject);      // "no_count"
std::string_view RejectSentence(Reject reject);  // for people

// One counter for each reason.
class RejectCounters {
 public:
  RejectCounters(Metrics* metrics, std::string_view site, std::string_view source);
  void Add(Reject reject, uint64_t n = 1) { counters_[static_cast<size_t>(reject)]->Add(n); }

 private:
  std::array<Counter*, kRejectCount> counters_{};
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_REJECT_H_
