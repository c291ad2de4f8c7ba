// The parts of Connect's protocol (connectrpc.com/docs/protocol) that are bytes and header values.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_SERVER_HTTP_CONNECT_WIRE_H_
#define FLAMEKEEP_SERVER_HTTP_CONNECT_WIRE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace flamekeep::server {

enum class ConnectCodec { kProto, kJson };

// What a Content-Type says.
struct ConnectType {
  ConnectCodec codec;
  bool stream;
};

// "application/proto", "application/json", "application/connect+proto", "application/connect+json",
// with parameters; "application/x-protobuf" is the first one, too. Errors: UNIMPLEMENTED.
absl::StatusOr<ConnectType> ParseConnectType(std::string_view content_type);

// Connect-Timeout-Ms: at most ten digits; empty: no end. Errors: INVALID_ARGUMENT.
absl::StatusOr<absl::Duration> ParseConnectTimeout(std::string_view header);

// The one message in the envelopes of a request: a byte of flags, four of length (big-endian), the
// message, with gzip around it where `gzip` says so and the flag is set. Errors: INVALID_ARGUMENT
// where it is not exactly one; RESOURCE_EXHAUSTED where it unpacks to more than `max_bytes`.
absl::StatusOr<std::string> OpenEnvelope(std::string_view body, bool gzip, size_t max_bytes);

// A message in its envelope, packed where that is allowed and worth it.
std::string MakeEnvelope(std::string_view message, bool gzip);
// The last envelope, with the error, or OK.
std::string MakeEndEnvelope(const absl::Status& status);

// RFC 4648, section 5 or 4, with or without padding. Errors: INVALID_ARGUMENT.
absl::StatusOr<std::string> DecodeBase64(std::string_view text);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_CONNECT_WIRE_H_
