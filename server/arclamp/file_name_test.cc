#include "server/arclamp/file_name.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace flamekeep::server {
namespace {

using storage::Level;
using testing::HasSubstr;

storage::Minute At(int64_t seconds) { return static_cast<storage::Minute>(seconds / 60); }
constexpr int64_t kNamedDay = 1'795'132'800;  // 2026-11-20

ArcLampFile ParseFile(std::string_view path) {
  const absl::StatusOr<ArcLampPath> parsed = ParseArcLampPath(path);
  EXPECT_TRUE(parsed.ok()) << path << ": " << parsed.status();
  if (!parsed.ok()) return {};
  EXPECT_EQ(parsed->page, ArcLampPath::Page::kFile) << path;
  EXPECT_EQ(ArcLampPathText(*parsed), path);
  return parsed->file;
}

std::string FileErrorOf(std::string_view path) {
  const absl::StatusOr<ArcLampPath> parsed = ParseArcLampPath(path);
  if (parsed.ok()) return "no error";
  EXPECT_EQ(parsed.status().code(), absl::StatusCode::kNotFound);
  return Message(parsed.status());
}

TEST(ArcLampFileNameTest, ReadsEveryForm) {
  const ArcLampFile daily{.kind = ArcLampKind::kSvg,
                          .bucket = {Level::kDay, At(kNamedDay)},
                          .channel = "excimer-wall",
                          .tag = "index"};
  EXPECT_EQ(ParseFile("svgs/daily/2026-11-20.excimer-wall.index.svgz"), daily);
  ArcLampFile file = daily;
  file.reversed = true;
  EXPECT_EQ(ParseFile("svgs/daily/2026-11-20.excimer-wall.index.reversed.svgz"), file);
  file.tag = kArcLampAll;
  file.function = "EditAction";
  EXPECT_EQ(ParseFile("svgs/daily/2026-11-20.excimer-wall.all.fn-EditAction.reversed.svgz"), file);
  file.reversed = false;
  file.bucket = {Level::kHour, At(kNamedDay + 13 * 3600)};
  EXPECT_EQ(ParseFile("svgs/hourly/2026-11-20_13.excimer-wall.all.fn-EditAction.svgz"), file);
  file.function.clear();
  file.kind = ArcLampKind::kLog;
  EXPECT_EQ(ParseFile("logs/hourly/2026-11-20_13.excimer-wall.all.log"), file);
  file.kind = ArcLampKind::kLogGz;
  EXPECT_EQ(ParseFile("logs/hourly/2026-11-20_13.excimer-wall.all.log.gz"), file);
  file.channel = "my.own.channel";
  EXPECT_EQ(ParseFile("logs/hourly/2026-11-20_13.my.own.channel.all.log.gz"), file);
  file.channel.clear();
  EXPECT_EQ(ParseFile("logs/hourly/2026-11-20_13.all.log.gz"), file);
}

TEST(ArcLampFileNameTest, ReadsFolders) {
  using Page = ArcLampPath::Page;
  const std::vector<std::pair<std::string_view, ArcLampPath>> folders = {
      {"", {.page = Page::kTop}},
      {"metrics", {.page = Page::kMetrics}},
      {"logs/", {.page = Page::kTree}},
      {"svgs/", {.page = Page::kTree, .svgs = true}},
      {"svgs/daily/", {.page = Page::kPeriod, .svgs = true}},
      {"logs/hourly/", {.page = Page::kPeriod, .level = Level::kHour}}};
  for (const auto& [text, path] : folders) {
    const absl::StatusOr<ArcLampPath> parsed = ParseArcLampPath(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(*parsed, path) << text;
    EXPECT_EQ(ArcLampPathText(path), text);
  }
}

TEST(ArcLampFileNameTest, ShowsTheFormOfWhatIsNone) {
  for (const std::string_view path : {"svgs/daily/2026-11-20.excimer-wall.index.svg",
                                      "svgs/daily/2026-11-20..svgz",
                                      "svgs/daily/2026-11-20.svgz",
                                      "svgs/daily/2026-02-30.excimer.all.svgz",
                                      "svgs/daily/2026-13-01.excimer.all.svgz",
                                      "svgs/daily/1969-12-31.excimer.all.svgz",
                                      "svgs/daily/2026-11-20_13.excimer.all.svgz",
                                      "svgs/daily/2026-11-2x.excimer.all.svgz",
                                      "svgs/daily/2026-11-20.fn-X.svgz",
                                      "svgs/daily/2026-11-20.reversed.svgz",
                                      "svgs/daily/2026-11-20.excimer.all.fn-.svgz",
                                      "svgs/daily/2026-11-20.9excimer.all.svgz",
                                      "svgs/daily/2026-11-20..all.svgz",
                                      "svgs/daily/2026-11-20.excimer.a;b.svgz",
                                      "svgs/daily/../daily/2026-11-20.excimer.all.svgz",
                                      "svgs/daily/.",
                                      "svgs/daily/../..",
                                      "svgs/daily/2026-11-20.excimer.all.reversed.reversed.svgz",
                                      "svgs/daily/2026-11-20.excimer.all.log",
                                      "svgs/daily/+026-11-20.excimer.all.svgz"}) {
    EXPECT_THAT(FileErrorOf(path), HasSubstr("for example 2026-11-20.excimer-wall.index.svgz"))
        << path;
  }
  for (const std::string_view path :
       {"logs/hourly/2026-11-20_24.excimer.all.log", "logs/hourly/2026-11-20_13.excimer.all.svgz",
        "logs/hourly/2026-11-20.excimer.all.log", "logs/hourly/2026-11-20_13.x.a.reversed.log",
        "logs/hourly/2026-11-20_13.x.fn-A.log"}) {
    EXPECT_THAT(FileErrorOf(path), HasSubstr("for example 2026-11-20_13.excimer-wall.index.log"))
        << path;
  }
  for (const std::string_view path : {"svgs", "svgs/weekly/", "/", "metrics/", "../etc/passwd"}) {
    EXPECT_THAT(FileErrorOf(path), HasSubstr("write /arclamp/svgs/daily/")) << path;
  }
  EXPECT_LT(FileErrorOf("svgs/daily/" + std::string(100'000, 'x')).size(), 400);
}

TEST(ArcLampFileNameTest, AnyFileIsReadAsItWasWritten) {
  std::mt19937_64 random(1);
  const std::vector<std::string> channels = {"", "excimer", "excimer-wall", "a.b.c", "_x.log"};
  const std::vector<std::string> tags = {"all", "index", "RunSingleJob", "thumb_handler", "svgz"};
  const std::vector<std::string> labels = {"", "EditAction", "fn-", "reversed", "a_b-c"};
  for (int round = 0; round < 2000; ++round) {
    ArcLampPath path{.page = ArcLampPath::Page::kFile, .svgs = random() % 2 == 0};
    path.level = random() % 2 == 0 ? Level::kDay : Level::kHour;
    path.file.bucket = storage::BucketAt(path.level, random() % 100'000'000);
    path.file.channel = channels[random() % channels.size()];
    path.file.tag = tags[random() % tags.size()];
    path.file.kind = random() % 2 == 0 ? ArcLampKind::kLog : ArcLampKind::kLogGz;
    if (path.svgs) {
      path.file.kind = ArcLampKind::kSvg;
      path.file.function = labels[random() % labels.size()];
      path.file.reversed = random() % 2 == 0;
    }
    EXPECT_EQ(ParseFile(ArcLampPathText(path)), path.file);
  }
}

}  // namespace
}  // namespace flamekeep::server
