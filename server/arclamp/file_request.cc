#include "server/arclamp/file_request.h"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

#include "absl/time/time.h"
#include "base/status.h"
#include "flamekeep/v1/query.pb.h"
#include "query/frame_filter.h"
#include "server/grpc/convert.h"

namespace flamekeep::server {

namespace {

std::string_view UnitName(const storage::Bucket& bucket) {
  return bucket.level == storage::Level::kDay ? "day" : "hour";
}

std::string MinuteText(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%dT%H:%MZ", absl::FromUnixSeconds(time.seconds()),
                          absl::UTCTimeZone());
}

// Whether an answer is what the name says.
absl::Status CheckArcLampCoverage(const ArcLampFile& file, const v1::TimeRange& range,
                                  const v1::Coverage& coverage) {
  if (coverage.observations() == 0) {
    return NotFound(
        "there are no samples of {} in the {} {}: the folder of this URL lists those that have "
        "some",
        file.tag, UnitName(file.bucket), ArcLampTime(file.bucket));
  }
  const v1::TimeRange& covered = coverage.covered();
  if (covered.begin().seconds() == range.begin().seconds() &&
      covered.end().seconds() == range.end().seconds()) {
    return absl::OkStatus();
  }
  return NotFound(
      "the {} {} is kept only as a part of {} to {}: ask for the day, or /render for a range",
      UnitName(file.bucket), ArcLampTime(file.bucket), MinuteText(covered.begin()),
      MinuteText(covered.end()));
}

std::string SavedName(const ArcLampFile& file) {
  std::string name = ArcLampFileName(file);
  // What arrives is the SVG itself.
  if (file.kind == ArcLampKind::kSvg) name.pop_back();
  return name;
}

}  // namespace

std::string ArcLampTitle(const ArcLampFile& file, std::string_view begin) {
  std::string time = ArcLampTime(file.bucket);
  if (!file.channel.empty()) time += "." + file.channel;
  time += "." + file.tag;
  if (!file.function.empty()) time += ".fn-" + file.function;
  if (const size_t at = time.find('_'); at != std::string::npos) time[at] = ' ';
  return fmt::format("{} - {} - {}{}", begin, ArcLampPeriod(file.bucket.level), time,
                     file.reversed ? " - reversed" : "");
}

absl::StatusOr<RenderedFile> ArcLampRendered(const ArcLampFile& file, std::string selector,
                                             const ArcLampUrlConfig& config) {
  RenderedFile out{.name = SavedName(file), .gzip = file.kind == ArcLampKind::kLogGz};
  v1::RenderRequest& request = out.query.request;
  v1::Selection& selection = *request.mutable_selection();
  selection.set_selector(std::move(selector));
  *selection.mutable_range()->mutable_begin() = ToProto(storage::TimeOf(file.bucket.start));
  *selection.mutable_range()->mutable_end() = ToProto(storage::TimeOf(file.bucket.end()));
  if (file.kind == ArcLampKind::kSvg) {
    request.set_format(v1::RENDER_FORMAT_SVG);
    request.set_inverted(file.reversed);
    request.set_title(ArcLampTitle(file, config.title));
  } else {
    request.set_format(v1::RENDER_FORMAT_FOLDED);
    out.headers.emplace_back("Access-Control-Allow-Origin", "*");
  }
  if (!file.function.empty()) {
    const auto function = config.functions.find(file.function);
    if (function == config.functions.end()) {
      return NotFound(
          "there is no function \"{}\" here: name it under `arclamp.functions` in the "
          "configuration, or ask /render with keep=NAME",
          file.function);
    }
    selection.mutable_filter()->add_keep()->set_function(
        query::ExactMatcher(function->second, "").function);
  }
  out.check = [file, range = selection.range()](const v1::Coverage& coverage) {
    return CheckArcLampCoverage(file, range, coverage);
  };
  return out;
}

}  // namespace flamekeep::server
