// querier.v1.QuerierService, as Grafana's Pyroscope datasource calls it: each call is turned into
// one of flamekeep.v1's services, made within this process, and its answer is turned back. So
// queues, limits, deadlines, cancellation and counters are those of QueryService.
//
// What is not in the store gets an empty answer, as the datasource expects it.
//
// Thread safety: all methods. Answers are turned on a worker thread.
#ifndef FLAMEKEEP_SERVER_GRPC_QUERIER_SERVICE_H_
#define FLAMEKEEP_SERVER_GRPC_QUERIER_SERVICE_H_

#include <grpcpp/channel.h>

#include <cstdint>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "compat/querier.grpc.pb.h"
#include "flamekeep/v1/admin.grpc.pb.h"
#include "flamekeep/v1/query.grpc.pb.h"
#include "server/worker_pool.h"

namespace flamekeep::server {

class QuerierService final : public querier::v1::QuerierService::CallbackService {
 public:
  // No answer is larger than `max_reply_bytes`.
  explicit QuerierService(uint64_t max_reply_bytes);

  // To the services of this process. Once; until then calls get UNAVAILABLE.
  void SetChannel(const std::shared_ptr<grpc::Channel>& channel);

  grpc::ServerUnaryReactor* ProfileTypes(grpc::CallbackServerContext* context,
                                         const querier::v1::ProfileTypesRequest* request,
                                         querier::v1::ProfileTypesResponse* response) override;
  grpc::ServerUnaryReactor* LabelNames(grpc::CallbackServerContext* context,
                                       const querier::v1::LabelNamesRequest* request,
                                       querier::v1::LabelNamesResponse* response) override;
  grpc::ServerUnaryReactor* LabelValues(grpc::CallbackServerContext* context,
                                        const querier::v1::LabelValuesRequest* request,
                                        querier::v1::LabelValuesResponse* response) override;
  grpc::ServerUnaryReactor* Series(grpc::CallbackServerContext* context,
                                   const querier::v1::SeriesRequest* request,
                                   querier::v1::SeriesResponse* response) override;
  grpc::ServerUnaryReactor* SelectMergeStacktraces(
      grpc::CallbackServerContext* context,
      const querier::v1::SelectMergeStacktracesRequest* request,
      querier::v1::SelectMergeStacktracesResponse* response) override;
  grpc::ServerUnaryReactor* SelectMergeProfile(
      grpc::CallbackServerContext* context, const querier::v1::SelectMergeProfileRequest* request,
      perftools::profiles::Profile* response) override;
  grpc::ServerUnaryReactor* SelectSeries(grpc::CallbackServerContext* context,
                                         const querier::v1::SelectSeriesRequest* request,
                                         querier::v1::SelectSeriesResponse* response) override;
  grpc::ServerUnaryReactor* Diff(grpc::CallbackServerContext* context,
                                 const querier::v1::DiffRequest* request,
                                 querier::v1::DiffResponse* response) override;
  grpc::ServerUnaryReactor* GetProfileStats(
      grpc::CallbackServerContext* context, const querier::v1::GetProfileStatsRequest* request,
      querier::v1::GetProfileStatsResponse* response) override;

 private:
  // Makes the call that `call(client context, question, answer, done)` starts, and ends the reactor
  // with what `turn` makes of its answer; where nothing is found, that is empty.
  template <typename Answer, typename Question, typename Call, typename Turn>
  grpc::ServerUnaryReactor* Relay(grpc::CallbackServerContext* context, Question question,
                                  Call call, Turn turn);
  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* RelayList(grpc::CallbackServerContext* context, const Request* request,
                                      Response* response);

  // Ends the reactor with what `turn` says, on the worker thread.
  void Post(grpc::ServerUnaryReactor* reactor, absl::AnyInvocable<absl::Status()> turn);

  const uint64_t max_reply_bytes_;
  std::unique_ptr<v1::QueryService::Stub> query_;
  std::unique_ptr<v1::AdminService::Stub> admin_;
  absl::Notification ready_;  // after that the stubs do not change
  WorkerPool pool_;
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_QUERIER_SERVICE_H_
