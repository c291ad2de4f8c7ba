#include "server/grpc/query_service.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/support/sync_stream.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "server/test_server.h"

namespace flamekeep::server {
namespace {

using grpc::StatusCode;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class QueryServiceTest : public TestServer {
 protected:
  void SetUp() override {
    Start();
    ASSERT_TRUE(Push(Folded("client"), 1, "/srv/w/index.php;a 3\n/srv/w/api.php;b 1\n").first.ok());
  }
};

TEST_F(QueryServiceTest, FlameGraphTellsWhatItStandsOn) {
  const auto [status, graph] = FlameGraph();
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(graph.coverage().total(), 4u);
  EXPECT_EQ(graph.coverage().observations(), 2u);
  EXPECT_EQ(graph.coverage().unit(), "count");
  EXPECT_FALSE(graph.coverage().widened());
  EXPECT_THAT(graph.total(), ElementsAre(4, 3, 3, 1, 1));
  EXPECT_THAT(graph.depth(), ElementsAre(0, 1, 2, 1, 2));
  EXPECT_THAT(graph.self(), ElementsAre(0, 0, 3, 0, 1));
  EXPECT_EQ(graph.names(static_cast<int>(graph.name(2))), "a");
}

TEST_F(QueryServiceTest, RendersFoldedAndSvg) {
  auto [status, text] = Render(v1::RENDER_FORMAT_FOLDED, "excimer-wall{entry_point=\"index\"}");
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(text, "/srv/w/index.php;a 3\n");
  std::tie(status, text) = Render(v1::RENDER_FORMAT_SVG);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(text, AllOf(HasSubstr("<svg"), HasSubstr("</svg>"), HasSubstr("excimer-wall 20")));
  std::tie(status, text) = Render(v1::RENDER_FORMAT_UNSPECIFIED);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("`format` is not set"));
  std::tie(status, text) = Render(static_cast<v1::RenderFormat>(77));
  EXPECT_THAT(status.error_message(), HasSubstr("77"));
}

TEST_F(QueryServiceTest, RendersTheFormatsOfOtherTools) {
  auto [status, bytes] = Render(v1::RENDER_FORMAT_PPROF);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(bytes, testing::StartsWith("\x1f\x8b"));
  std::tie(status, bytes) = Render(v1::RENDER_FORMAT_SPEEDSCOPE);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(bytes, AllOf(HasSubstr("\"weights\":[3,1]"), HasSubstr("excimer-wall 20")));
  std::tie(status, bytes) = Render(v1::RENDER_FORMAT_FLAMEBEARER);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(bytes, HasSubstr("[0,3,0,1,0,1,0,0]"));
  std::tie(status, bytes) = Render(v1::RENDER_FORMAT_D3);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(bytes, HasSubstr("{\"name\":\"a\",\"value\":3}"));
}

TEST_F(QueryServiceTest, DrawingsSayWhatTheyLeaveOut) {
  v1::RenderRequest request;
  *request.mutable_selection() = LastHour();
  for (const v1::RenderFormat format :
       {v1::RENDER_FORMAT_SVG, v1::RENDER_FORMAT_FLAMEBEARER, v1::RENDER_FORMAT_D3}) {
    request.set_format(format);
    request.set_max_nodes(3);
    grpc::ClientContext context;
    const auto reader = query_->Render(&context, request);
    v1::RenderResponse head;
    ASSERT_TRUE(reader->Read(&head));
    EXPECT_EQ(head.cut_nodes(), 2u);
    EXPECT_EQ(head.cut_total(), 1u);
    v1::RenderResponse rest;
    while (reader->Read(&rest)) {
    }
    EXPECT_TRUE(reader->Finish().ok());
  }
  request.set_format(v1::RENDER_FORMAT_PPROF);
  request.set_inverted(true);
  grpc::ClientContext context;
  const auto reader = query_->Render(&context, request);
  v1::RenderResponse none;
  EXPECT_FALSE(reader->Read(&none));
  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("`inverted`"));
}

TEST_F(QueryServiceTest, ListsSeries) {
  grpc::ClientContext context;
  v1::ListSeriesResponse response;
  ASSERT_TRUE(query_->ListSeries(&context, {}, &response).ok());
  ASSERT_EQ(response.series_size(), 2);
  EXPECT_EQ(response.series(0).profile_type(), "excimer-wall:samples:count::");
  EXPECT_EQ(response.series(0).site(), "eqiad");
  EXPECT_EQ(response.series(0).labels(0).name(), "entry_point");
  EXPECT_EQ(response.series(0).labels(0).value(), "api");
}

