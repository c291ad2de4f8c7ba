// Arc Lamp's URLs of a whole server.
#include "server/arclamp/pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/gzip.h"
#include "server/arclamp/file_request.h"
#include "server/http/raw_client.h"
#include "server/test_server.h"

namespace flamekeep::server {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kLines =
    "/srv/w/index.php;main;UploadBase::performUpload;store 3\n"
    "/srv/w/index.php;main;render 2\n"
    "/srv/w/api.php;main;render 4\n"
    "/srv/w/api.php;main;UploadBase::performUploadOfAll 1\n";

class ArcLampPagesTest : public TestServer {
 protected:
  void SetUp() override {
    config_.arclamp.title = "A <wiki>";
    config_.arclamp.functions["Absent"] = "never::called";
    Start();
    ASSERT_TRUE(Push(Folded("web1"), 1, kLines).first.ok());
    ASSERT_TRUE(Push(Folded("web2", "codfw"), 1, "/srv/w/load.php;main 7\n").first.ok());
    hour_ = ArcLampTime(BucketOf(storage::Level::kHour));
    day_ = ArcLampTime(BucketOf(storage::Level::kDay));
  }

  // Of what was pushed.
  static storage::Bucket BucketOf(storage::Level level) {
    return storage::BucketAt(level, *storage::MinuteOf(Now() - absl::Minutes(10)));
  }

  FetchedReply Ask(std::string_view path, std::string_view headers = "") {
    return Fetch(server_->http_address(), "GET", fmt::format("/arclamp/{}", path), headers);
  }
  // Of a form with {} for the time.
  FetchedReply AskDay(std::string_view form, std::string_view headers = "") {
    return Ask(fmt::format(fmt::runtime(form), day_), headers);
  }

