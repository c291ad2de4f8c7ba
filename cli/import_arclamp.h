// Imports a directory of Arc Lamp's logs, as the planner chose them. Each hour or day of a channel
// is a replacement: imported again, a grown log takes the place of what was there, and one that was
// only sorted or compressed since is recognised and left alone.
//
//   owner   arclamp:excimer-wall         whose content it is: the channel
//   source  arclamp:excimer-wall hour    whose numbers and state they are: with the profile type
//   and
//                                        the time, which the server adds, the hour's or the day's
//
// A daily log counts less what the channel's hours have (`subtract_finer`). So that an hour which
// comes later, or grows, does not count twice:
//   1. before an hour is written, the day is marked stale if it was imported before;
//   2. a stale day is imported again after its hours, whatever broke off in between;
//   3. where that can not be (its log is no longer there), the hour is left out.
// A log that has become shorter is left out too: Arc Lamp's logs only grow, so something was lost.
//
// Thread safety: functions without state.
#ifndef FLAMEKEEP_CLI_IMPORT_ARCLAMP_H_
#define FLAMEKEEP_CLI_IMPORT_ARCLAMP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/arclamp_plan.h"
#include "cli/import_file.h"

namespace flamekeep::cli {

struct ArcLampResult {
  uint64_t hours = 0;  // imported, first or again
  uint64_t days = 0;
  uint64_t files = 0;      // of these
  uint64_t unchanged = 0;  // hours and days that were there already
  uint64_t covered = 0;    // days whose 24 hours stand for them
  uint64_t empty = 0;
  v1::IngestCounts counts;
  // One sentence for each hour or day that could not be imported. The others are.
  std::vector<std::string> problems;
};

// `open` has the site and the labels. Errors, which end the import: those of IngestClient.
absl::StatusOr<ArcLampResult> ImportArcLamp(const ArcLampPlan& plan, const v1::OpenSource& open,
                                            const ImportTarget& target);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_IMPORT_ARCLAMP_H_
