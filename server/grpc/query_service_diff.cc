// Methods of QueryService: the difference between two selections.
#include <utility>

#include "base/status.h"
#include "server/grpc/convert_diff.h"
#include "server/grpc/query_service.h"
#include "server/grpc/query_unary.h"

namespace flamekeep::server {

grpc::ServerUnaryReactor* QueryService::Diff(grpc::CallbackServerContext* context,
                                             const v1::DiffRequest* request,
                                             v1::DiffResponse* response) {
  return Unary(
      "Diff", context, request, response,
      [engine = engine_](const v1::DiffRequest& asked,
                         const query::Context& bounds) -> absl::StatusOr<bool> {
        FLAMEKEEP_ASSIGN_OR_RETURN(const SelectionPair pair,
                                   PairFromProto(asked.baseline(), asked.selection()));
        return engine->DiffIsLong(pair.baseline, pair.selection, bounds);
      },
      [engine = engine_](const v1::DiffRequest& asked, const query::Context& bounds,
                         v1::DiffResponse* out) -> absl::Status {
        FLAMEKEEP_ASSIGN_OR_RETURN(const SelectionPair pair,
                                   PairFromProto(asked.baseline(), asked.selection()));
        FLAMEKEEP_ASSIGN_OR_RETURN(
            query::Diff diff,
            engine->MakeDiff(pair.baseline, pair.selection, OptionsFromProto(asked), bounds));
        MoveToProto(std::move(diff), out);
        return absl::OkStatus();
      });
}

}  // namespace flamekeep::server
