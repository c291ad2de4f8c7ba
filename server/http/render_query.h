// What /render and /pprof are asked, by their URLs.
//
//   /render?query=excimer-wall{site="eqiad"}&from=now-1d&to=now&format=svg
//
//   query                      a selector (required)
//   from, to                   times as on the command line (base/time_parse.h), 13 digits are
//                              milliseconds; now-1h and now where they are missing. `until` is `to`
//   seconds                    instead of `from`: so many before `to`
//   format                     a name of render_format.h; folded is also called collapsed, and
//                              flamebearer json
//   inverted, min_share, max_nodes, title
//   baseline, baseline_from, baseline_to, width_of_baseline
//                              of format=svg: drawn as a difference; each is that of the selection
//                              where it is missing
//   keep, drop, hide (several times), focus, until_frame, max_depth
//                              the frame filter, of both selections
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_SERVER_HTTP_RENDER_QUERY_H_
#define FLAMEKEEP_SERVER_HTTP_RENDER_QUERY_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "flamekeep/v1/query.pb.h"
#include "server/http/query_string.h"

namespace flamekeep::server {

struct RenderQuery {
  v1::RenderRequest request;
  bool fixed = true;  // no time in it depends on now
};

// `now` is what "now" means; `format` that of a URL without one. Errors: INVALID_ARGUMENT names the
// parameter.
absl::StatusOr<RenderQuery> ParseRenderQuery(const QueryString& query, v1::RenderFormat format,
                                             absl::Time now);

// A time of a URL. Errors: INVALID_ARGUMENT.
absl::StatusOr<absl::Time> ParseUrlTime(std::string_view text, absl::Time now);

// "excimer-wall_2026-11-20T13-00_2026-11-20T14-00.svg": letters, digits and "._-" only.
std::string RenderFileName(const v1::RenderRequest& request);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_RENDER_QUERY_H_
