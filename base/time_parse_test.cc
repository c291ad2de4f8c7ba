#include "base/time_parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/status.h"

namespace flamekeep {
namespace {

constexpr int64_t kNowSeconds = 1795222800;  // 2026-11-21T01:00Z

std::string Parsed(std::string_view text) {
  const absl::StatusOr<absl::Time> time = ParseTime(text, absl::FromUnixSeconds(kNowSeconds));
  return time.ok() ? TimeText(*time) : "error";
}

TEST(ParseTime, AcceptsWhatPeopleWrite) {
  const struct {
    std::string_view text;
    std::string_view want;
  } cases[] = {
      {"2026-11-20", "2026-11-20T00:00Z"},
      {"2026-11-20T13:00", "2026-11-20T13:00Z"},
      {"2026-11-20 13:05", "2026-11-20T13:05Z"},
      {"2026-11-20T13:00Z", "2026-11-20T13:00Z"},
      {"2026-11-20t13:00:07z", "2026-11-20T13:00:07Z"},
      {"2026-11-20T13:00:00.25Z", "2026-11-20T13:00:00.25Z"},
      {"2026-11-20T15:00:00+02:00", "2026-11-20T13:00Z"},
      {"2026-11-20T15:30+02:30", "2026-11-20T13:00Z"},
      {"2026-11-19T23:00:00-05:00", "2026-11-20T04:00Z"},
      {"1795222800", "2026-11-21T01:00Z"},
      {"999999960", "2001-09-09T01:46Z"},
      {"now", "2026-11-21T01:00Z"},
      {"now-24h", "2026-11-20T01:00Z"},
      {"now-90s", "2026-11-21T00:58:30Z"},
      {"now-15m", "2026-11-21T00:45Z"},
      {"now-1d12h", "2026-11-19T13:00Z"},
      {"now-2w", "2026-11-07T01:00Z"},
      {"now+5m", "2026-11-21T01:05Z"},
  };
  for (const auto& c : cases) EXPECT_EQ(Parsed(c.text), c.want) << c.text;
}

TEST(ParseTime, RefusesTheRest) {
  for (const std::string_view text : {"",
                                      " ",
                                      "yesterday",
                                      "now-",
                                      "now-h",
                                      "now-5",
                                      "now-5y",
                                      "now 5m",
                                      "now-5m ",
                                      "24h",
                                      "2026",
                                      "2026-11",
                                      "20261120",
                                      "2026-13-01",
                                      "2026-02-30",
                                      "2026-11-20T25:00",
                                      "26-11-20",
                                      "2026-11-20T13",
                                      "2026-11-20T13:00Zjunk",
                                      " 2026-11-20",
                                      "1795222800000",
                                      "12345678",
                                      "now-9999999999d",
                                      "-5"}) {
    EXPECT_EQ(Parsed(text), "error") << text;
  }
}

TEST(ParseTime, ErrorNamesTheTextAndTheWayOut) {
  const auto time = ParseTime("tomorrow", absl::UnixEpoch());
  EXPECT_THAT(Message(time.status()),
              testing::AllOf(testing::HasSubstr("\"tomorrow\""), testing::HasSubstr("now-24h")));
}

TEST(RoundedDurationText, ShowsTwoUnitsAtMost) {
  const struct {
    absl::Duration duration;
    std::string_view want;
  } cases[] = {
      {absl::ZeroDuration(), "0ms"},  {absl::Milliseconds(250), "250ms"},
      {absl::Seconds(41), "41s"},     {absl::Seconds(60), "1m"},
      {absl::Seconds(7501), "2h 5m"}, {absl::Hours(24 * 14 + 3), "14d 3h"},
      {-absl::Seconds(5), "0ms"},
  };
  for (const auto& c : cases) EXPECT_EQ(RoundedDurationText(c.duration), c.want);
}

}  // namespace
}  // namespace flamekeep
