#include "server/http/render_route.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "flamekeep/v1/query.pb.h"
#include "server/http/http_errors.h"
#include "server/http/query_string.h"
#include "server/http/render_exchange.h"
#include "server/http/render_query.h"

namespace flamekeep::server {

namespace {

HttpRoute RenderRoute(LocalCalls* calls, std::string path, v1::RenderFormat format) {
  return {.path = std::move(path),
          .blocking = true,
          .start = [calls, format](std::shared_ptr<HttpCall> call) {
            const absl::StatusOr<QueryString> parsed = QueryString::Parse(call->request().query);
            absl::StatusOr<RenderQuery> query =
                parsed.ok() ? ParseRenderQuery(*parsed, format, absl::Now()) : parsed.status();
            if (!query.ok()) {
              return call->Respond(ErrorResponse(query.status(), HttpErrors::kText));
            }
            std::string name = RenderFileName(query->request);
            SendRendered(calls, {.query = *std::move(query), .name = std::move(name)},
                         std::move(call));
          }};
}

}  // namespace

std::vector<HttpRoute> RenderRoutes(LocalCalls* calls) {
  std::vector<HttpRoute> routes;
  routes.push_back(RenderRoute(calls, "/render", v1::RENDER_FORMAT_SVG));
  routes.push_back(RenderRoute(calls, "/pprof", v1::RENDER_FORMAT_PPROF));
  return routes;
}

}  // namespace flamekeep::server
