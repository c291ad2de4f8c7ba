// Routes that take a profile in a form of their own and push it as push.v1.PusherService/Push does.
//
// Thread safety: functions; the routes may be called from several threads.
#ifndef FLAMEKEEP_SERVER_HTTP_PUSH_ROUTE_H_
#define FLAMEKEEP_SERVER_HTTP_PUSH_ROUTE_H_

#include <cstddef>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "compat/pyroscope_push.pb.h"
#include "server/http/http_message.h"
#include "server/http/http_server.h"
#include "server/http/local_calls.h"

namespace flamekeep::server {

struct PushRouteOptions {
  std::string path;
  unsigned methods = kHttpPost;
  size_t max_body_bytes = 0;
  // What is pushed, or what is wrong with the request.
  std::function<absl::StatusOr<::push::v1::PushRequest>(const HttpRequest&)> read;
  std::string reply;  // once it is durable
};

// `calls` outlives it.
HttpRoute PushRoute(LocalCalls* calls, PushRouteOptions options);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_PUSH_ROUTE_H_
