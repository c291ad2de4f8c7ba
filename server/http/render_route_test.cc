// /render, /pprof and /pyroscope/render of a whole server.
#include "server/http/render_route.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/gzip.h"
#include "compat/pprof.pb.h"
#include "server/http/raw_client.h"
#include "server/test_server.h"

namespace flamekeep::server {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class RenderRouteTest : public TestServer {
 protected:
  void SetUp() override {
    Start();
    ASSERT_TRUE(Push(Folded("web1"), 1, "main;run 3\nmain;<stop> 4\n").first.ok());
  }

  FetchedReply Ask(std::string_view path, std::string_view headers = "") {
    return Fetch(server_->http_address(), "GET", path, headers);
  }

  static std::string LastHourUrl(std::string_view path, std::string_view more = "") {
    return fmt::format("{}query=excimer-wall&from={}&to={}{}", path,
                       absl::ToUnixSeconds(Now() - absl::Hours(1)),
                       absl::ToUnixSeconds(Now() + absl::Minutes(1)), more);
  }
};

TEST_F(RenderRouteTest, GivesEveryFormatWithItsType) {
  const auto type = [&](std::string_view format) {
    const FetchedReply reply = Ask(LastHourUrl("/render?", "&format=" + std::string(format)));
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_TRUE(reply.complete);
    EXPECT_FALSE(reply.body.empty());
    EXPECT_THAT(reply.Header("Content-Disposition"), HasSubstr("filename=\"excimer-wall_"));
    return reply.Header("Content-Type");
  };
  EXPECT_THAT(type("folded"), StartsWith("text/plain"));
  EXPECT_EQ(type("svg"), "image/svg+xml");
  EXPECT_EQ(type("pprof"), "application/octet-stream");
  EXPECT_EQ(type("speedscope"), "application/json");
  EXPECT_EQ(type("flamebearer"), "application/json");
  EXPECT_EQ(type("d3"), "application/json");
  EXPECT_EQ(Ask(LastHourUrl("/render?", "&format=collapsed")).body,
            Render(v1::RENDER_FORMAT_FOLDED).second);
  EXPECT_THAT(Ask(LastHourUrl("/render?")).body, HasSubstr("&lt;stop&gt;"));
}

TEST_F(RenderRouteTest, DrawsADifference) {
  const FetchedReply reply = Ask(LastHourUrl("/render?", "&baseline_from=now-2h"));
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_THAT(reply.body, HasSubstr("<svg"));
}

TEST_F(RenderRouteTest, PacksTextForWhoTakesIt) {
  std::string lines;
  for (int i = 0; i < 3000; ++i) lines += "main;function_" + std::to_string(i) + " 1\n";
  ASSERT_TRUE(Push(Folded("web2"), 1, lines).first.ok());
  const std::string url = LastHourUrl("/render?", "&format=folded");
  const FetchedReply packed = Ask(url, "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(packed.Header("Content-Encoding"), "gzip");
  EXPECT_TRUE(packed.complete);
  EXPECT_EQ(*Gunzip(packed.body, size_t{10} << 20), Ask(url).body);
}

TEST_F(RenderRouteTest, WhoHasItIsToldSo) {
  for (const char* format :
       {"folded", "svg", "pprof", "speedscope", "flamebearer", "d3", "svg&baseline=excimer-wall"}) {
    const std::string url = LastHourUrl("/render?", "&format=" + std::string(format));
    const FetchedReply first = Ask(url);
    const std::string etag = first.Header("ETag");
    EXPECT_THAT(etag, StartsWith("W/\""));
    EXPECT_EQ(first.Header("Cache-Control"), "no-cache");
    const FetchedReply again = Ask(url, "If-None-Match: \"x\", " + etag + "\r\n");
    EXPECT_EQ(again.status, 304) << format;
    EXPECT_EQ(again.Header("ETag"), etag);
    EXPECT_EQ(again.body, "");
    EXPECT_EQ(Ask(url + "&title=other", "If-None-Match: " + etag + "\r\n").status, 200);
  }
  const std::string url = LastHourUrl("/render?");
  const std::string etag = Ask(url).Header("ETag");
  ASSERT_TRUE(Push(Folded("web3"), 1, "main;more 1\n").first.ok());
  const FetchedReply changed = Ask(url, "If-None-Match: " + etag + "\r\n");
  EXPECT_EQ(changed.status, 200);
  EXPECT_NE(changed.Header("ETag"), etag);
}

TEST_F(RenderRouteTest, ErrorsAreSentences) {
  const auto expect = [&](std::string_view path, int status, std::string_view part) {
    const FetchedReply reply = Ask(path);
    EXPECT_EQ(reply.status, status) << reply.body;
    EXPECT_THAT(reply.Header("Content-Type"), StartsWith("text/plain"));
    EXPECT_THAT(reply.body, HasSubstr(part));
  };
  expect("/render", 400, "query");
  expect("/render?query=nothing", 404, "nothing");
  expect("/render?query=%7B", 400, "");
  expect("/render?query=%ff", 400, "UTF-8");
  expect("/render?query=excimer-wall&from=now&to=now-1h", 400, "");
  expect("/render?query=excimer-wall&format=pprof&inverted=1", 400, "inverted");
}

TEST_F(RenderRouteTest, ServesPprof) {
  const FetchedReply reply = Ask(LastHourUrl("/pprof?"));
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.Header("Content-Encoding"), "");
  perftools::profiles::Profile profile;
  ASSERT_TRUE(profile.ParseFromString(*Gunzip(reply.body, size_t{1} << 20)));
  EXPECT_EQ(profile.duration_nanos(), absl::ToInt64Nanoseconds(absl::Minutes(61)));
  EXPECT_EQ(profile.sample_size(), 2);
}

TEST_F(RenderRouteTest, AnswersPyroscopesOlderWay) {
  const std::string range =
      fmt::format("&from={}&until={}", absl::ToUnixMillis(Now() - absl::Hours(1)),
                  absl::ToUnixMillis(Now() + absl::Minutes(1)));
  const std::string type = "/pyroscope/render?query=excimer-wall:samples:count::%7B%7D";
  const FetchedReply json = Ask(type + range + "&format=json&maxNodes=64&groupBy=x");
  EXPECT_EQ(json.status, 200) << json.body;
  EXPECT_THAT(
      json.body,
      AllOf(HasSubstr("\"flamebearer\":{\"names\":["), HasSubstr("\"numTicks\":7"),
            HasSubstr("\"timeline\":{\"startTime\":"), HasSubstr("\"durationDelta\":60}}")));
  EXPECT_THAT(json.body, HasSubstr("0,7,0"));
  EXPECT_THAT(Ask(type + range + "&format=collapsed").body, HasSubstr("main;run 3\n"));
  const FetchedReply empty =
      Ask("/pyroscope/render?query=process_cpu:cpu:nanoseconds:cpu:"
          "nanoseconds%7B%7D&from=now-1h&until=now");
  EXPECT_EQ(empty.status, 200);
  EXPECT_THAT(empty.body, HasSubstr("\"numTicks\":0"));
  EXPECT_EQ(Ask(type + "&format=dot").status, 400);
}

}  // namespace
}  // namespace flamekeep::server
