// How QueryService answers a unary call: for the files that hold its methods.
//
// Thread safety: see query_service.h.
#ifndef FLAMEKEEP_SERVER_GRPC_QUERY_UNARY_H_
#define FLAMEKEEP_SERVER_GRPC_QUERY_UNARY_H_

#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/status.h"
#include "base/steady_clock.h"
#include "query/context.h"
#include "query/selected_stacks.h"
#include "server/grpc/convert.h"
#include "server/grpc/convert_diff.h"
#include "server/grpc/convert_series.h"
#include "server/grpc/convert_tables.h"
#include "server/grpc/query_service.h"
#include "server/grpc/running_calls.h"
#include "storage/registry.h"

namespace flamekeep::server {

// What a request about one selection asks for.
template <typename Options>
struct Question {
  query::Selection selection;
  Options options;
};

// Errors: INVALID_ARGUMENT for a selection or options that can not be understood.
template <typename Request>
auto QuestionOf(const Request& request)
    -> absl::StatusOr<Question<typename decltype(OptionsOf(request))::value_type>> {
  FLAMEKEEP_ASSIGN_OR_RETURN(query::Selection selection, FromProto(request.selection()));
  FLAMEKEEP_ASSIGN_OR_RETURN(auto options, OptionsOf(request));
  return Question<decltype(options)>{std::move(selection), std::move(options)};
}

// Of two selections.
struct DiffQuestion {
  SelectionPair pair;
  query::DiffOptions options;
};

inline absl::StatusOr<DiffQuestion> QuestionOf(const v1::DiffRequest& request) {
  FLAMEKEEP_ASSIGN_OR_RETURN(SelectionPair pair,
                             PairFromProto(request.baseline(), request.selection()));
  FLAMEKEEP_ASSIGN_OR_RETURN(const query::DiffOptions options, OptionsOf(request));
  return DiffQuestion{std::move(pair), options};
}

inline absl::StatusOr<query::Selection> QuestionOf(const v1::ExplainRequest& request) {
  return FromProto(request.selection());
}

// For calls that never take long.
struct NeverLong {
  template <typename Asked>
  absl::StatusOr<bool> operator()(const Asked&, const query::Context&) const {
    return false;
  }
};

// A unary call. gRPC keeps the answer until the caller has taken it, so it counts until then.
class QueryService::UnaryCall final : public grpc::ServerUnaryReactor {
 public:
  UnaryCall(std::atomic<uint64_t>* unread, RunningCalls* running)
      : unread_(unread), running_(running) {}

  absl::Status refusal() const { return running_.refusal(); }

  // May delete this.
  void End(const absl::Status& status, uint64_t reply_bytes) {
    bytes_ = reply_bytes;
    *unread_ += bytes_;
    Finish(ToGrpc(status));
  }

 private:
  void OnDone() override {
    *unread_ -= bytes_;
    delete this;
  }

  std::atomic<uint64_t>* const unread_;
  const RunningCalls::Call running_;
  uint64_t bytes_ = 0;
};

template <typename Request, typename Response, typename IsLong, typename Answer>
grpc::ServerUnaryReactor* QueryService::Unary(std::string_view method,
                                              grpc::CallbackServerContext* context,
                                              const Request* request, Response* response,
                                              IsLong is_long, Answer answer) {
  auto* call = new UnaryCall(&unread_bytes_, running_);
  if (const absl::Status refusal = call->refusal(); !refusal.ok()) {
    call->End(refusal, 0);
    return call;
  }
  const query::Context bounds = MakeContext(context);
  const auto run = [this, method, request, response, call, answer, bounds,
                    begin = SteadyNow()](const absl::Status& admitted) {
    absl::Status status = admitted;
    if (status.ok()) status = bounds.Check();
    if (status.ok()) status = CheckUnread();
    if (status.ok()) status = answer(*request, bounds, response);
    if (status.ok() && response->ByteSizeLong() > options_.max_reply_bytes) {
      status = Error(absl::StatusCode::kResourceExhausted,
                     "the answer has {} bytes, the limit is {}: ask for fewer boxes (max_nodes, "
                     "min_share), rows (limit) or points (a longer step)",
                     response->ByteSizeLong(), options_.max_reply_bytes);
    }
    if (!status.ok()) Response().Swap(response);
    Count(method, status, begin);
    call->End(status, response->SpaceUsedLong());
  };
  Post(&queries_, context, bounds, run,
       [request, bounds, is_long] { return is_long(*request, bounds); });
  return call;
}

template <typename Request, typename Response, typename IsLong, typename Answer>
grpc::ServerUnaryReactor* QueryService::Ask(std::string_view method,
                                            grpc::CallbackServerContext* context,
                                            const Request* request, Response* response,
                                            IsLong is_long, Answer answer) {
  return Unary(
      method, context, request, response,
      [is_long](const Request& asked, const query::Context& bounds) -> absl::StatusOr<bool> {
        FLAMEKEEP_ASSIGN_OR_RETURN(const auto question, QuestionOf(asked));
        return is_long(question, bounds);
      },
      [answer](const Request& asked, const query::Context& bounds, Response* out) -> absl::Status {
        FLAMEKEEP_ASSIGN_OR_RETURN(const auto question, QuestionOf(asked));
        FLAMEKEEP_ASSIGN_OR_RETURN(auto answered, answer(question, bounds));
        MoveToProto(std::move(answered), out);
        return absl::OkStatus();
      });
}

template <typename Request, typename Response, typename Answer>
grpc::ServerUnaryReactor* QueryService::List(std::string_view method,
                                             grpc::CallbackServerContext* context,
                                             const Request* request, Response* response,
                                             Answer answer) {
  return Unary(method, context, request, response, NeverLong(),
               [engine = engine_, answer](const Request& asked, const query::Context&,
                                          Response* out) -> absl::Status {
                 FLAMEKEEP_ASSIGN_OR_RETURN(std::vector<storage::SeriesKey> found,
                                            engine->ListSeries(asked.selector()));
                 FLAMEKEEP_ASSIGN_OR_RETURN(auto answered, answer(std::move(found), asked));
                 MoveToProto(std::move(answered), out);
                 return absl::OkStatus();
               });
}

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_QUERY_UNARY_H_
