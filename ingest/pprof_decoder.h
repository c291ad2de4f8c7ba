// A pprof profile (profile.proto) -> samples: one for each sample and sample type with a value.
//
// * Each sample type becomes a profile type: `name:type:unit:period_type:period_unit`.
// * Inlined functions (several lines of a location) are frames of their own.
// * A location without functions is the frame `module+0xADDRESS`, by the module's own addresses, in
//   the module's file.
// * Labels of samples are kept as the stream's rules say (relabel.h); numbers as their digits.
// * A value that is negative, a sample without one value for each type, and references that lead
//   nowhere are left out and counted. Zeros are nothing.
// * `drop_frames` and `keep_frames` are not applied: frame filters of a query do that.
//
// Thread safety: functions of their arguments.
#ifndef FLAMEKEEP_INGEST_PPROF_DECODER_H_
#define FLAMEKEEP_INGEST_PPROF_DECODER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ingest/profile_stream.h"
#include "storage/bucket.h"
#include "storage/store.h"

namespace flamekeep::ingest {

// As unpacked.
inline constexpr size_t kMaxProfileBytes = size_t{32} << 20;

// What a sender says of one sample type beside the profile.
struct PprofTypeRule {
  std::string display_name;  // may tell the profile's name: ProfileKind
  // Its values only grow: it counts what PprofOptions::previous has less of.
  bool cumulative = false;
};

struct PprofOptions {
  // Of the profile types, a name or all five parts; empty: by what the profile counts, such as
  // "process_cpu" and "memory".
  std::string name;
  // When all of it was sampled, at `resolution`; nothing: the profile's own time, else now.
  std::optional<storage::Minute> minute;
  storage::Level resolution = storage::Level::kMinute;
  // Of a profile without a time of its own, or with one in 1970, as old clients have them.
  std::optional<absl::Time> begin;
  absl::Duration duration;
  // A profile without a time of its own is refused instead of being taken for one of now.
  bool needs_time = false;
  // By sample type.
  std::map<std::string, PprofTypeRule, std::less<>> types;
  // The unpacked profile before, for cumulative types; empty: none, and they are refused. Where a
  // value has become less, its process was started again: nothing counts then.
  std::string_view previous;
  bool is_previous = false;  // this is that profile: nothing of it is counted
};

// Unpacks where `bytes` is gzip; `*unpacked` is its memory. Errors: INVALID_ARGUMENT for damaged
// gzip, or over kMaxProfileBytes.
absl::StatusOr<std::string_view> UnpackProfile(std::string_view bytes, std::string* unpacked);

// Appends the samples of an unpacked profile and counts what is left out. Returns the finest level
// at which their time is known. Errors, nothing is then counted: INVALID_ARGUMENT where the bytes
// are no profile, the name is none, or there is no time; FAILED_PRECONDITION where the store can
// hold no more ids.
absl::StatusOr<storage::Level> DecodePprof(std::string_view profile, const PprofOptions& options,
                                           ProfileStream* stream,
                                           std::vector<storage::Sample>* samples);

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_PPROF_DECODER_H_
