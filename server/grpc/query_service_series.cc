// Methods of QueryService: series, heat maps, and lists of what can be asked for.
#include <vector>

#include "base/status.h"
#include "query/labels.h"
#include "server/grpc/convert_series.h"
#include "server/grpc/query_service.h"
#include "server/grpc/query_unary.h"
#include "storage/registry.h"

namespace flamekeep::server {

grpc::ServerUnaryReactor* QueryService::Series(grpc::CallbackServerContext* context,
                                               const v1::SeriesRequest* request,
                                               v1::SeriesResponse* response) {
  return Unary(
      "Series", context, request, response,
      [engine = engine_](const v1::SeriesRequest& asked,
                         const query::Context& bounds) -> absl::StatusOr<bool> {
        FLAMEKEEP_ASSIGN_OR_RETURN(const query::Selection selection, FromProto(asked.selection()));
        FLAMEKEEP_ASSIGN_OR_RETURN(const query::SeriesOptions options, FromProto(asked));
        return engine->SeriesIsLong(selection, options, bounds);
      },
      [engine = engine_](const v1::SeriesRequest& asked, const query::Context& bounds,
                         v1::SeriesResponse* out) -> absl::Status {
        FLAMEKEEP_ASSIGN_OR_RETURN(const query::Selection selection, FromProto(asked.selection()));
        FLAMEKEEP_ASSIGN_OR_RETURN(const query::SeriesOptions options, FromProto(asked));
        FLAMEKEEP_ASSIGN_OR_RETURN(const query::SeriesAnswer answer,
                                   engine->MakeSeries(selection, options, bounds));
        ToProto(answer, out);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* QueryService::HeatMap(grpc::CallbackServerContext* context,
                                                const v1::HeatMapRequest* request,
                                                v1::HeatMapResponse* response) {
  return Unary(
      "HeatMap", context, request, response,
      [engine = engine_](const v1::HeatMapRequest& asked,
                         const query::Context& bounds) -> absl::StatusOr<bool> {
        FLAMEKEEP_ASSIGN_OR_RETURN(const query::Selection selection, FromProto(asked.selection()));
        FLAMEKEEP_ASSIGN_OR_RETURN(const query::FrameMatcher function, FunctionOf(asked));
        return engine->HeatMapIsLong(selection, function, bounds);
      },
      [engine = engine_](const v1::HeatMapRequest& asked, const query::Context& bounds,
                         v1::HeatMapResponse* out) -> absl::Status {
        FLAMEKEEP_ASSIGN_OR_RETURN(const query::Selection selection, FromProto(asked.selection()));
        FLAMEKEEP_ASSIGN_OR_RETURN(const query::FrameMatcher function, FunctionOf(asked));
        FLAMEKEEP_ASSIGN_OR_RETURN(const query::HeatMap map,
                                   engine->MakeHeatMap(selection, function, bounds));
        ToProto(map, out);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* QueryService::ListProfileTypes(grpc::CallbackServerContext* context,
                                                         const v1::ListProfileTypesRequest* request,
                                                         v1::ListProfileTypesResponse* response) {
  return Unary("ListProfileTypes", context, request, response,
               NeverLong<v1::ListProfileTypesRequest>,
               [engine = engine_](const v1::ListProfileTypesRequest& asked, const query::Context&,
                                  v1::ListProfileTypesResponse* out) -> absl::Status {
                 FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<storage::SeriesKey> found,
                                            engine->ListSeries(asked.selector()));
                 FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<storage::SeriesKey> all,
                                            engine->ListSeries(""));
                 ToProto(query::ProfileTypesOf(found, all), out);
                 return absl::OkStatus();
               });
}

grpc::ServerUnaryReactor* QueryService::ListLabels(grpc::CallbackServerContext* context,
                                                   const v1::ListLabelsRequest* request,
                                                   v1::ListLabelsResponse* response) {
  return Unary("ListLabels", context, request, response, NeverLong<v1::ListLabelsRequest>,
               [engine = engine_](const v1::ListLabelsRequest& asked, const query::Context&,
                                  v1::ListLabelsResponse* out) -> absl::Status {
                 FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<storage::SeriesKey> found,
                                            engine->ListSeries(asked.selector()));
                 ToProto(query::LabelNamesOf(found), out);
                 return absl::OkStatus();
               });
}

grpc::ServerUnaryReactor* QueryService::ListLabelValues(grpc::CallbackServerContext* context,
                                                        const v1::ListLabelValuesRequest* request,
                                                        v1::ListLabelValuesResponse* response) {
  return Unary("ListLabelValues", context, request, response, NeverLong<v1::ListLabelValuesRequest>,
               [engine = engine_](const v1::ListLabelValuesRequest& asked, const query::Context&,
                                  v1::ListLabelValuesResponse* out) -> absl::Status {
                 if (asked.label().empty()) {
                   return InvalidArgument(
                       "`label` is empty: name a label, or \"site\"; ListLabels has them");
                 }
                 FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<storage::SeriesKey> found,
                                            engine->ListSeries(asked.selector()));
                 ToProto(query::LabelValuesOf(found, asked.label()), out);
                 return absl::OkStatus();
               });
}

}  // namespace flamekeep::server
