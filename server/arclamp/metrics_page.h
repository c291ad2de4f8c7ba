// /arclamp/metrics: the names that alerts on Arc Lamp use, as far as they make sense for a store.
//
//   arclamp_{oldest,newest}_log_seconds{period,profiler,entry,compressed}
//   arclamp_{oldest,newest}_svg_seconds{period,profiler,entry}
//
// Values are Unix times, as those of Arc Lamp are: when the log of an hour or a day was written
// last. Here that is when its last samples came in: to the minute while the hour is young, to the
// end of the hour or day once that is rolled up. An SVG is as old as its samples. `compressed` is
// "yes" for what Arc Lamp would have compressed (listing.h).
//
// The work is bounded, so that a row may be missing: of an entry that none of the nearest 72 hours,
// or 14 days, with samples of its channel has.
// Constant are arclamp_truncated_svg_files_total, 0, and arclamp_oldest_temporary_file_seconds, the
// time of the scrape, as of Arc Lamp where there is no such file. There are no
// arclamp_{log,svg}_bytes_total: nothing is kept as files.
//
// Thread safety: a pure function of the history. Errors: those of the history.
#ifndef FLAMEKEEP_SERVER_ARCLAMP_METRICS_PAGE_H_
#define FLAMEKEEP_SERVER_ARCLAMP_METRICS_PAGE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/arclamp/history.h"

namespace flamekeep::server {

// Prometheus text (http/prometheus_text.h has its content type).
absl::StatusOr<std::string> ArcLampMetricsText(const ArcLampHistory& history, absl::Time now);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_ARCLAMP_METRICS_PAGE_H_
