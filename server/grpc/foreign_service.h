// The services that other systems' clients push to: push.v1.PusherService (Pyroscope) and
// opentelemetry.proto.collector.profiles.v1development.ProfilesService.
//
// Both take their requests as bytes: the decoders of ingest read them where they lie, in bounded
// memory, whatever a request of many small messages would become as objects. These clients compress
// by default, so messages come as they were sent and are unpacked here, with a bound.
//
// Threading: as IngestService, whose pool and budget they share. All methods are thread safe.
#ifndef FLAMEKEEP_SERVER_GRPC_FOREIGN_SERVICE_H_
#define FLAMEKEEP_SERVER_GRPC_FOREIGN_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include "compat/otlp_profiles.grpc.pb.h"
#include "compat/pyroscope_push.grpc.pb.h"
#include "ingest/foreign_push.h"
#include "server/foreign_reply.h"
#include "server/grpc/ingest_stream.h"

namespace flamekeep::server {

class PyroscopePushService final : public ::push::v1::PusherService::WithRawCallbackMethod_Push<
                                       ::push::v1::PusherService::Service> {
 public:
  // Neither is owned.
  PyroscopePushService(const IngestParts* parts, const ingest::ForeignOptions* options)
      : parts_(*parts), options_(*options) {}

  grpc::ServerUnaryReactor* Push(grpc::CallbackServerContext* context,
                                 const grpc::ByteBuffer* request,
                                 grpc::ByteBuffer* response) override;

 private:
  const IngestParts& parts_;
  const ingest::ForeignOptions& options_;
};

class OtlpProfilesService final
    : public otlp::ProfilesService::WithRawCallbackMethod_Export<otlp::ProfilesService::Service> {
 public:
  // Neither is owned.
  OtlpProfilesService(const IngestParts* parts, const ingest::ForeignOptions* options)
      : parts_(*parts), options_(*options) {}

  grpc::ServerUnaryReactor* Export(grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override;

 private:
  const IngestParts& parts_;
  const ingest::ForeignOptions& options_;
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_FOREIGN_SERVICE_H_
