// The views over functions through a server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

#include "server/test_server.h"

namespace flamekeep::server {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;

class QueryTablesTest : public TestServer {
 protected:
  void SetUp() override {
    Start();
    ASSERT_TRUE(Push(Folded("client"), 1,
                     "/srv/w/index.php;main;parse;parse 3\n/srv/w/index.php;main 5\n"
                     "/srv/w/api.php;main;parse;lex 2\n")
                    .first.ok());
  }

  // Calls a method of the stub with the selection of the last hour.
  template <typename Request, typename Response>
  std::pair<grpc::Status, Response> Call(grpc::Status (v1::QueryService::Stub::*method)(
                                             grpc::ClientContext*, const Request&, Response*),
                                         Request request) {
    if (!request.has_selection()) *request.mutable_selection() = LastHour();
    grpc::ClientContext context;
    Response response;
    grpc::Status status = (query_.get()->*method)(&context, request, &response);
    return {std::move(status), std::move(response)};
  }

  template <typename Request, typename Response>
  void ExpectInvalid(grpc::Status (v1::QueryService::Stub::*method)(grpc::ClientContext*,
                                                                    const Request&, Response*),
                     const Request& request, const std::string& message) {
    const grpc::Status status = Call(method, request).first;
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT) << message;
    EXPECT_THAT(status.error_message(), HasSubstr(message));
  }

  template <typename Rows>
  static std::string RowsText(const Rows& rows) {
    std::string text;
    for (const v1::FunctionRow& row : rows) {
      text += fmt::format("{} {} {} {:.1f} {:.1f}\n", row.function(), row.self(), row.total(),
                          row.self_share(), row.total_share());
    }
    return text;
  }

  static std::string GraphText(const v1::FlameGraphResponse& graph) {
    std::string text;
    for (int i = 0; i < graph.total_size(); ++i) {
      text += fmt::format("{:{}}{} {}\n", "", graph.depth(i),
                          graph.names(static_cast<int>(graph.name(i))), graph.total(i));
    }
    return text;
  }
};

TEST_F(QueryTablesTest, Top) {
  auto [status, top] = Call(&v1::QueryService::Stub::Top, v1::TopRequest());
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(RowsText(top.rows()),
            "main 5 10 0.5 1.0\n"
            "parse 3 5 0.3 0.5\n"
            "lex 2 2 0.2 0.2\n"
            "/srv/w/api.php 0 2 0.0 0.2\n"
            "/srv/w/index.php 0 8 0.0 0.8\n");
  EXPECT_EQ(top.coverage().total(), 10u);
  EXPECT_EQ(top.coverage().version().size(), 32u);
  EXPECT_GT(top.stats().columns(), 0u);

  v1::TopRequest request;
  request.set_by(v1::FUNCTION_ORDER_TOTAL);
  request.set_limit(1);
  request.mutable_function()->mutable_matcher()->set_function("^[a-z]+$");
  std::tie(status, top) = Call(&v1::QueryService::Stub::Top, request);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(RowsText(top.rows()), "main 5 10 0.5 1.0\n");
  EXPECT_EQ(top.rows_left_out(), 2u);
  EXPECT_EQ(top.self_left_out(), 5u);
}

TEST_F(QueryTablesTest, Search) {
  v1::SearchRequest request;
  request.mutable_function()->mutable_matcher()->set_function("parse|lex");
  const auto [status, search] = Call(&v1::QueryService::Stub::Search, request);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(RowsText(search.rows()), "parse 3 5 0.3 0.5\nlex 2 2 0.2 0.2\n");
  EXPECT_EQ(search.matched_total(), 5u);
  EXPECT_DOUBLE_EQ(search.matched_share(), 0.5);
}

