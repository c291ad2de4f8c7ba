// Methods of QueryService: series, heat maps, and lists of what can be asked for.
#include <utility>
#include <vector>

#include "base/status.h"
#include "query/labels.h"
#include "server/grpc/query_service.h"
#include "server/grpc/query_unary.h"
#include "storage/registry.h"

namespace flamekeep::server {

using FoundSeries = std::vector<storage::SeriesKey>;

grpc::ServerUnaryReactor* QueryService::Series(grpc::CallbackServerContext* context,
                                               const v1::SeriesRequest* request,
                                               v1::SeriesResponse* response) {
  return Ask(
      "Series", context, request, response,
      [engine = engine_](const auto& asked, const query::Context& bounds) {
        return engine->SeriesIsLong(asked.selection, asked.options, bounds);
      },
      [engine = engine_](const auto& asked, const query::Context& bounds) {
        return engine->MakeSeries(asked.selection, asked.options, bounds);
      });
}

grpc::ServerUnaryReactor* QueryService::HeatMap(grpc::CallbackServerContext* context,
                                                const v1::HeatMapRequest* request,
                                                v1::HeatMapResponse* response) {
  return Ask(
      "HeatMap", context, request, response,
      [engine = engine_](const auto& asked, const query::Context& bounds) {
        return engine->HeatMapIsLong(asked.selection, asked.options, bounds);
      },
      [engine = engine_](const auto& asked, const query::Context& bounds) {
        return engine->MakeHeatMap(asked.selection, asked.options, bounds);
      });
}

grpc::ServerUnaryReactor* QueryService::ListSeries(grpc::CallbackServerContext* context,
                                                   const v1::ListSeriesRequest* request,
                                                   v1::ListSeriesResponse* response) {
  return List("ListSeries", context, request, response,
              [](FoundSeries found, const v1::ListSeriesRequest&) -> absl::StatusOr<FoundSeries> {
                return found;
              });
}

grpc::ServerUnaryReactor* QueryService::ListProfileTypes(grpc::CallbackServerContext* context,
                                                         const v1::ListProfileTypesRequest* request,
                                                         v1::ListProfileTypesResponse* response) {
  return List("ListProfileTypes", context, request, response,
              [engine = engine_](const FoundSeries& found, const v1::ListProfileTypesRequest&)
                  -> absl::StatusOr<std::vector<query::ListedProfileType>> {
                FLAMEKEEP_ASSIGN_OR_RETURN(const FoundSeries all, engine->ListSeries(""));
                return query::ProfileTypesOf(found, all);
              });
}

grpc::ServerUnaryReactor* QueryService::ListLabels(grpc::CallbackServerContext* context,
                                                   const v1::ListLabelsRequest* request,
                                                   v1::ListLabelsResponse* response) {
  return List("ListLabels", context, request, response,
              [](const FoundSeries& found,
                 const v1::ListLabelsRequest&) -> absl::StatusOr<std::vector<query::LabelName>> {
                return query::LabelNamesOf(found);
              });
}

grpc::ServerUnaryReactor* QueryService::ListLabelValues(grpc::CallbackServerContext* context,
                                                        const v1::ListLabelValuesRequest* request,
                                                        v1::ListLabelValuesResponse* response) {
  return List("ListLabelValues", context, request, response,
              [](const FoundSeries& found, const v1::ListLabelValuesRequest& asked)
                  -> absl::StatusOr<std::vector<query::LabelValue>> {
                if (asked.label().empty()) {
                  return InvalidArgument(
                      "`label` is empty: name a label, or \"site\"; ListLabels has them");
                }
                return query::LabelValuesOf(found, asked.label());
              });
}

}  // namespace flamekeep::server
