#include "server/arclamp/file_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "base/status.h"
#include "server/text.h"

namespace flamekeep::server {

namespace {

constexpr std::string_view kReversedPart = ".reversed";
constexpr std::string_view kFunctionPart = "fn-";
constexpr std::string_view kLogsFolder = "logs/";
constexpr std::string_view kSvgsFolder = "svgs/";
constexpr std::string_view kMetricsFile = "metrics";
constexpr size_t kMaxPartBytes = 128;
constexpr size_t kDayBytes = 10;   // YYYY-MM-DD
constexpr size_t kHourBytes = 13;  // YYYY-MM-DD_HH

constexpr std::pair<ArcLampKind, std::string_view> kEndings[] = {
    {ArcLampKind::kLog, ".log"}, {ArcLampKind::kLogGz, ".log.gz"}, {ArcLampKind::kSvg, ".svgz"}};

bool IsNamePart(std::string_view text) {
  return !text.empty() && text.size() <= kMaxPartBytes &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isalnum(c) || c == '_' || c == '-'; });
}

bool TakeFront(std::string_view front, std::string_view* text) {
  if (!text->starts_with(front)) return false;
  text->remove_prefix(front.size());
  return true;
}

bool TakeBack(std::string_view back, std::string_view* text) {
  if (!text->ends_with(back)) return false;
  text->remove_suffix(back.size());
  return true;
}

// What stands behind the last '.', which goes with it; all where there is none.
std::string_view TakeLastPart(std::string_view* text) {
  const size_t dot = text->rfind('.');
  const std::string_view part = dot == text->npos ? *text : text->substr(dot + 1);
  text->remove_suffix(dot == text->npos ? text->size() : text->size() - dot);
  return part;
}

// A number of so many digits.
std::optional<int> DigitsAt(std::string_view text, size_t at, size_t digits) {
  const std::string_view part = text.substr(at, digits);
  int number = 0;
  if (!std::all_of(part.begin(), part.end(), absl::ascii_isdigit)) return std::nullopt;
  if (!absl::SimpleAtoi(absl::string_view(part.data(), part.size()), &number)) return std::nullopt;
  return number;
}

absl::Status NoArcLampFile(std::string_view name, bool svgs, storage::Level level) {
  const std::string_view time = level == storage::Level::kDay ? "YYYY-MM-DD" : "YYYY-MM-DD_HH";
  const std::string_view day = level == storage::Level::kDay ? "2026-11-20" : "2026-11-20_13";
  if (svgs) {
    return NotFound(
        "\"{}\" is no {} graph: write {}.CHANNEL.TAG[.fn-LABEL][.reversed].svgz, for example "
        "{}.excimer-wall.index.svgz",
        Shorten(name), ArcLampPeriod(level), time, day);
  }
  return NotFound(
      "\"{}\" is no {} log: write {}.CHANNEL.TAG.log or .log.gz, for example "
      "{}.excimer-wall.index.log",
      Shorten(name), ArcLampPeriod(level), time, day);
}

absl::StatusOr<ArcLampFile> ParseFileName(std::string_view name, bool svgs, storage::Level level) {
  absl::Status wrong = NoArcLampFile(name, svgs, level);
  ArcLampFile file;
  const auto ending = std::find_if(std::begin(kEndings), std::end(kEndings), [&](const auto& one) {
    return (one.first == ArcLampKind::kSvg) == svgs && TakeBack(one.second, &name);
  });
  if (ending == std::end(kEndings)) return wrong;
  file.kind = ending->first;
  const size_t time_bytes = level == storage::Level::kDay ? kDayBytes : kHourBytes;
  const absl::StatusOr<storage::Bucket> bucket =
      ParseArcLampTime(name.substr(0, time_bytes), level);
  if (!bucket.ok()) return wrong;
  file.bucket = *bucket;
  name.remove_prefix(time_bytes);
  if (!TakeFront(".", &name)) return wrong;
  if (svgs) file.reversed = TakeBack(kReversedPart, &name);
  std::string_view part = TakeLastPart(&name);
  if (svgs && TakeFront(kFunctionPart, &part)) {
    if (!IsArcLampLabel(part)) return wrong;
    file.function = std::string(part);
    part = TakeLastPart(&name);
  }
  if (!IsArcLampTag(part)) return wrong;
  file.tag = std::string(part);
  if (part.data() != name.data() && !IsArcLampChannel(name)) return wrong;
  file.channel = std::string(name);
  return file;
}

}  // namespace