TEST_F(QueryTablesTest, Sandwich) {
  v1::SandwichRequest request;
  request.mutable_function()->set_function("parse");
  const auto [status, sandwich] = Call(&v1::QueryService::Stub::Sandwich, request);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(sandwich.total(), 5u);
  EXPECT_EQ(sandwich.self(), 3u);
  EXPECT_DOUBLE_EQ(sandwich.total_share(), 0.5);
  EXPECT_EQ(GraphText(sandwich.callers()),
            "all 5\n parse 5\n  main 5\n   /srv/w/index.php 3\n   /srv/w/api.php 2\n");
  EXPECT_EQ(GraphText(sandwich.callees()), "all 5\n parse 5\n  parse 3\n  lex 2\n");
  EXPECT_EQ(sandwich.coverage().total(), 10u);
  EXPECT_FALSE(sandwich.callers().has_coverage() || sandwich.callees().has_stats());
}

TEST_F(QueryTablesTest, Compare) {
  v1::CompareRequest request;
  request.set_label("entry_point");
  request.mutable_function()->mutable_matcher()->set_function("parse");
  const auto [status, comparison] = Call(&v1::QueryService::Stub::Compare, request);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(comparison.rows_size(), 2);
  EXPECT_EQ(comparison.rows(0).value(), "index");
  EXPECT_EQ(comparison.rows(0).observations(), 2u);
  EXPECT_EQ(comparison.rows(0).total(), 8u);
  EXPECT_DOUBLE_EQ(comparison.rows(0).total_share(), 0.8);
  EXPECT_EQ(comparison.rows(0).function_total(), 3u);
  EXPECT_DOUBLE_EQ(comparison.rows(0).function_share(), 0.375);
  EXPECT_EQ(comparison.rows(1).value(), "api");
  EXPECT_DOUBLE_EQ(comparison.rows(1).function_share(), 1);
}

TEST_F(QueryTablesTest, NothingHasNoRowsAndNoShares) {
  v1::SearchRequest search;
  *search.mutable_selection() = LastHour("excimer-wall{entry_point=\"none\"}");
  search.mutable_function()->mutable_matcher()->set_file("x");
  const auto [status, found] = Call(&v1::QueryService::Stub::Search, search);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(found.rows_size(), 0);
  EXPECT_EQ(found.matched_share(), 0);
}

TEST_F(QueryTablesTest, BadQuestionsGetAnAnswerThatHelps) {
  using Stub = v1::QueryService::Stub;
  v1::TopRequest top;
  top.set_by(static_cast<v1::FunctionOrder>(7));
  ExpectInvalid(&Stub::Top, top, "`by` is 7");
  top.set_by(v1::FUNCTION_ORDER_SELF);
  top.set_limit(100'001);
  ExpectInvalid(&Stub::Top, top, "`limit`");
  *top.mutable_selection() = LastHour();
  top.mutable_selection()->mutable_range()->clear_begin();
  ExpectInvalid(&Stub::Top, top, "no range");

  v1::SearchRequest search;
  ExpectInvalid(&Stub::Search, search, "`function` is not set");
  search.mutable_function()->mutable_matcher()->set_function("(");
  ExpectInvalid(&Stub::Search, search, "no RE2 expression");

  v1::SandwichRequest sandwich;
  ExpectInvalid(&Stub::Sandwich, sandwich, "`function` is not set");
  sandwich.mutable_function()->set_file("x");
  sandwich.mutable_function()->mutable_matcher()->set_function("parse");
  ExpectInvalid(&Stub::Sandwich, sandwich, "a name, or a matcher");

  v1::CompareRequest compare;
  ExpectInvalid(&Stub::Compare, compare, "`label` is not set");
  compare.set_label("host");
  const grpc::Status status = Call(&Stub::Compare, compare).first;
  EXPECT_EQ(status.error_code(), StatusCode::NOT_FOUND);
  EXPECT_THAT(status.error_message(), HasSubstr("entry_point, site"));
}

TEST_F(QueryTablesTest, HonoursTheDeadlineOfTheCaller) {
  v1::TopRequest request;
  *request.mutable_selection() = LastHour();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() - std::chrono::seconds(1));
  v1::TopResponse response;
  EXPECT_EQ(query_->Top(&context, request, &response).error_code(), StatusCode::DEADLINE_EXCEEDED);
}

}  // namespace
}  // namespace flamekeep::server
