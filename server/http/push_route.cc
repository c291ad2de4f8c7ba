#include "server/http/push_route.h"

#include <memory>
#include <utility>

#include "server/http/http_errors.h"

namespace flamekeep::server {

namespace {

constexpr char kPushMethod[] = "/push.v1.PusherService/Push";

}  // namespace

HttpRoute PushRoute(LocalCalls* calls, PushRouteOptions options) {
  HttpRoute route{.path = std::move(options.path),
                  .methods = options.methods,
                  .blocking = true,
                  .max_body_bytes = options.max_body_bytes,
                  .errors = HttpErrors::kText};
  route.start = [calls, read = std::move(options.read),
                 reply = std::move(options.reply)](const std::shared_ptr<HttpCall>& call) {
    const auto push = read(call->request());
    call->SetBody("");
    if (!push.ok()) return call->Respond(ErrorResponse(push.status(), HttpErrors::kText));
    calls->Unary({.method = kPushMethod, .caller = call->request().client},
                 push->SerializeAsString(), call.get(),
                 [call, reply](const absl::Status& status, const std::string& /*answer*/) {
                   call->Respond(status.ok() ? HttpResponse{.body = reply}
                                             : ErrorResponse(status, HttpErrors::kText));
                 });
  };
  return route;
}

}  // namespace flamekeep::server
