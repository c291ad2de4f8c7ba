// Files of flame graphs by URL: /render, /pprof (render_query.h has their parameters).
//
// The answer is that of QueryService.Render, sent as render_exchange.h says.
//
// Thread safety: functions; routes may be called from several threads.
#ifndef FLAMEKEEP_SERVER_HTTP_RENDER_ROUTE_H_
#define FLAMEKEEP_SERVER_HTTP_RENDER_ROUTE_H_

#include <vector>

#include "server/http/http_server.h"
#include "server/http/local_calls.h"

namespace flamekeep::server {

// `calls` outlives them.
std::vector<HttpRoute> RenderRoutes(LocalCalls* calls);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_RENDER_ROUTE_H_
