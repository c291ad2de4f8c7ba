#include "cli/arclamp_plan.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/status.h"
#include "base/time_parse.h"
#include "cli/test_util.h"

namespace flamekeep::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// "2026-11-20T13 excimer-wall all", "2026-11-20 - index gz"
std::string Described(std::string_view name) {
  const auto parsed = ParseArcLampName(name);
  if (!parsed) return "none";
  std::string text = absl::FormatCivilTime(parsed->hour);
  if (parsed->is_daily) text.resize(10);
  return fmt::format("{} {} {} {}", text, parsed->channel.empty() ? "-" : parsed->channel,
                     parsed->tag, parsed->compression);
}

TEST(ParseArcLampName, TellsTimeChannelAndTag) {
  const struct {
    std::string_view name;
    std::string_view want;
  } cases[] = {
      {"2026-11-20_13.excimer-wall.all.log", "2026-11-20T13 excimer-wall all 0"},
      {"2026-11-20_00.excimer.RunSingleJob.log.gz", "2026-11-20T00 excimer RunSingleJob 1"},
      {"2026-11-20.excimer-wall.index.log.zst", "2026-11-20 excimer-wall index 2"},
      {"2026-11-20_13.all.log", "2026-11-20T13 - all 0"},
      {"2026-11-20.all.log", "2026-11-20 - all 0"},
      {"2026-11-20.a.b-c.all.log", "2026-11-20 a.b-c all 0"},
      {"2024-02-29.x.all.log", "2024-02-29 x all 0"},
      {"2026-11-20_24.x.all.log", "none"},
      {"2026-02-29.x.all.log", "none"},
      {"2026-11.x.all.log", "none"},
      {"2026-11-20.log", "none"},
      {"2026-11-20..log", "none"},
      {"2026-11-20.x.thumb-handler.log", "none"},
      {"2026-11-20.1x.all.log", "none"},
      {"2026-11-20_13.excimer-wall.all.svgz", "none"},
      {"2026-11-20_13.excimer-wall.all.log.xz", "none"},
      {"2026-11-20_13.excimer-wall.all.log.gz.tmp", "none"},
      {"all.log", "none"},
      {"", "none"},
  };
  for (const auto& c : cases) EXPECT_EQ(Described(c.name), c.want) << c.name;
}

std::vector<LogFile> Listing(const std::vector<std::string>& paths) {
  std::vector<LogFile> files;
  files.reserve(paths.size());
  for (const std::string& path : paths) files.push_back({path, 100, 1});
  return files;
}

std::string UnitText(const ArcLampUnit& unit) {
  std::string text = TimeText(unit.begin) + (unit.is_daily ? " day" : " hour");
  for (const LogFile& file : unit.files) text += " " + file.path;
  return text;
}

// A line for each unit: channel, time, level, files.
std::vector<std::string> Units(const ArcLampPlan& plan) {
  std::vector<std::string> lines;
  for (const auto& [channel, days] : plan.channels) {
    for (const auto& [date, day] : days) {
      for (const ArcLampUnit& unit : day.hours) lines.push_back(channel + " " + UnitText(unit));
      if (day.whole) lines.push_back(channel + " " + UnitText(*day.whole));
    }
  }
  return lines;
}

ArcLampPlan Plan(const std::vector<std::string>& paths, const std::string& type = "",
                 absl::Time until = absl::InfiniteFuture()) {
  const auto plan = PlanArcLamp(Listing(paths), type, until);
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.ok() ? *plan : ArcLampPlan{};
}

TEST(PlanArcLamp, AllBeforeTags) {
  const ArcLampPlan plan =
      Plan({"h/2026-11-20_13.w.all.log", "h/2026-11-20_13.w.index.log", "h/2026-11-20_13.w.api.log",
            "h/2026-11-20_14.w.index.log", "h/2026-11-20_14.w.api.log.gz"});
  EXPECT_THAT(Units(plan), ElementsAre("w 2026-11-20T13:00Z hour h/2026-11-20_13.w.all.log",
                                       "w 2026-11-20T14:00Z hour h/2026-11-20_14.w.api.log.gz "
                                       "h/2026-11-20_14.w.index.log"));
  EXPECT_EQ(plan.skipped.at(SkipReason::kTagLog).size(), 2U);
}

TEST(PlanArcLamp, PlainBeforeCompressedAndOneOfTwins) {
  const ArcLampPlan plan = Plan({"a/2026-11-20_13.w.all.log.gz", "a/2026-11-20_13.w.all.log",
                                 "b/2026-11-20_13.w.all.log", "a/2026-11-20_14.w.all.log.zst",
                                 "a/2026-11-20_14.w.all.log.gz"});
  EXPECT_THAT(Units(plan), ElementsAre("w 2026-11-20T13:00Z hour a/2026-11-20_13.w.all.log",
                                       "w 2026-11-20T14:00Z hour a/2026-11-20_14.w.all.log.gz"));
  EXPECT_THAT(plan.skipped.at(SkipReason::kTwin),
              ElementsAre("b/2026-11-20_13.w.all.log", "a/2026-11-20_13.w.all.log.gz",
                          "a/2026-11-20_14.w.all.log.zst"));
}

