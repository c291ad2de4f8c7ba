#include "base/time_parse.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "base/status.h"

namespace flamekeep {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);

std::optional<absl::Duration> UnitOf(char c) {
  switch (c) {
    case 's':
      return absl::Seconds(1);
    case 'm':
      return absl::Minutes(1);
    case 'h':
      return absl::Hours(1);
    case 'd':
      return kDay;
    case 'w':
      return 7 * kDay;
    default:
      return std::nullopt;
  }
}

// One or more "<digits><unit>", for example "1d12h".
std::optional<absl::Duration> ParseDuration(std::string_view text) {
  constexpr int kMaxDigits = 9;
  if (text.empty()) return std::nullopt;
  absl::Duration sum;
  while (!text.empty()) {
    int64_t number = 0;
    size_t digits = 0;
    while (digits < text.size() && absl::ascii_isdigit(text[digits])) {
      if (digits == kMaxDigits) return std::nullopt;
      number = number * 10 + (text[digits++] - '0');
    }
    if (digits == 0 || digits == text.size()) return std::nullopt;
    const std::optional<absl::Duration> unit = UnitOf(text[digits]);
    if (!unit) return std::nullopt;
    sum += number * *unit;
    text.remove_prefix(digits + 1);
  }
  return sum;
}

std::optional<absl::Time> ParseRelative(std::string_view text, absl::Time now) {
  constexpr std::string_view kNow = "now";
  if (!text.starts_with(kNow)) return std::nullopt;
  text.remove_prefix(kNow.size());
  if (text.empty()) return now;
  const char sign = text.front();
  if (sign != '-' && sign != '+') return std::nullopt;
  const std::optional<absl::Duration> offset = ParseDuration(text.substr(1));
  if (!offset) return std::nullopt;
  return sign == '-' ? now - *offset : now + *offset;
}

std::optional<absl::Time> ParseUnixSeconds(std::string_view text) {
  constexpr size_t kMinDigits = 9;  // fewer could be a date without dashes
  constexpr size_t kMaxDigits = 11;
  if (text.size() < kMinDigits || text.size() > kMaxDigits) return std::nullopt;
  int64_t seconds = 0;
  for (const char c : text) {
    if (!absl::ascii_isdigit(c)) return std::nullopt;
    seconds = seconds * 10 + (c - '0');
  }
  return absl::FromUnixSeconds(seconds);
}

std::optional<absl::Time> ParseCalendar(std::string_view text) {
  // Abseil would also take years of other lengths and blanks around.
  if (text.size() < 10 || !absl::ascii_isdigit(text[0]) || !absl::ascii_isdigit(text[3]) ||
      text[4] != '-') {
    return std::nullopt;
  }
  static constexpr std::array<const char*, 7> kFormats = {"%Y-%m-%d",
                                                          "%Y-%m-%dT%H:%M",
                                                          "%Y-%m-%dT%H:%M:%E*S",
                                                          "%Y-%m-%d%t%H:%M",
                                                          "%Y-%m-%d%t%H:%M:%E*S",
                                                          "%Y-%m-%dT%H:%M%Ez",
                                                          "%Y-%m-%dT%H:%M:%E*S%Ez"};
  std::string upper(text);
  for (char& c : upper) {
    if (c == 't') c = 'T';
    if (c == 'z') c = 'Z';
  }
  for (const char* format : kFormats) {
    absl::Time time;
    std::string error;
    if (absl::ParseTime(format, upper, &time, &error)) return time;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<absl::Time> ParseTime(std::string_view text, absl::Time now) {
  std::optional<absl::Time> time = ParseRelative(text, now);
  if (!time) time = ParseUnixSeconds(text);
  if (!time) time = ParseCalendar(text);
  if (!time) {
    return InvalidArgument(
        "\"{}\" is not a time: write 2026-11-20, 2026-11-20T13:00 (UTC), RFC 3339, now, now-24h "
        "(units s m h d w) or unix seconds",
        text);
  }
  return *time;
}

std::string TimeText(absl::Time time) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  const absl::Duration into_minute =
      time - absl::FromUnixSeconds(absl::ToUnixSeconds(time) / 60 * 60);
  const char* format =
      into_minute == absl::ZeroDuration() ? "%Y-%m-%dT%H:%MZ" : "%Y-%m-%dT%H:%M:%E*SZ";
  return absl::FormatTime(format, time, utc);
}

std::string RoundedDurationText(absl::Duration duration) {
  if (duration < absl::ZeroDuration()) duration = absl::ZeroDuration();
  const int64_t seconds = absl::ToInt64Seconds(duration);
  if (seconds == 0) return fmt::format("{}ms", absl::ToInt64Milliseconds(duration));
  static constexpr std::array<std::pair<int64_t, char>, 4> kUnits = {
      {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}}};
  for (size_t i = 0; i + 1 < kUnits.size(); ++i) {
    const auto [width, unit] = kUnits[i];
    if (seconds < width) continue;
    const auto [next_width, next_unit] = kUnits[i + 1];
    const int64_t rest = seconds % width / next_width;
    if (rest == 0) return fmt::format("{}{}", seconds / width, unit);
    return fmt::format("{}{} {}{}", seconds / width, unit, rest, next_unit);
  }
  return fmt::format("{}s", seconds);
}

}  // namespace flamekeep