bool IsArcLampTag(std::string_view text) {
  return IsNamePart(text) && !text.starts_with(kFunctionPart) && text != kReversedPart.substr(1);
}

bool IsArcLampChannel(std::string_view text) {
  if (text.empty() || text.size() > kMaxPartBytes) return false;
  if (!absl::ascii_isalpha(text.front()) && text.front() != '_') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '.';
  });
}

bool IsArcLampLabel(std::string_view text) { return IsNamePart(text); }

std::string_view ArcLampPeriod(storage::Level level) {
  return level == storage::Level::kDay ? "daily" : "hourly";
}

std::string ArcLampTime(const storage::Bucket& bucket) {
  return absl::FormatTime(bucket.level == storage::Level::kDay ? "%E4Y-%m-%d" : "%E4Y-%m-%d_%H",
                          storage::TimeOf(bucket.start), absl::UTCTimeZone());
}

absl::StatusOr<storage::Bucket> ParseArcLampTime(std::string_view text, storage::Level level) {
  const bool has_hour = level == storage::Level::kHour;
  absl::Status wrong =
      NotFound("\"{}\" is no {}: write {}", Shorten(text), has_hour ? "hour" : "day",
               has_hour ? "YYYY-MM-DD_HH" : "YYYY-MM-DD");
  if (text.size() != (has_hour ? kHourBytes : kDayBytes)) return wrong;
  if (text[4] != '-' || text[7] != '-' || (has_hour && text[kDayBytes] != '_')) return wrong;
  const std::optional<int> year = DigitsAt(text, 0, 4);
  const std::optional<int> month = DigitsAt(text, 5, 2);
  const std::optional<int> day = DigitsAt(text, 8, 2);
  const std::optional<int> hour = has_hour ? DigitsAt(text, kDayBytes + 1, 2) : 0;
  if (!year || !month || !day || !hour) return wrong;
  const absl::CivilHour civil(*year, *month, *day, *hour);
  const std::optional<storage::Minute> minute =
      storage::MinuteOf(absl::FromCivil(civil, absl::UTCTimeZone()));
  if (!minute.has_value()) return wrong;
  const storage::Bucket bucket = storage::BucketAt(level, *minute);
  // February 30 is a day of March.
  if (bucket.end() > storage::kMaxMinute || ArcLampTime(bucket) != text) return wrong;
  return bucket;
}

absl::StatusOr<ArcLampPath> ParseArcLampPath(std::string_view path) {
  using Page = ArcLampPath::Page;
  const std::string_view whole = path;
  ArcLampPath out;
  if (path.empty()) return out;
  if (path == kMetricsFile) {
    out.page = Page::kMetrics;
    return out;
  }
  absl::Status wrong = NotFound(
      "there is no /arclamp/{}: write /arclamp/svgs/daily/, or hourly, or logs, and a file that is "
      "listed there",
      Shorten(whole));
  out.svgs = TakeFront(kSvgsFolder, &path);
  if (!out.svgs && !TakeFront(kLogsFolder, &path)) return wrong;
  out.page = Page::kTree;
  if (path.empty()) return out;
  out.page = Page::kPeriod;
  if (TakeFront("hourly/", &path)) {
    out.level = storage::Level::kHour;
  } else if (!TakeFront("daily/", &path)) {
    return wrong;
  }
  if (path.empty()) return out;
  out.page = Page::kFile;
  FLAMEKEEP_ASSIGN_OR_RETURN(out.file, ParseFileName(path, out.svgs, out.level));
  return out;
}

std::string ArcLampPathText(const ArcLampPath& path) {
  using Page = ArcLampPath::Page;
  if (path.page == Page::kTop) return "";
  if (path.page == Page::kMetrics) return std::string(kMetricsFile);
  std::string text(path.svgs ? kSvgsFolder : kLogsFolder);
  if (path.page == Page::kTree) return text;
  text += fmt::format("{}/", ArcLampPeriod(path.level));
  return path.page == Page::kPeriod ? text : text + ArcLampFileName(path.file);
}

std::string ArcLampFileName(const ArcLampFile& file) {
  std::string name = ArcLampTime(file.bucket);
  if (!file.channel.empty()) name += "." + file.channel;
  name += "." + file.tag;
  if (!file.function.empty()) name += fmt::format(".{}{}", kFunctionPart, file.function);
  if (file.reversed) name += kReversedPart;
  for (const auto& [kind, ending] : kEndings) {
    if (kind == file.kind) name += ending;
  }
  return name;
}

}  // namespace flamekeep::server
