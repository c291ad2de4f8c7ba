// One Profile of an OpenTelemetry request -> samples. See otlp_push.h for the whole request.
//
// * The sample type and the period make the profile type; its name is what Pyroscope calls such a
//   profile ("process_cpu"), else the period's or the value's type.
// * A sample with time stamps is of their minutes: each has its value, or counts 1. Without any it
//   is of the profile's time, at the level that its duration allows.
// * Inlined functions and addresses without functions are as in pprof (pprof_decoder.h).
// * Attributes of samples and of the profile are labels as the stream's rules say (relabel.h).
//
// Thread safety: functions of their arguments.
#ifndef FLAMEKEEP_INGEST_OTLP_DECODER_H_
#define FLAMEKEEP_INGEST_OTLP_DECODER_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "ingest/otlp_tables.h"
#include "ingest/profile_stream.h"
#include "storage/bucket.h"
#include "storage/store.h"

namespace flamekeep::ingest {

// What the profiles of a request may still unfold to; real ones have far less than a frame a byte.
struct OtlpBudget {
  uint64_t frames = 0;
  uint64_t samples = 0;

  static OtlpBudget For(size_t request_bytes);
};

// Appends the samples of a profile and counts what is left out. Returns the finest level at which
// their time is known. Errors, nothing is then counted: INVALID_ARGUMENT where the bytes are no
// profile, its types are not there, or an old version of the format is sent, which reads as another
// profile; FAILED_PRECONDITION where the store can hold no more ids.
absl::StatusOr<storage::Level> DecodeOtlpProfile(const OtlpTables& tables, std::string_view profile,
                                                 OtlpBudget* budget, ProfileStream* stream,
                                                 std::vector<storage::Sample>* samples);

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_OTLP_DECODER_H_
