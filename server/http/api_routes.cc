#include "server/http/api_routes.h"

#include <iterator>
#include <string_view>
#include <utility>

#include "server/http/connect.h"
#include "server/http/pprof_upload.h"
#include "server/http/pyroscope_ingest.h"
#include "server/http/pyroscope_render.h"
#include "server/http/render_route.h"

namespace flamekeep::server {

namespace {

constexpr std::string_view kOtlpService =
    "opentelemetry.proto.collector.profiles.v1development.ProfilesService";

struct OfferedService {
  std::string_view name;
  // Clients of foreign protocols may be newer than we are; in our own a field that is not known
  // is a mistake that would change numbers.
  UnknownFields unknown_fields;
};

// What Connect offers: the services that GrpcServer has.
constexpr OfferedService kOffered[] = {
    {"flamekeep.v1.IngestService", UnknownFields::kRefuse},
    {"flamekeep.v1.QueryService", UnknownFields::kRefuse},
    {"flamekeep.v1.AdminService", UnknownFields::kRefuse},
    {"querier.v1.QuerierService", UnknownFields::kIgnore},
    {"push.v1.PusherService", UnknownFields::kIgnore},
    {kOtlpService, UnknownFields::kIgnore},
};

void MoveRoutes(std::vector<HttpRoute> from, std::vector<HttpRoute>* to) {
  to->insert(to->end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

std::vector<HttpRoute> ApiRoutes(LocalCalls* calls, const ApiOptions& options) {
  std::vector<HttpRoute> routes;
  for (const OfferedService& service : kOffered) {
    MoveRoutes(ConnectRoutes(calls, service.name,
                             {.max_body_bytes = options.max_body_bytes,
                              .unknown_fields = service.unknown_fields}),
               &routes);
  }
  MoveRoutes(RenderRoutes(calls), &routes);
  routes.push_back(PyroscopeRenderRoute(calls));
  routes.push_back(PyroscopeIngestRoute(calls, options.max_body_bytes));
  routes.push_back(PprofUploadRoute(calls, options.max_body_bytes));
  routes.push_back(RouteToMethod(
      calls, "/v1development/profiles", kOtlpService, "Export",
      {.max_body_bytes = options.max_body_bytes, .unknown_fields = UnknownFields::kIgnore}));
  return routes;
}

}  // namespace flamekeep::server