  std::string hour_;
  std::string day_;
};

TEST_F(ArcLampPagesTest, LogsAreFoldedLines) {
  const FetchedReply log = AskDay("logs/daily/{}.excimer-wall.index.log");
  EXPECT_EQ(log.status, 200) << log.body;
  EXPECT_EQ(log.body,
            "/srv/w/index.php;main;UploadBase::performUpload;store 3\n"
            "/srv/w/index.php;main;render 2\n");
  EXPECT_THAT(log.Header("Content-Type"), StartsWith("text/plain"));
  EXPECT_EQ(log.Header("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(log.Header("Cache-Control"), "no-cache");
  EXPECT_EQ(Ask(fmt::format("logs/hourly/{}.excimer-wall.index.log", hour_)).body, log.body);

  const FetchedReply gz =
      AskDay("logs/daily/{}.excimer-wall.index.log.gz", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(gz.status, 200);
  EXPECT_EQ(gz.Header("Content-Encoding"), "");
  EXPECT_EQ(gz.Header("Content-Type"), "application/gzip");
  EXPECT_EQ(gz.Header("Content-Disposition"),
            fmt::format("attachment; filename=\"{}.excimer-wall.index.log.gz\"", day_));
  const absl::StatusOr<std::string> unpacked = Gunzip(gz.body, 1 << 20);
  ASSERT_TRUE(unpacked.ok());
  EXPECT_EQ(*unpacked, log.body);
  EXPECT_EQ(AskDay("logs/daily/{}.excimer-wall.index.log.gz").body, gz.body);
}

TEST_F(ArcLampPagesTest, AllHasEveryTagAndSiteIsOne) {
  EXPECT_THAT(AskDay("logs/daily/{}.excimer-wall.all.log").body,
              AllOf(HasSubstr("index.php"), HasSubstr("api.php"), HasSubstr("load.php")));
  EXPECT_EQ(AskDay("logs/daily/{}.excimer-wall.all.log?site=codfw").body,
            "/srv/w/load.php;main 7\n");
  EXPECT_EQ(AskDay("logs/daily/{}.excimer-wall.index.log?site=codfw").status, 404);
  EXPECT_EQ(AskDay("logs/daily/{}.excimer-wall.all.log?site=esams").status, 404);
  EXPECT_EQ(AskDay("logs/daily/{}.excimer-wall.all.log?site=%22").status, 400);
  // The scripts in old drawings put their state there.
  EXPECT_EQ(AskDay("svgs/daily/{}.excimer-wall.all.svgz?x=12&y=100&s=main").status, 200);
}

TEST_F(ArcLampPagesTest, GraphsHaveArcLampsTitlesAndForms) {
  const FetchedReply plain = AskDay("svgs/daily/{}.excimer-wall.all.svgz");
  EXPECT_EQ(plain.status, 200);
  EXPECT_EQ(plain.Header("Content-Type"), "image/svg+xml");
  EXPECT_EQ(plain.Header("Content-Encoding"), "");
  EXPECT_THAT(plain.body,
              HasSubstr(fmt::format("A &lt;wiki&gt; - daily - {}.excimer-wall.all<", day_)));
  const FetchedReply packed =
      AskDay("svgs/daily/{}.excimer-wall.all.svgz", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(packed.Header("Content-Encoding"), "gzip");
  EXPECT_EQ(*Gunzip(packed.body, 10 << 20), plain.body);
  const FetchedReply reversed =
      Ask(fmt::format("svgs/hourly/{}.excimer-wall.all.reversed.svgz", hour_));
  std::string time = hour_;
  time[time.find('_')] = ' ';
  EXPECT_THAT(reversed.body,
              AllOf(HasSubstr(fmt::format("hourly - {}.excimer-wall.all - reversed", time)),
                    HasSubstr("data-inverted=\"1\"")));
}

TEST_F(ArcLampPagesTest, FunctionsHaveGraphsOfTheirOwn) {
  const FetchedReply upload = AskDay("svgs/daily/{}.excimer-wall.all.fn-Upload.svgz");
  EXPECT_EQ(upload.status, 200) << upload.body;
  EXPECT_THAT(upload.body, AllOf(HasSubstr("UploadBase::performUpload (3 samples, 100"),
                                 Not(HasSubstr("performUploadOfAll")), Not(HasSubstr("render"))));
  // There are samples, and none with this function.
  EXPECT_EQ(AskDay("svgs/daily/{}.excimer-wall.all.fn-Absent.reversed.svgz").status, 200);
  const FetchedReply unknown = AskDay("svgs/daily/{}.excimer-wall.all.fn-Nothing.svgz");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body, HasSubstr("`arclamp.functions`"));
}

TEST_F(ArcLampPagesTest, WhatThereIsNotIs404WithASentence) {
  const FetchedReply empty = Ask("svgs/daily/2020-02-29.excimer-wall.index.svgz");
  EXPECT_EQ(empty.status, 404);
  EXPECT_THAT(empty.body, HasSubstr("no samples of index in the day 2020-02-29"));
  EXPECT_EQ(AskDay("svgs/daily/{}.excimer.all.svgz").status, 404);  // no such channel
  EXPECT_EQ(AskDay("svgs/daily/{}.excimer-wall.nothing.svgz").status, 404);
  EXPECT_EQ(Ask("svgs/daily/../../../etc/passwd").status, 404);
  EXPECT_EQ(Ask("svgs/daily/%2e%2e").status, 404);
  EXPECT_EQ(Ask("svgs/daily/?before=yesterday").status, 404);
  EXPECT_EQ(Fetch(server_->http_address(), "POST", "/arclamp/svgs/daily/").status, 405);
}

TEST_F(ArcLampPagesTest, AnHourOfADayWithoutTimesIsNoFile) {
  v1::OpenSource open = Folded("old");
  open.set_kind(v1::OpenSource::KIND_IMPORT);
  open.set_resolution(v1::LEVEL_DAY);
  *open.mutable_time() = ToProto(Now() - absl::Hours(48));
  ASSERT_TRUE(Push(open, 1, kLines).first.ok());
  const storage::Minute minute = *storage::MinuteOf(Now() - absl::Hours(48));
  const FetchedReply hour =
      Ask(fmt::format("logs/hourly/{}.excimer-wall.all.log",
                      ArcLampTime(storage::BucketAt(storage::Level::kHour, minute))));
  EXPECT_EQ(hour.status, 404);
  EXPECT_THAT(hour.body, HasSubstr("is kept only as a part of"));
  EXPECT_EQ(Ask(fmt::format("logs/daily/{}.excimer-wall.all.log",
                            ArcLampTime(storage::BucketAt(storage::Level::kDay, minute))))
                .status,
            200);
}

TEST_F(ArcLampPagesTest, ConditionalRequestsAndHead) {
  const FetchedReply first = AskDay("svgs/daily/{}.excimer-wall.index.svgz");
  const std::string etag = first.Header("ETag");
  ASSERT_FALSE(etag.empty());
  const std::string condition = "If-None-Match: " + etag + "\r\n";
  EXPECT_EQ(AskDay("svgs/daily/{}.excimer-wall.index.svgz", condition).status, 304);
  EXPECT_EQ(AskDay("svgs/daily/{}.excimer-wall.index.reversed.svgz", condition).status, 200);
  const FetchedReply head =
      Fetch(server_->http_address(), "HEAD",
            fmt::format("/arclamp/svgs/daily/{}.excimer-wall.index.svgz", day_));
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.Header("ETag"), etag);
  EXPECT_EQ(head.body, "");
}

TEST_F(ArcLampPagesTest, TheChannelMayBeLeftOutWhereThereIsOne) {
  EXPECT_EQ(AskDay("logs/daily/{}.index.log").body,
            AskDay("logs/daily/{}.excimer-wall.index.log").body);
  EXPECT_THAT(AskDay("svgs/daily/{}.index.svgz").body,
              HasSubstr(fmt::format("daily - {}.index<", day_)));
  v1::OpenSource other = Folded("web1");
  other.set_profile_type("excimer");
  ASSERT_TRUE(Push(other, 1, kLines).first.ok());
  const FetchedReply ambiguous = AskDay("svgs/daily/{}.index.svgz");
  EXPECT_EQ(ambiguous.status, 404);
  EXPECT_THAT(ambiguous.body, HasSubstr(fmt::format("ask for {0}.excimer.index.svgz, "
                                                    "{0}.excimer-wall.index.svgz",
                                                    day_)));
}

TEST_F(ArcLampPagesTest, FoldersLeadToFiles) {
  EXPECT_EQ(Fetch(server_->http_address(), "GET", "/arclamp").Header("Location"), "/arclamp/");
  EXPECT_EQ(Ask("svgs/daily?site=eqiad").Header("Location"), "/arclamp/svgs/daily/?site=eqiad");
  EXPECT_THAT(Ask("").body, AllOf(HasSubstr("href=\"logs/\""), HasSubstr("href=\"metrics\"")));
  EXPECT_THAT(Ask("logs/?site=eqiad").body, HasSubstr("href=\"daily/?site=eqiad\""));
  const FetchedReply page = Ask("svgs/daily/");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.Header("Content-Type"), StartsWith("text/html"));
  for (const std::string_view name :
       {"all.svgz", "all.reversed.svgz", "all.fn-Upload.svgz", "all.fn-Upload.reversed.svgz",
        "load.svgz", "index.reversed.svgz"}) {
    EXPECT_THAT(page.body, HasSubstr(fmt::format("href=\"{}.excimer-wall.{}\"", day_, name)));
  }
  EXPECT_THAT(page.body, Not(HasSubstr("index.fn-")));
  EXPECT_THAT(Ask("svgs/daily/?site=eqiad").body, Not(HasSubstr("wall.load.svgz")));
  EXPECT_THAT(Ask("logs/hourly/").body,
              HasSubstr(fmt::format("href=\"{}.excimer-wall.api.log\"", hour_)));
  EXPECT_THAT(Ask("logs/daily/?before=2020-01-01").body, HasSubstr("There are no samples."));
  EXPECT_THAT(Ask("logs/hourly/?before=2020-01-01_13").body, HasSubstr("There are no samples."));
  EXPECT_THAT(Ask("logs/hourly/?before=2020-01-01").body, HasSubstr("There are no samples."));
  EXPECT_THAT(Ask("logs/hourly/?before=").body, HasSubstr(".api.log\""));
  EXPECT_EQ(Ask("logs/daily/?before=2020-01-01_13").status, 404);
  EXPECT_EQ(Ask("logs/daily/?site=esams").status, 404);
}

TEST_F(ArcLampPagesTest, MetricsAreThoseOfTheStore) {
  const FetchedReply metrics = Ask("metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_THAT(metrics.Header("Content-Type"), StartsWith("text/plain; version=0.0.4"));
  EXPECT_THAT(metrics.body,
              HasSubstr(fmt::format("arclamp_newest_log_seconds{{period=\"hourly\",profiler="
                                    "\"excimer-wall\",entry=\"index\",compressed=\"no\"}} {}\n",
                                    absl::ToUnixSeconds(Now() - absl::Minutes(9)))));
}

}  // namespace
}  // namespace flamekeep::server
