// From the messages of IngestService to ingest's types. Pure functions.
#ifndef FLAMEKEEP_SERVER_GRPC_CONVERT_INGEST_H_
#define FLAMEKEEP_SERVER_GRPC_CONVERT_INGEST_H_

#include "absl/status/statusor.h"
#include "flamekeep/v1/ingest.pb.h"
#include "ingest/pipeline.h"
#include "ingest/push.h"

namespace flamekeep::server {

// Errors: INVALID_ARGUMENT for an enumeration value or a time that is none; names and labels are
// checked where the source is opened.
absl::StatusOr<ingest::PushIdentity> FromProto(const v1::OpenSource& open);

// `batch` keeps the lines: it must outlive the result. Errors: INVALID_ARGUMENT.
absl::StatusOr<ingest::PushBatch> FromProto(const v1::IngestBatch& batch);

v1::IngestCounts ToProto(const ingest::LineCounts& counts, const ingest::PushBounds& bounds);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_CONVERT_INGEST_H_
