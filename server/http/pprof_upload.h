// A pprof file by PUT, or POST:
//
//   curl -T cpu.pb.gz 'http://localhost:4040/upload?name=process_cpu&service_name=web&site=lab'
//
// `name` is that of the profile types; without it they have what Pyroscope calls such a profile.
// All other parameters are labels, as push.v1.PusherService/Push has them, and the file goes that
// way; `time`, `from`, `to`, `until` and `type` are refused, as they would be lost. It counts once,
// however often it is sent with the same parameters within push.dedupe_window. Replies: 200 once it
// is durable, else a sentence.
//
// Thread safety: functions; the route may be called from several threads.
#ifndef FLAMEKEEP_SERVER_HTTP_PPROF_UPLOAD_H_
#define FLAMEKEEP_SERVER_HTTP_PPROF_UPLOAD_H_

#include <cstddef>

#include "absl/status/statusor.h"
#include "compat/pyroscope_push.pb.h"
#include "server/http/http_message.h"
#include "server/http/http_server.h"
#include "server/http/local_calls.h"

namespace flamekeep::server {

// Errors: INVALID_ARGUMENT for a query that is none, those names, or an empty body.
absl::StatusOr<::push::v1::PushRequest> PushOfUpload(const HttpRequest& request);

// `calls` outlives it.
HttpRoute PprofUploadRoute(LocalCalls* calls, size_t max_body_bytes);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_PPROF_UPLOAD_H_
