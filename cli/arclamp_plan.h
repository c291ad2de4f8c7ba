// Arc Lamp writes every sample into four logs: hourly and daily, under its tag and under `all`.
// This decides which of them count, so that each channel and hour counts once:
//
//   hourly before daily      a daily log counts for what the hourly ones leave open
//   `all` before tags        where `all` is missing, the tags' logs together stand for it (samples
//                            without a tag are then missing)
//   one of x.log, x.log.gz   the plain one: while both are there the other is being written
//
// Names are `<time>.[<channel>.]<tag>.log[.gz|.zst]`, times 2026-11-20_13 or 2026-11-20, as in
// logs/hourly/2026-11-20_13.excimer-wall.all.log. A log without a channel in its name belongs to
// the profile type that the caller gives.
//
// A pure function of the listing. Thread safety: functions without state.
#ifndef FLAMEKEEP_CLI_ARCLAMP_PLAN_H_
#define FLAMEKEEP_CLI_ARCLAMP_PLAN_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace flamekeep::cli {

struct LogFile {
  std::string path;
  uint64_t size = 0;
  int64_t mtime_nanos = 0;
};

struct ArcLampName {
  absl::CivilHour hour;  // of a daily log: its first
  bool is_daily = false;
  std::string channel;  // may be empty
  std::string tag;
  int compression = 0;  // 0 plain, 1 gzip, 2 zstd: in the order in which they are preferred
};

// Nothing for a name that is none of Arc Lamp's.
std::optional<ArcLampName> ParseArcLampName(std::string_view file_name);

// What a channel has for one hour or one day: one log, or one for each tag.
struct ArcLampUnit {
  absl::Time begin;
  bool is_daily = false;
  bool from_all = false;
  std::vector<LogFile> files;  // by path
};

struct ArcLampDay {
  std::vector<ArcLampUnit> hours;  // by time
  std::optional<ArcLampUnit> whole;
  // The day's 24 hours are all there, from `all`: the daily log has nothing to add.
  bool HoursAreComplete() const;
};

enum class SkipReason {
  kUnknownName,  // not a name of Arc Lamp's
  kTagLog,       // its samples stand in `all`
  kTwin,         // the same log is there plain or otherwise compressed
  kTooLate,      // it ends after the time given with --until
};
std::string_view SkipText(SkipReason reason);

struct ArcLampPlan {
  // By channel (or profile type), then by day.
  std::map<std::string, std::map<absl::CivilDay, ArcLampDay>> channels;
  std::map<SkipReason, std::vector<std::string>> skipped;  // paths
};

// `type` names the channel of logs that have none in their names; empty: they are an
// INVALID_ARGUMENT error. Logs that end after `until` are left out.
absl::StatusOr<ArcLampPlan> PlanArcLamp(const std::vector<LogFile>& files, const std::string& type,
                                        absl::Time until);

// The logs below `directory`: Arc Lamp's base path (with logs/ in it), its logs/, or one period's
// folder. Errors: NOT_FOUND where there are none.
absl::StatusOr<std::vector<LogFile>> ListArcLampLogs(const std::string& directory);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_ARCLAMP_PLAN_H_
