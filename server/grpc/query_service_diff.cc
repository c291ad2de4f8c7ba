// Methods of QueryService: the difference between two selections.
#include "server/grpc/query_service.h"
#include "server/grpc/query_unary.h"

namespace flamekeep::server {

grpc::ServerUnaryReactor* QueryService::Diff(grpc::CallbackServerContext* context,
                                             const v1::DiffRequest* request,
                                             v1::DiffResponse* response) {
  return Ask(
      "Diff", context, request, response,
      [engine = engine_](const DiffQuestion& asked, const query::Context& bounds) {
        return engine->DiffIsLong(asked.pair.baseline, asked.pair.selection, bounds);
      },
      [engine = engine_](const DiffQuestion& asked, const query::Context& bounds) {
        return engine->MakeDiff(asked.pair.baseline, asked.pair.selection, asked.options, bounds);
      });
}

}  // namespace flamekeep::server