TEST_F(QueryServiceTest, BadQuestionsGetAnAnswerThatHelps) {
  struct Case {
    std::string selector;
    StatusCode code;
    std::string message;
  };
  for (const Case& c : std::vector<Case>{
           {"excimer-wall{", StatusCode::INVALID_ARGUMENT, ""},
           {"excimer-wall{a=~\"(\"}", StatusCode::INVALID_ARGUMENT, ""},
           {"", StatusCode::INVALID_ARGUMENT, ""},
           {"unknown", StatusCode::NOT_FOUND, "excimer-wall"},
           {"excimer-wall{site=\"codfw\"}", StatusCode::NOT_FOUND, "eqiad"},
       }) {
    const grpc::Status status = FlameGraph(c.selector).first;
    EXPECT_EQ(status.error_code(), c.code) << c.selector;
    EXPECT_THAT(status.error_message(), HasSubstr(c.message));
    EXPECT_EQ(Render(v1::RENDER_FORMAT_FOLDED, c.selector).first.error_code(), c.code);
  }

  v1::FlameGraphRequest request;
  *request.mutable_selection() = LastHour();
  request.mutable_selection()->mutable_range()->mutable_begin()->Swap(
      request.mutable_selection()->mutable_range()->mutable_end());
  v1::FlameGraphResponse response;
  {
    grpc::ClientContext context;
    EXPECT_EQ(query_->FlameGraph(&context, request, &response).error_code(),
              StatusCode::INVALID_ARGUMENT);
  }
  request.mutable_selection()->mutable_range()->clear_end();
  {
    grpc::ClientContext context;
    const grpc::Status status = query_->FlameGraph(&context, request, &response);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), HasSubstr("range.end"));
  }
  *request.mutable_selection() = LastHour();
  request.set_min_share(2);
  {
    grpc::ClientContext context;
    EXPECT_EQ(query_->FlameGraph(&context, request, &response).error_code(),
              StatusCode::INVALID_ARGUMENT);
  }
}

TEST_F(QueryServiceTest, HonoursTheDeadlineOfTheCaller) {
  v1::FlameGraphRequest request;
  *request.mutable_selection() = LastHour();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() - std::chrono::seconds(1));
  v1::FlameGraphResponse response;
  EXPECT_EQ(query_->FlameGraph(&context, request, &response).error_code(),
            StatusCode::DEADLINE_EXCEEDED);
}

class QueryLimitsTest : public TestServer {
 protected:
  // Enough distinct stacks for a folded text of several megabytes.
  void PushMuch() {
    const std::string long_name(2'000, 'x');
    for (uint64_t batch = 1; batch <= 8; ++batch) {
      std::string lines;
      for (int i = 0; i < 1'000; ++i) {
        lines += fmt::format("main;{}{}_{} 1\n", long_name, batch, i);
      }
      const grpc::Status status = Push(Folded("client"), batch, lines).first;
      ASSERT_TRUE(status.ok()) << status.error_message();
    }
  }
};

TEST_F(QueryLimitsTest, TheServersOwnTimeout) {
  config_.limits.query_timeout = absl::Nanoseconds(1);
  Start();
  PushMuch();
  const grpc::Status status = FlameGraph().first;
  EXPECT_EQ(status.error_code(), StatusCode::DEADLINE_EXCEEDED) << status.error_message();
}

TEST_F(QueryLimitsTest, AnAnswerThatIsTooLarge) {
  config_.limits.max_reply_bytes = 1'000'000;
  Start();
  PushMuch();
  const grpc::Status status = FlameGraph().first;
  EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("max_nodes"));
}

TEST_F(QueryLimitsTest, AnswersThatNobodyReadsAreBounded) {
  config_.limits.max_reply_bytes = 20'000'000;
  Start();
  PushMuch();
  v1::FlameGraphRequest request;
  *request.mutable_selection() = LastHour();
  // As a stream, which takes an answer only when it is asked to.
  const grpc::internal::RpcMethod method("/flamekeep.v1.QueryService/FlameGraph",
                                         grpc::internal::RpcMethod::SERVER_STREAMING, channel_);
  std::deque<grpc::ClientContext> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::FlameGraphResponse>>> unread;
  for (int i = 0; i < 4; ++i) {
    unread.emplace_back(grpc::internal::ClientReaderFactory<v1::FlameGraphResponse>::Create(
        channel_.get(), method, &contexts.emplace_back(), request));
  }
  const auto status_becomes = [&](StatusCode code) {
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (absl::Now() < deadline) {
      const grpc::Status status = FlameGraph("unknown").first;
      if (status.error_code() == code) return status.error_message();
      absl::SleepFor(absl::Milliseconds(20));
    }
    return std::string("never");
  };
  EXPECT_THAT(status_becomes(StatusCode::RESOURCE_EXHAUSTED), HasSubstr("limits.max_reply"));
  for (grpc::ClientContext& context : contexts) context.TryCancel();
  for (const auto& reader : unread) reader->Finish();
  EXPECT_THAT(status_becomes(StatusCode::NOT_FOUND), HasSubstr("unknown"));
}

TEST_F(QueryLimitsTest, StreamsWhatIsLargerThanAMessage) {
  Start();
  PushMuch();
  const auto [status, text] = Render(v1::RENDER_FORMAT_FOLDED);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(text.size(), size_t{8'000} * 2'010 + 8 * (10 + 2 * 90 + 3 * 900));
}

TEST_F(QueryLimitsTest, AReaderThatGoesAwayFreesItsThread) {
  config_.limits.query_threads = 1;
  Start();
  PushMuch();
  for (int i = 0; i < 5; ++i) {
    v1::RenderRequest request;
    *request.mutable_selection() = LastHour();
    request.set_format(v1::RENDER_FORMAT_FOLDED);
    grpc::ClientContext context;
    const auto reader = query_->Render(&context, request);
    v1::RenderResponse response;
    ASSERT_TRUE(reader->Read(&response));
    context.TryCancel();
    while (reader->Read(&response)) {
    }
    EXPECT_EQ(reader->Finish().error_code(), StatusCode::CANCELLED);
  }
  EXPECT_TRUE(Render(v1::RENDER_FORMAT_FOLDED).first.ok());
}

}  // namespace
}  // namespace flamekeep::server
