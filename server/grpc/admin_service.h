// AdminService of flamekeep.v1: how the server does.
//
// Thread safety: all methods. The answer is made on a worker thread, as it asks the file system.
#ifndef FLAMEKEEP_SERVER_GRPC_ADMIN_SERVICE_H_
#define FLAMEKEEP_SERVER_GRPC_ADMIN_SERVICE_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "flamekeep/v1/admin.grpc.pb.h"
#include "ingest/redis_status.h"
#include "query/engine.h"
#include "server/backups.h"
#include "server/grpc/running_calls.h"
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
  // No pointer is owned.
  AdminService(StatusParts parts, storage::Store* store, const query::Engine* engine,
               Backups* backups, RunningCalls* running);

  grpc::ServerUnaryReactor* Status(grpc::CallbackServerContext* context,
                                   const v1::StatusRequest* request,
                                   v1::StatusResponse* response) override;

  grpc::ServerUnaryReactor* StoreStats(grpc::CallbackServerContext* context,
                                       const v1::StoreStatsRequest* request,
                                       v1::StoreStatsResponse* response) override;
  grpc::ServerUnaryReactor* Delete(grpc::CallbackServerContext* context,
                                   const v1::DeleteRequest* request,
                                   v1::DeleteResponse* response) override;
  grpc::ServerWriteReactor<v1::CreateBackupResponse>* CreateBackup(
      grpc::CallbackServerContext* context, const v1::CreateBackupRequest* request) override;
  grpc::ServerUnaryReactor* ListBackups(grpc::CallbackServerContext* context,
                                        const v1::ListBackupsRequest* request,
                                        v1::ListBackupsResponse* response) override;

 private:
  class UnaryCall;

  // Runs `call` in the pool and finishes the reactor with what it returns.
  grpc::ServerUnaryReactor* Post(WorkerPool* pool, absl::AnyInvocable<absl::Status()> call);
  absl::Status DeleteNow(const v1::DeleteRequest& request, const std::function<bool()>& cancelled,
                         v1::DeleteResponse* response);

  const StatusParts parts_;
  storage::Store* const store_;
  const query::Engine* const engine_;
  Backups* const backups_;
  RunningCalls* const running_;
  Counter& refused_;
  WorkerPool pool_;
  WorkerPool deletions_;    // take minutes
  WorkerPool backup_pool_;  // the same; one makes a backup, the other one lists
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_ADMIN_SERVICE_H_
