// Connect's protocol (connectrpc.com/docs/protocol): every method of a gRPC service as an HTTP
// route, `POST /package.Service/Method`, with messages in binary or JSON, unary or as a stream of
// answers, with gzip both ways; what has no side effects also by GET. Streams of requests need
// gRPC: their routes say so.
//
//   curl -d '{"selector": "excimer-wall"}' -H 'Content-Type: application/json'
//       http://localhost:4040/flamekeep.v1.QueryService/ListLabels
//
// The methods themselves run behind gRPC (local_calls.h).
//
// Thread safety: functions; routes may be called from several threads.
#ifndef FLAMEKEEP_SERVER_HTTP_CONNECT_H_
#define FLAMEKEEP_SERVER_HTTP_CONNECT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/http_server.h"
#include "server/http/json_codec.h"
#include "server/http/local_calls.h"

namespace flamekeep::server {

struct ConnectOptions {
  size_t max_body_bytes = size_t{16} << 20;
  UnknownFields unknown_fields = UnknownFields::kRefuse;  // of JSON
};

// The routes of all methods. `calls` outlives them. REQUIRES: the service is linked in.
std::vector<HttpRoute> ConnectRoutes(LocalCalls* calls, std::string_view service,
                                     const ConnectOptions& options);

// One unary method under another path, for protocols that have their own:
// "/v1development/profiles".
HttpRoute RouteToMethod(LocalCalls* calls, std::string path, std::string_view service,
                        std::string_view method, const ConnectOptions& options);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_CONNECT_H_
