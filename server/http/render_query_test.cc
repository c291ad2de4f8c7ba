#include "server/http/render_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/status.h"
#include "server/grpc/convert.h"

namespace flamekeep::server {
namespace {

using testing::HasSubstr;

const absl::Time kAskedAt = absl::FromUnixSeconds(1'795'222'800);  // 2026-11-21 01:00 UTC

absl::StatusOr<RenderQuery> ParseRender(std::string_view text) {
  const auto query = QueryString::Parse(text);
  if (!query.ok()) return query.status();
  return ParseRenderQuery(*query, v1::RENDER_FORMAT_SVG, kAskedAt);
}

TEST(RenderQueryTest, ReadsAllParameters) {
  const auto query = ParseRender(
      "query=excimer-wall%7Bsite%3D%22eqiad%22%7D&from=2026-11-20&to=2026-11-20T12:00&format=d3&"
      "inverted=1&min_share=0.01&max_nodes=50&title=T&keep=a&keep=file:b&drop=c&hide=d&focus=e&"
      "until_frame=f&max_depth=9");
  ASSERT_TRUE(query.ok()) << query.status();
  const v1::RenderRequest& request = query->request;
  EXPECT_TRUE(query->fixed);
  EXPECT_EQ(request.selection().selector(), "excimer-wall{site=\"eqiad\"}");
  EXPECT_EQ(request.selection().range().begin().seconds(), 1'795'132'800);
  EXPECT_EQ(request.selection().range().end().seconds(), 1'795'176'000);
  EXPECT_EQ(request.format(), v1::RENDER_FORMAT_D3);
  EXPECT_TRUE(request.inverted());
  EXPECT_EQ(request.min_share(), 0.01);
  EXPECT_EQ(request.max_nodes(), 50u);
  EXPECT_EQ(request.title(), "T");
  const v1::FrameFilter& filter = request.selection().filter();
  EXPECT_EQ(filter.keep(0).function(), "a");
  EXPECT_EQ(filter.keep(1).file(), "b");
  EXPECT_EQ(filter.drop(0).function(), "c");
  EXPECT_EQ(filter.hide(0).function(), "d");
  EXPECT_EQ(filter.focus().function(), "e");
  EXPECT_EQ(filter.until().function(), "f");
  EXPECT_EQ(filter.max_depth(), 9u);
  EXPECT_FALSE(request.has_baseline());
}

TEST(RenderQueryTest, HasUsualValues) {
  const auto query = ParseRender("query=x");
  ASSERT_TRUE(query.ok()) << query.status();
  EXPECT_FALSE(query->fixed);
  EXPECT_EQ(query->request.format(), v1::RENDER_FORMAT_SVG);
  const v1::TimeRange& range = query->request.selection().range();
  EXPECT_EQ(range.begin().seconds(), absl::ToUnixSeconds(kAskedAt) - 3600);
  EXPECT_EQ(range.end().seconds(), absl::ToUnixSeconds(kAskedAt));
  const auto seconds = ParseRender("query=x&seconds=30&until=1795176000000&format=collapsed");
  EXPECT_TRUE(seconds->fixed);
  EXPECT_EQ(seconds->request.selection().range().begin().seconds(), 1'795'175'970);
  EXPECT_EQ(seconds->request.format(), v1::RENDER_FORMAT_FOLDED);
  EXPECT_EQ(ParseRender("query=x&format=json")->request.format(), v1::RENDER_FORMAT_FLAMEBEARER);
}

TEST(RenderQueryTest, ABaselineIsTheSelectionWhereItIsNotSaid) {
  const auto query = ParseRender(
      "query=x&from=2026-11-20&to=2026-11-21&baseline_from=2026-11-13&"
      "baseline_to=2026-11-14&width_of_baseline=1&keep=a");
  ASSERT_TRUE(query.ok()) << query.status();
  const v1::Selection& baseline = query->request.baseline();
  EXPECT_EQ(baseline.selector(), "x");
  EXPECT_EQ(baseline.range().begin().seconds(), 1'794'528'000);
  EXPECT_EQ(baseline.filter().keep(0).function(), "a");
  EXPECT_TRUE(query->request.width_of_baseline());
  EXPECT_TRUE(query->fixed);
  EXPECT_FALSE(ParseRender("query=x&from=2026-11-20&to=2026-11-21&baseline_from=now-1d")->fixed);
}

TEST(RenderQueryTest, ErrorsNameTheParameter) {
  for (const auto& [text, part] :
       {std::pair("", "no query"), std::pair("query=", "no query"),
        std::pair("query=x&from=yesterday", "yesterday"), std::pair("query=x&form=svg", "\"form\""),
        std::pair("query=x&format=png", "format=png"),
        std::pair("query=x&max_nodes=many", "max_nodes=many"),
        std::pair("query=x&max_depth=-1", "max_depth=-1"),
        std::pair("query=x&min_share=x", "min_share=x"),
        std::pair("query=x&inverted=2", "inverted=2"), std::pair("query=%zz", "%zz")}) {
    const auto query = ParseRender(text);
    EXPECT_EQ(query.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(Message(query.status()), HasSubstr(part));
  }
}

TEST(RenderQueryTest, FilesHaveHarmlessNames) {
  const auto query =
      ParseRender("query=excimer-wall%7Bsite%3D%22e%22%7D&from=2026-11-20&to=2026-11-21");
  EXPECT_EQ(RenderFileName(query->request), "excimer-wall_2026-11-20T00-00_2026-11-21T00-00.svg");
  const auto rude = ParseRender("query=%22%0d%0a../x&from=2026-11-20&to=2026-11-21&format=pprof");
  EXPECT_EQ(RenderFileName(rude->request), "---..-x_2026-11-20T00-00_2026-11-21T00-00.pb.gz");
}

}  // namespace
}  // namespace flamekeep::server
