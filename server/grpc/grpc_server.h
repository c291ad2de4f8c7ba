// The gRPC front end: the services of flamekeep.v1, Pyroscope's querier, health (grpc.health.v1)
// and reflection on one address.
//
// Bounds: the size of a message both ways, the memory of gRPC's buffers, streams for each
// connection, threads; idle connections are probed, and clients that probe too often are cut off.
// Only one process can have the address (no SO_REUSEPORT).
//
// Thread safety: all methods. The parts outlive it.
#ifndef FLAMEKEEP_SERVER_GRPC_GRPC_SERVER_H_
#define FLAMEKEEP_SERVER_GRPC_GRPC_SERVER_H_

#include <grpcpp/channel.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "ingest/foreign_push.h"
#include "ingest/push.h"
#include "query/engine.h"
#include "server/grpc/admin_service.h"
#include "server/grpc/query_service.h"
#include "storage/store.h"

namespace flamekeep::server {

struct GrpcOptions {
  // "127.0.0.1:4041"; port 0 takes a free one; empty: only this process can call.
  std::string address;
  uint64_t max_message_bytes = uint64_t{16} << 20;  // received
  // Of batches that wait to be decoded; gRPC's own buffers may take 64 MiB more.
  uint64_t memory_bytes = uint64_t{256} << 20;
  uint32_t max_streams_per_connection = 100;
  uint32_t decode_threads = 2;
  ingest::ForeignOptions foreign;  // of other systems' clients
  QueryServiceOptions query;
};

// Not owned.
struct GrpcParts {
  storage::Store* store;
  ingest::PushHub* hub;
  const query::Engine* engine;
  Backups* backups;
  Metrics* metrics;
  StatusParts status;
};

class GrpcServer {
 public:
  // Listens and serves. Errors: INVALID_ARGUMENT, NOT_FOUND (address), UNAVAILABLE (it can not be
  // listened on).
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(const GrpcOptions& options,
                                                           const GrpcParts& parts);
  // Shuts down without grace.
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  const std::string& address() const;  // with the port that was really taken

  // To the same services, for calls within this process. Its calls fail once this is gone.
  std::shared_ptr<grpc::Channel> LocalChannel();

  // What the health service says of ingest; queries are served whenever the server is up.
  void SetIngestHealthy(bool healthy);

  // Refuses new calls, lets those in hand finish until `deadline` (of SteadyNow()), then cancels
  // them. Returns whether all finished by themselves. Connections without a call hold nothing up.
  bool Shutdown(absl::Time deadline);

 private:
  struct Impl;
  explicit GrpcServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_GRPC_SERVER_H_
