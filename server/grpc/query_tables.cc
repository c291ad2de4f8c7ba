// The methods of QueryService over functions.
#include <string>
#include <utility>

#include "base/status.h"
#include "server/grpc/convert.h"
#include "server/grpc/convert_tables.h"
#include "server/grpc/query_service.h"
#include "server/grpc/query_unary.h"

namespace flamekeep::server {
namespace {

std::string TableViewOf(const query::TopOptions& options) { return query::TopView(options); }
std::string TableViewOf(const query::SandwichOptions& options) {
  return query::SandwichView(options);
}
std::string TableViewOf(const query::CompareOptions& options) {
  return query::CompareView(options);
}

absl::StatusOr<query::TopTable> AnswerTable(const query::Engine& engine,
                                            const query::Selection& selection,
                                            const query::TopOptions& options,
                                            const query::Context& context) {
  return engine.MakeTop(selection, options, context);
}
absl::StatusOr<query::Sandwich> AnswerTable(const query::Engine& engine,
                                            const query::Selection& selection,
                                            const query::SandwichOptions& options,
                                            const query::Context& context) {
  return engine.MakeSandwich(selection, options, context);
}
absl::StatusOr<query::Comparison> AnswerTable(const query::Engine& engine,
                                              const query::Selection& selection,
                                              const query::CompareOptions& options,
                                              const query::Context& context) {
  return engine.Compare(selection, options, context);
}

// Whether an answer takes long.
template <typename Request>
auto IsLongTable(const query::Engine* engine) {
  return [engine](const Request& request, const query::Context& context) -> absl::StatusOr<bool> {
    FLAMEKEEP_ASSIGN_OR_RETURN(const query::Selection selection, FromProto(request.selection()));
    FLAMEKEEP_ASSIGN_OR_RETURN(const auto options, OptionsOf(request));
    return engine->IsLong(selection, TableViewOf(options), context);
  };
}

template <typename Request, typename Response>
auto TableAnswer(const query::Engine* engine) {
  return [engine](const Request& request, const query::Context& context,
                  Response* response) -> absl::Status {
    FLAMEKEEP_ASSIGN_OR_RETURN(const query::Selection selection, FromProto(request.selection()));
    FLAMEKEEP_ASSIGN_OR_RETURN(const auto options, OptionsOf(request));
    FLAMEKEEP_ASSIGN_OR_RETURN(auto answer, AnswerTable(*engine, selection, options, context));
    MoveToProto(std::move(answer), response);
    return absl::OkStatus();
  };
}

}  // namespace

grpc::ServerUnaryReactor* QueryService::Top(grpc::CallbackServerContext* context,
                                            const v1::TopRequest* request,
                                            v1::TopResponse* response) {
  return Unary("Top", context, request, response, IsLongTable<v1::TopRequest>(engine_),
               TableAnswer<v1::TopRequest, v1::TopResponse>(engine_));
}

grpc::ServerUnaryReactor* QueryService::Search(grpc::CallbackServerContext* context,
                                               const v1::SearchRequest* request,
                                               v1::SearchResponse* response) {
  return Unary("Search", context, request, response, IsLongTable<v1::SearchRequest>(engine_),
               TableAnswer<v1::SearchRequest, v1::SearchResponse>(engine_));
}

grpc::ServerUnaryReactor* QueryService::Sandwich(grpc::CallbackServerContext* context,
                                                 const v1::SandwichRequest* request,
                                                 v1::SandwichResponse* response) {
  return Unary("Sandwich", context, request, response, IsLongTable<v1::SandwichRequest>(engine_),
               TableAnswer<v1::SandwichRequest, v1::SandwichResponse>(engine_));
}

grpc::ServerUnaryReactor* QueryService::Compare(grpc::CallbackServerContext* context,
                                                const v1::CompareRequest* request,
                                                v1::CompareResponse* response) {
  return Unary("Compare", context, request, response, IsLongTable<v1::CompareRequest>(engine_),
               TableAnswer<v1::CompareRequest, v1::CompareResponse>(engine_));
}

}  // namespace flamekeep::server
