// The methods of QueryService over functions.
#include "server/grpc/query_service.h"
#include "server/grpc/query_unary.h"

namespace flamekeep::server {

grpc::ServerUnaryReactor* QueryService::Top(grpc::CallbackServerContext* context,
                                            const v1::TopRequest* request,
                                            v1::TopResponse* response) {
  return Ask(
      "Top", context, request, response,
      [engine = engine_](const auto& asked, const query::Context& bounds) {
        return engine->IsLong(asked.selection, query::TopView(asked.options), bounds);
      },
      [engine = engine_](const auto& asked, const query::Context& bounds) {
        return engine->MakeTop(asked.selection, asked.options, bounds);
      });
}

grpc::ServerUnaryReactor* QueryService::Search(grpc::CallbackServerContext* context,
                                               const v1::SearchRequest* request,
                                               v1::SearchResponse* response) {
  return Ask(
      "Search", context, request, response,
      [engine = engine_](const auto& asked, const query::Context& bounds) {
        return engine->IsLong(asked.selection, query::TopView(asked.options), bounds);
      },
      [engine = engine_](const auto& asked, const query::Context& bounds) {
        return engine->MakeTop(asked.selection, asked.options, bounds);
      });
}

grpc::ServerUnaryReactor* QueryService::Sandwich(grpc::CallbackServerContext* context,
                                                 const v1::SandwichRequest* request,
                                                 v1::SandwichResponse* response) {
  return Ask(
      "Sandwich", context, request, response,
      [engine = engine_](const auto& asked, const query::Context& bounds) {
        return engine->IsLong(asked.selection, query::SandwichView(asked.options), bounds);
      },
      [engine = engine_](const auto& asked, const query::Context& bounds) {
        return engine->MakeSandwich(asked.selection, asked.options, bounds);
      });
}

grpc::ServerUnaryReactor* QueryService::Compare(grpc::CallbackServerContext* context,
                                                const v1::CompareRequest* request,
                                                v1::CompareResponse* response) {
  return Ask(
      "Compare", context, request, response,
      [engine = engine_](const auto& asked, const query::Context& bounds) {
        return engine->IsLong(asked.selection, query::CompareView(asked.options), bounds);
      },
      [engine = engine_](const auto& asked, const query::Context& bounds) {
        return engine->Compare(asked.selection, asked.options, bounds);
      });
}

}  // namespace flamekeep::server
