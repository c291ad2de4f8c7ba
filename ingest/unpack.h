// Unpacking what a client has packed, with a bound that holds before memory is taken.
//
// Thread safety: functions of their arguments.
#ifndef FLAMEKEEP_INGEST_UNPACK_H_
#define FLAMEKEEP_INGEST_UNPACK_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace flamekeep::ingest {

// Unpacks exactly one zstd frame into `*out`, whatever it held before. Errors: RESOURCE_EXHAUSTED
// where it unpacks to more than `limit` bytes; INVALID_ARGUMENT where it is damaged or not one
// frame.
absl::Status UnpackZstd(std::string_view packed, size_t limit, std::string* out);

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_UNPACK_H_
