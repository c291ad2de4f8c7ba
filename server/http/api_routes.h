// The HTTP routes over the gRPC services: all that is not a page of endpoints.h.
//
// Thread safety: functions; routes may be called from several threads.
#ifndef FLAMEKEEP_SERVER_HTTP_API_ROUTES_H_
#define FLAMEKEEP_SERVER_HTTP_API_ROUTES_H_

#include <cstddef>
#include <vector>

#include "server/http/http_server.h"
#include "server/http/local_calls.h"

namespace flamekeep::server {

struct ApiOptions {
  size_t max_body_bytes = size_t{16} << 20;
};

// `calls` outlives them.
std::vector<HttpRoute> ApiRoutes(LocalCalls* calls, const ApiOptions& options);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_API_ROUTES_H_
