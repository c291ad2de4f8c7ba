// The names that Arc Lamp gives to its files, as URLs below /arclamp/ have them:
//
//   logs/daily/2026-11-20.excimer-wall.index.log          PERIOD/TIME.CHANNEL.TAG.log[.gz]
//   svgs/hourly/2026-11-20_13.excimer-wall.all.fn-EditAction.reversed.svgz
//                                 PERIOD/TIME.CHANNEL.TAG[.fn-LABEL][.reversed].svgz
//
// A time is a UTC day, with the hour for hourly files. A tag is an entry point, or `all`. The
// channel may be left out, as in the configuration that Arc Lamp comes with. A file has one name,
// so that what can be parsed is written the same.
//
// Thread safety: values and pure functions.
#ifndef FLAMEKEEP_SERVER_ARCLAMP_FILE_NAME_H_
#define FLAMEKEEP_SERVER_ARCLAMP_FILE_NAME_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "storage/bucket.h"

namespace flamekeep::server {

// The tag that stands for all samples of a channel.
inline constexpr std::string_view kArcLampAll = "all";

enum class ArcLampKind : uint8_t { kLog, kLogGz, kSvg };

struct ArcLampFile {
  ArcLampKind kind = ArcLampKind::kSvg;
  storage::Bucket bucket{};  // an hour or a day
  std::string channel;       // empty: left out
  std::string tag;
  std::string function;   // the label of a function's graph; empty: none. Of SVGs
  bool reversed = false;  // of SVGs

  bool operator==(const ArcLampFile&) const = default;
};

// Where a path below /arclamp/ leads.
struct ArcLampPath {
  enum class Page : uint8_t {
    kTop,      // ""
    kTree,     // "svgs/"
    kPeriod,   // "svgs/daily/"
    kFile,     // "svgs/daily/2026-11-20.excimer-wall.all.svgz"
    kMetrics,  // "metrics"
  };
  Page page = Page::kTop;
  bool svgs = false;                            // not logs. Of kTree, kPeriod
  storage::Level level = storage::Level::kDay;  // or kHour. Of kPeriod
  ArcLampFile file;                             // of kFile

  bool operator==(const ArcLampPath&) const = default;
};

// Errors: NOT_FOUND shows the form.
absl::StatusOr<ArcLampPath> ParseArcLampPath(std::string_view path);
// The path that leads there.
std::string ArcLampPathText(const ArcLampPath& path);

// "2026-11-20.excimer-wall.index.svgz".
std::string ArcLampFileName(const ArcLampFile& file);
// "2026-11-20" or "2026-11-20_13".
std::string ArcLampTime(const storage::Bucket& bucket);
// The bucket of such a time. Errors: NOT_FOUND.
absl::StatusOr<storage::Bucket> ParseArcLampTime(std::string_view text, storage::Level level);
// "daily" or "hourly".
std::string_view ArcLampPeriod(storage::Level level);

// Whether names can hold it: letters, digits, '_' and '-', a channel also '.'; and no tag looks
// like the part behind it.
bool IsArcLampTag(std::string_view text);
bool IsArcLampChannel(std::string_view text);
// The label of a function.
bool IsArcLampLabel(std::string_view text);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_ARCLAMP_FILE_NAME_H_