TEST(PlanArcLamp, ChannelsAndDaysStandApart) {
  const ArcLampPlan plan =
      Plan({"d/2026-11-20.excimer.all.log", "d/2026-11-20.excimer-wall.all.log",
            "d/2026-11-21.excimer.all.log", "h/2026-11-20_23.excimer.all.log"});
  EXPECT_THAT(Units(plan),
              ElementsAre("excimer 2026-11-20T23:00Z hour h/2026-11-20_23.excimer.all.log",
                          "excimer 2026-11-20T00:00Z day d/2026-11-20.excimer.all.log",
                          "excimer 2026-11-21T00:00Z day d/2026-11-21.excimer.all.log",
                          "excimer-wall 2026-11-20T00:00Z day d/2026-11-20.excimer-wall.all.log"));
}

TEST(PlanArcLamp, HoursAreCompleteOnlyWithAll24OfAll) {
  std::vector<std::string> paths;
  paths.reserve(24);
  for (int hour = 0; hour < 24; ++hour) {
    paths.push_back(fmt::format("h/2026-11-20_{:02}.w.all.log", hour));
  }
  const absl::CivilDay date(2026, 11, 20);
  EXPECT_TRUE(Plan(paths).channels.at("w").at(date).HoursAreComplete());
  paths[5] = "h/2026-11-20_05.w.index.log";
  EXPECT_FALSE(Plan(paths).channels.at("w").at(date).HoursAreComplete());
  paths.erase(paths.begin() + 5);
  EXPECT_FALSE(Plan(paths).channels.at("w").at(date).HoursAreComplete());
}

TEST(PlanArcLamp, NamesWithoutChannelNeedAType) {
  const auto refused =
      PlanArcLamp(Listing({"h/2026-11-20_13.all.log"}), "", absl::InfiniteFuture());
  EXPECT_TRUE(absl::IsInvalidArgument(refused.status()));
  EXPECT_THAT(Message(refused.status()), HasSubstr("--type"));
  EXPECT_THAT(Units(Plan({"h/2026-11-20_13.all.log", "h/2026-11-20_13.cpu.all.log"}, "wall")),
              ElementsAre("cpu 2026-11-20T13:00Z hour h/2026-11-20_13.cpu.all.log",
                          "wall 2026-11-20T13:00Z hour h/2026-11-20_13.all.log"));
}

TEST(PlanArcLamp, LeavesOutWhatEndsTooLateOrIsNotALog) {
  const absl::Time until = *ParseTime("2026-11-20T14:00", absl::UnixEpoch());
  const ArcLampPlan plan = Plan({"h/2026-11-20_13.w.all.log", "h/2026-11-20_14.w.all.log",
                                 "d/2026-11-20.w.all.log", "d/2026-11-19.w.all.log", "h/notes.log"},
                                "", until);
  EXPECT_EQ(Units(plan).size(), 2U);
  EXPECT_EQ(plan.skipped.at(SkipReason::kTooLate).size(), 2U);
  EXPECT_THAT(plan.skipped.at(SkipReason::kUnknownName), ElementsAre("h/notes.log"));
}

TEST(ListArcLampLogs, FindsLogsFromAnyOfItsFolders) {
  const TempDir dir;
  dir.File("logs/hourly/2026-11-20_13.w.all.log", "a 1\n");
  dir.File("logs/daily/2026-11-20.w.all.log.gz", "zipped");
  dir.File("logs/daily/2026-11-20.w.all.log.gz.tmp", "");
  dir.File("svgs/daily/2026-11-20.w.all.svgz", "");
  for (const char* folder : {"", "/logs", "/logs/"}) {
    const auto files = ListArcLampLogs(dir.path() + folder);
    ASSERT_TRUE(files.ok()) << files.status();
    ASSERT_EQ(files->size(), 2U);
    EXPECT_THAT((*files)[0].path, HasSubstr("daily/2026-11-20.w.all.log.gz"));
    EXPECT_EQ((*files)[1].size, 4U);
    EXPECT_GT((*files)[1].mtime_nanos, int64_t{1'600'000'000'000'000'000});
  }
  EXPECT_EQ(ListArcLampLogs(dir.path() + "/logs/hourly")->size(), 1U);
  EXPECT_TRUE(absl::IsNotFound(ListArcLampLogs(dir.path() + "/none").status()));
  EXPECT_TRUE(absl::IsNotFound(ListArcLampLogs(dir.path() + "/svgs").status()));
}

}  // namespace
}  // namespace flamekeep::cli
