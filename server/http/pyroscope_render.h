// Pyroscope's older way to ask for a flame graph, which older datasources use:
//
//   GET /pyroscope/render?query=TYPE{MATCHERS}&from=now-1h&until=now&format=json&maxNodes=1024
//
// json is a flamebearer with a timeline; collapsed is folded text. Parameters that are not known
// are left out. What is not in the store is empty.
//
// Thread safety: functions; routes may be called from several threads.
#ifndef FLAMEKEEP_SERVER_HTTP_PYROSCOPE_RENDER_H_
#define FLAMEKEEP_SERVER_HTTP_PYROSCOPE_RENDER_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "flamekeep/v1/query.pb.h"
#include "server/http/http_server.h"
#include "server/http/local_calls.h"
#include "server/http/query_string.h"

namespace flamekeep::server {

struct PyroscopeQuestion {
  bool can_match = true;     // false: no series can, so the answer is empty
  v1::RenderRequest render;  // folded or flamebearer
  v1::SeriesRequest series;  // of the timeline
};

// Errors: INVALID_ARGUMENT.
absl::StatusOr<PyroscopeQuestion> ParsePyroscopeRender(const QueryString& query, absl::Time now);

// {"startTime": unix seconds, "samples": [...], "durationDelta": seconds}, with a sample for each
// step of the range that was asked for.
std::string PyroscopeTimeline(const v1::SeriesRequest& asked, const v1::SeriesResponse& series);

// `calls` outlives it.
HttpRoute PyroscopeRenderRoute(LocalCalls* calls);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_PYROSCOPE_RENDER_H_
