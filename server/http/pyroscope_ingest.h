// `POST /ingest`, what Pyroscope's SDKs send:
//
//   /ingest?name=app.cpu{region=eu}&from=1763640000&until=1763640010&format=folded&sampleRate=100
//
// with folded text, a pprof profile, or a form (multipart/form-data) of `profile`, `prev_profile`
// and `sample_type_config`. It becomes a push.v1.PushRequest, so that there is one way in.
//
// `name` is the service, then what is measured ("cpu", "wall", "inuse_space", ...), then labels. A
// folded profile has the type that Pyroscope gives it, such as
// "process_cpu:cpu:nanoseconds:cpu:nanoseconds"; the samples of a timer are as long as `sampleRate`
// says. Replies: 200 without a body.
//
// Thread safety: functions; the route may be called from several threads.
#ifndef FLAMEKEEP_SERVER_HTTP_PYROSCOPE_INGEST_H_
#define FLAMEKEEP_SERVER_HTTP_PYROSCOPE_INGEST_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "compat/pyroscope_push.pb.h"
#include "server/http/http_server.h"
#include "server/http/local_calls.h"

namespace flamekeep::server {

// A part of a form. Points into its body.
struct FormPart {
  std::string_view name;
  std::string_view data;
};

// The parts of a multipart/form-data body. Errors: INVALID_ARGUMENT where it is none.
absl::StatusOr<std::vector<FormPart>> ParseForm(std::string_view content_type,
                                                std::string_view body);

// Errors: INVALID_ARGUMENT for a request that is not as above.
absl::StatusOr<::push::v1::PushRequest> PushOfIngest(const HttpRequest& request);

// `calls` outlives it.
HttpRoute PyroscopeIngestRoute(LocalCalls* calls, size_t max_body_bytes);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_PYROSCOPE_INGEST_H_
