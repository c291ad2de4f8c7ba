#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "server/test_server.h"

namespace flamekeep::server {
namespace {

using grpc::StatusCode;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Six minutes before a deployment, and six behind it.
class QueryServiceDiffTest : public TestServer {
 protected:
  static constexpr int kMinutes = 6;

  void SetUp() override {
    Start();
    for (int minute = 0; minute < 2 * kMinutes; ++minute) {
      v1::OpenSource open = Folded("client");
      *open.mutable_time() = ToProto(Begin() + absl::Minutes(minute));
      const bool deployed = minute >= kMinutes;
      ASSERT_TRUE(Push(open, 1,
                       fmt::format("index.php;query {}\nindex.php;parse {}\n", deployed ? 50 : 150,
                                   deployed ? 150 : 50))
                      .first.ok());
    }
  }

  static absl::Time Begin() { return Now() - absl::Minutes(30); }

  static v1::Selection Between(int begin, int end) {
    v1::Selection selection;
    selection.set_selector("excimer-wall");
    *selection.mutable_range()->mutable_begin() = ToProto(Begin() + absl::Minutes(begin));
    *selection.mutable_range()->mutable_end() = ToProto(Begin() + absl::Minutes(end));
    return selection;
  }

  static v1::DiffRequest Deployment() {
    v1::DiffRequest request;
    *request.mutable_baseline() = Between(0, kMinutes);
    *request.mutable_selection() = Between(kMinutes, 2 * kMinutes);
    return request;
  }

  std::pair<grpc::Status, v1::DiffResponse> Diff(const v1::DiffRequest& request) {
    grpc::ClientContext context;
    v1::DiffResponse response;
    grpc::Status status = query_->Diff(&context, request, &response);
    return {std::move(status), std::move(response)};
  }

  std::pair<grpc::Status, std::string> RenderDiff(const v1::RenderRequest& request) {
    grpc::ClientContext context;
    const auto reader = query_->Render(&context, request);
    std::string text;
    v1::RenderResponse response;
    while (reader->Read(&response)) text += response.data();
    return {reader->Finish(), std::move(text)};
  }
};

TEST_F(QueryServiceDiffTest, ComparesFunctions) {
  const auto [status, diff] = Diff(Deployment());
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(diff.baseline().total(), 1200u);
  EXPECT_EQ(diff.coverage().total(), 1200u);
  EXPECT_EQ(diff.baseline_buckets(), 6u);
  EXPECT_EQ(diff.buckets(), 6u);
  EXPECT_EQ(diff.function_count(), 3u);
  EXPECT_EQ(diff.beyond_noise(), 2u);
  ASSERT_EQ(diff.functions_size(), 3);
  const v1::DiffResponse::Function& parse = diff.functions(0);
  EXPECT_EQ(parse.function(), "parse");
  EXPECT_EQ(parse.total().baseline(), 300u);
  EXPECT_EQ(parse.total().selection(), 900u);
  EXPECT_EQ(parse.total().baseline_share(), 0.25);
  EXPECT_EQ(parse.total().selection_share(), 0.75);
  EXPECT_EQ(parse.total().difference(), 0.5);
  EXPECT_GT(parse.total().standard_error(), 0);
  EXPECT_LT(parse.total().p_value(), 1e-4);
  EXPECT_EQ(parse.total().verdict(), v1::DIFF_VERDICT_BEYOND_NOISE);
  EXPECT_EQ(parse.self().difference(), 0.5);
  EXPECT_EQ(diff.functions(1).function(), "query");
  EXPECT_EQ(diff.functions(1).total().difference(), -0.5);
  EXPECT_EQ(diff.functions(2).function(), "index.php");
  EXPECT_EQ(diff.functions(2).total().verdict(), v1::DIFF_VERDICT_WITHIN_NOISE);
  EXPECT_FALSE(diff.has_tree());
}

TEST_F(QueryServiceDiffTest, ComparesStacks) {
  v1::DiffRequest request = Deployment();
  request.set_tree(true);
  request.set_limit(1);
  const auto [status, diff] = Diff(request);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(diff.functions_size(), 1);
  const v1::DiffResponse::Tree& tree = diff.tree();
  EXPECT_THAT(tree.depth(), ElementsAre(0, 1, 2, 2));
  EXPECT_THAT(tree.baseline_total(), ElementsAre(1200, 1200, 300, 900));
  EXPECT_THAT(tree.total(), ElementsAre(1200, 1200, 900, 300));
  EXPECT_THAT(tree.baseline_self(), ElementsAre(0, 0, 300, 900));
  EXPECT_THAT(tree.self(), ElementsAre(0, 0, 900, 300));
  EXPECT_THAT(tree.difference(), ElementsAre(0, 0, 0.5, -0.5));
  EXPECT_THAT(tree.verdict(),
              ElementsAre(v1::DIFF_VERDICT_WITHIN_NOISE, v1::DIFF_VERDICT_WITHIN_NOISE,
                          v1::DIFF_VERDICT_BEYOND_NOISE, v1::DIFF_VERDICT_BEYOND_NOISE));
  EXPECT_EQ(tree.names(static_cast<int>(tree.name(2))), "parse");
  EXPECT_EQ(tree.standard_error_size(), 4);
  EXPECT_EQ(tree.p_value_size(), 4);
}

TEST_F(QueryServiceDiffTest, Draws) {
  v1::RenderRequest request;
  *request.mutable_baseline() = Between(0, kMinutes);
  *request.mutable_selection() = Between(kMinutes, 2 * kMinutes);
  request.set_format(v1::RENDER_FORMAT_SVG);
  auto [status, svg] = RenderDiff(request);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(svg, AllOf(HasSubstr("parse (900 samples, 75.00%)\nbaseline 25.00%: +50.00 points"),
                         HasSubstr("What changed in excimer-wall"), HasSubstr("</svg>")));
  request.set_width_of_baseline(true);
  request.set_title("A deployment");
  std::tie(status, svg) = RenderDiff(request);
  EXPECT_THAT(svg, AllOf(HasSubstr("parse (300 samples, 25.00%)\nselection 75.00%: +50.00 points"),
                         HasSubstr("A deployment"), Not(HasSubstr("What changed"))));
  request.set_inverted(true);
  std::tie(status, svg) = RenderDiff(request);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("`inverted`"));
  request.set_inverted(false);
  request.set_format(v1::RENDER_FORMAT_FOLDED);
  std::tie(status, svg) = RenderDiff(request);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("`baseline`"));
}

TEST_F(QueryServiceDiffTest, Errors) {
  v1::DiffRequest request = Deployment();
  request.mutable_baseline()->clear_range();
  EXPECT_THAT(Diff(request).first.error_message(), HasSubstr("baseline: the selection has no"));
  request = Deployment();
  request.mutable_selection()->clear_range();
  EXPECT_EQ(Diff(request).first.error_code(), StatusCode::INVALID_ARGUMENT);
  request = Deployment();
  request.set_limit(100'001);
  EXPECT_EQ(Diff(request).first.error_code(), StatusCode::INVALID_ARGUMENT);
  request = Deployment();
  request.set_min_share(2);
  EXPECT_EQ(Diff(request).first.error_code(), StatusCode::INVALID_ARGUMENT);
  request = Deployment();
  request.mutable_baseline()->set_selector("nothing");
  EXPECT_EQ(Diff(request).first.error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(Diff({}).first.error_code(), StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace flamekeep::server
