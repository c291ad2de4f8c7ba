// gzip (RFC 1952) of texts and messages in memory.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_BASE_GZIP_H_
#define FLAMEKEEP_BASE_GZIP_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace flamekeep {

// Whether it begins as gzip does.
bool LooksLikeGzip(std::string_view data);

// Unpacks all members; never holds more than `max_bytes` and 64 KiB of them. Errors:
// INVALID_ARGUMENT where it is damaged or cut short, RESOURCE_EXHAUSTED where it unpacks to more
// than `max_bytes`.
absl::StatusOr<std::string> Gunzip(std::string_view packed, size_t max_bytes);

// Packs fast rather than small. Equal data gives equal bytes: no time and no name. Errors:
// RESOURCE_EXHAUSTED where there is no memory for it.
absl::StatusOr<std::string> Gzip(std::string_view data);

}  // namespace flamekeep

#endif  // FLAMEKEEP_BASE_GZIP_H_
