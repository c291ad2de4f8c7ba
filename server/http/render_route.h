// Files of flame graphs by URL: /render, /pprof (render_query.h has their parameters).
//
// The answer is that of QueryService.Render, streamed, with gzip around text where the caller takes
// it. It has an ETag: its version and what else its bytes depend on. A caller that has it already
// gets 304 as soon as the version is known, which mostly is before anything is made. What is final
// and asked for by fixed times may be kept for a day; all else is asked for again each time.
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
