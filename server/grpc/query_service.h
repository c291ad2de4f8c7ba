// QueryService of flamekeep.v1: queries run on threads of their own, never on gRPC's.
//
// Callers take turns and long queries never hold up short ones (query_queue.h); who finds the queue
// full is refused with RESOURCE_EXHAUSTED and counted; so is one while callers leave answers of
// more than twice max_reply_bytes unread. Cancellation and the caller's deadline reach the engine;
// where the caller set none, or a later one, query_timeout is the deadline. Render streams have
// their own threads, so that slow readers do not hold up flame graphs; a reader that takes no chunk
// for write_stall ends its stream. Exports, which may take hours, wait for their turn again after
// each partition, in a queue of their own with one thread for them.
//
// Thread safety: all methods. Stop() before the gRPC server is destroyed.
#ifndef FLAMEKEEP_SERVER_GRPC_QUERY_SERVICE_H_
#define FLAMEKEEP_SERVER_GRPC_QUERY_SERVICE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "flamekeep/v1/query.grpc.pb.h"
#include "query/context.h"
#include "query/engine.h"
#include "server/grpc/running_calls.h"
#include "server/query_queue.h"

namespace flamekeep::server {

struct QueryServiceOptions {
  size_t threads = 2;
  size_t max_queued = 64;
  absl::Duration query_timeout = absl::Seconds(60);
  absl::Duration write_stall = absl::Seconds(20);
  uint64_t memory_bytes = uint64_t{512} << 20;
  query::MemoryBudget* budget = nullptr;  // of all queries, not owned; null: none
  uint64_t max_reply_bytes = uint64_t{256} << 20;
  Metrics* metrics = nullptr;  // required, not owned
};

class QueryService final : public v1::QueryService::CallbackService {
 public:
  // No pointer is owned.
  QueryService(const query::Engine* engine, RunningCalls* running,
               const QueryServiceOptions& options);

  grpc::ServerUnaryReactor* FlameGraph(grpc::CallbackServerContext* context,
                                       const v1::FlameGraphRequest* request,
                                       v1::FlameGraphResponse* response) override;
  grpc::ServerWriteReactor<v1::RenderResponse>* Render(grpc::CallbackServerContext* context,
                                                       const v1::RenderRequest* request) override;
  grpc::ServerWriteReactor<v1::ExportResponse>* Export(grpc::CallbackServerContext* context,
                                                       const v1::ExportRequest* request) override;
  grpc::ServerUnaryReactor* ListSeries(grpc::CallbackServerContext* context,
                                       const v1::ListSeriesRequest* request,
                                       v1::ListSeriesResponse* response) override;
  grpc::ServerUnaryReactor* Explain(grpc::CallbackServerContext* context,
                                    const v1::ExplainRequest* request,
                                    v1::ExplainResponse* response) override;
  grpc::ServerUnaryReactor* Diff(grpc::CallbackServerContext* context,
                                 const v1::DiffRequest* request,
                                 v1::DiffResponse* response) override;
  grpc::ServerUnaryReactor* Series(grpc::CallbackServerContext* context,
                                   const v1::SeriesRequest* request,
                                   v1::SeriesResponse* response) override;
  grpc::ServerUnaryReactor* HeatMap(grpc::CallbackServerContext* context,
                                    const v1::HeatMapRequest* request,
                                    v1::HeatMapResponse* response) override;
  grpc::ServerUnaryReactor* ListProfileTypes(grpc::CallbackServerContext* context,
                                             const v1::ListProfileTypesRequest* request,
                                             v1::ListProfileTypesResponse* response) override;
  grpc::ServerUnaryReactor* ListLabels(grpc::CallbackServerContext* context,
                                       const v1::ListLabelsRequest* request,
                                       v1::ListLabelsResponse* response) override;
  grpc::ServerUnaryReactor* ListLabelValues(grpc::CallbackServerContext* context,
                                            const v1::ListLabelValuesRequest* request,
                                            v1::ListLabelValuesResponse* response) override;

  // The views over functions: query_tables.cc.
  grpc::ServerUnaryReactor* Top(grpc::CallbackServerContext* context, const v1::TopRequest* request,
                                v1::TopResponse* response) override;
  grpc::ServerUnaryReactor* Search(grpc::CallbackServerContext* context,
                                   const v1::SearchRequest* request,
                                   v1::SearchResponse* response) override;
  grpc::ServerUnaryReactor* Sandwich(grpc::CallbackServerContext* context,
                                     const v1::SandwichRequest* request,
                                     v1::SandwichResponse* response) override;
  grpc::ServerUnaryReactor* Compare(grpc::CallbackServerContext* context,
                                    const v1::CompareRequest* request,
                                    v1::CompareResponse* response) override;

  // Finishes the calls that were accepted; further ones get UNAVAILABLE.
  void Stop();

 private:
  class UnaryCall;
  class ExportCall;

  // `is_long(request, bounds)`: whether the query takes long.
  template <typename Request, typename Response, typename IsLong, typename Answer>
  grpc::ServerUnaryReactor* Unary(std::string_view method, grpc::CallbackServerContext* context,
                                  const Request* request, Response* response, IsLong is_long,
                                  Answer answer);
  // A unary call about a Question: `is_long(question, bounds)`, and `answer(question, bounds)`,
  // whose result becomes the response by MoveToProto().
  template <typename Request, typename Response, typename IsLong, typename Answer>
  grpc::ServerUnaryReactor* Ask(std::string_view method, grpc::CallbackServerContext* context,
                                const Request* request, Response* response, IsLong is_long,
                                Answer answer);
  // A unary call about the series that a selector matches: `answer(series, request)`, as above.
  template <typename Request, typename Response, typename Answer>
  grpc::ServerUnaryReactor* List(std::string_view method, grpc::CallbackServerContext* context,
                                 const Request* request, Response* response, Answer answer);
  // What bounds the query of a call.
  query::Context MakeContext(grpc::CallbackServerContext* context) const;
  // Posts a call: `run` as in QueryQueue::Query, `is_long` asked with what bounds it.
  void Post(QueryQueue* queue, grpc::CallbackServerContext* context, const query::Context& bounds,
            absl::AnyInvocable<void(const absl::Status&) &&> run,
            std::function<absl::StatusOr<bool>()> is_long);
  // Whether there is room for one more answer.
  absl::Status CheckUnread() const;
  void Count(std::string_view method, const absl::Status& status, absl::Time begin);

  const query::Engine* engine_;
  RunningCalls* const running_;
  const QueryServiceOptions options_;
  std::atomic<uint64_t> unread_bytes_ = 0;  // of answers that gRPC still keeps
  QueryQueue queries_;
  QueryQueue renders_;
  QueryQueue exports_;  // their partitions, one at a time
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_QUERY_SERVICE_H_
