// AdminService of flamekeep.v1: how the server does.
//
// Thread safety: all methods. The answer is made on a worker thread, as it asks the file system.
#ifndef FLAMEKEEP_SERVER_GRPC_ADMIN_SERVICE_H_
#define FLAMEKEEP_SERVER_GRPC_ADMIN_SERVICE_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/metrics.h"
#include "flamekeep/v1/admin.grpc.pb.h"
#include "ingest/redis_status.h"
#include "server/worker_pool.h"
#include "storage/store.h"

namespace flamekeep::server {

// What a status is made of. No pointer is owned.
struct StatusParts {
  std::string node;
  std::string directory;
  absl::Time started;
  const storage::Store* store;
  Metrics* metrics;
  std::function<std::vector<ingest::RedisStatus>()> redis;  // of all configured sources
};

v1::StatusResponse MakeStatus(const StatusParts& parts);

class AdminService final : public v1::AdminService::CallbackService {
 public:
  explicit AdminService(StatusParts parts);

  grpc::ServerUnaryReactor* Status(grpc::CallbackServerContext* context,
                                   const v1::StatusRequest* request,
                                   v1::StatusResponse* response) override;

 private:
  const StatusParts parts_;
  Counter& refused_;
  WorkerPool pool_;
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_ADMIN_SERVICE_H_
