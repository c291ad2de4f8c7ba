// What other systems' clients are answered, by gRPC and by HTTP alike. Pure functions.
#ifndef FLAMEKEEP_SERVER_FOREIGN_REPLY_H_
#define FLAMEKEEP_SERVER_FOREIGN_REPLY_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compat/otlp_profiles.pb.h"
#include "ingest/foreign_push.h"
#include "ingest/push_bounds.h"

namespace flamekeep::server {

namespace otlp = ::opentelemetry::proto::collector::profiles::v1development;

// What was not taken in, as a partial success.
otlp::ExportProfilesServiceResponse OtlpReply(const ingest::ForeignResult& result,
                                              const ingest::PushBounds& bounds);

// INVALID_ARGUMENT where a profile was rejected, or samples for the number of their series. The
// rest is stored.
absl::Status PyroscopeReply(const ingest::ForeignResult& result, const ingest::PushBounds& bounds);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_FOREIGN_REPLY_H_
