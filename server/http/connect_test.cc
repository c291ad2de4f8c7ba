// Connect against a whole server.
#include "server/http/connect.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "base/gzip.h"
#include "server/http/connect_wire.h"
#include "server/http/raw_client.h"
#include "server/test_server.h"

namespace flamekeep::server {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kJsonHead[] = "Content-Type: application/json\r\n";

class ConnectTest : public TestServer {
 protected:
  void SetUp() override {
    Start();
    ASSERT_TRUE(Push(Folded("web1"), 1, "main;run 3\nmain;stop 4\n").first.ok());
  }

  FetchedReply Post(std::string_view method, std::string_view headers, std::string_view body) {
    return Fetch(server_->http_address(), "POST", "/flamekeep.v1." + std::string(method), headers,
                 body);
  }

  template <typename Message>
  static std::string Json(const Message& message) {
    std::string json;
    EXPECT_TRUE(google::protobuf::util::MessageToJsonString(message, &json).ok());
    return json;
  }

  static v1::TopRequest TopOfLastHour() {
    v1::TopRequest request;
    *request.mutable_selection() = LastHour();
    return request;
  }

  // The messages of a stream; the last one is the end.
  static std::vector<std::pair<int, std::string>> Envelopes(std::string_view body) {
    std::vector<std::pair<int, std::string>> out;
    while (body.size() >= 5) {
      size_t length = 0;
      for (size_t i = 1; i < 5; ++i) length = length << 8 | static_cast<uint8_t>(body[i]);
      out.emplace_back(body[0], body.substr(5, length));
      body.remove_prefix(std::min(body.size(), 5 + length));
    }
    EXPECT_TRUE(body.empty());
    return out;
  }
};

TEST_F(ConnectTest, AnswersInJson) {
  const FetchedReply reply = Post("QueryService/Top", kJsonHead, Json(TopOfLastHour()));
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.Header("Content-Type"), "application/json");
  EXPECT_THAT(reply.body, AllOf(HasSubstr(R"({"function":"stop","self":"4","total":"4")"),
                                HasSubstr(R"("total":"7","observations":"2")")));
}

TEST_F(ConnectTest, AnswersInBinaryAsGrpcDoes) {
  const FetchedReply reply = Post("QueryService/Top",
                                  "Content-Type: application/proto\r\n"
                                  "Connect-Protocol-Version: 1\r\nConnect-Timeout-Ms: 20000\r\n",
                                  TopOfLastHour().SerializeAsString());
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.Header("Content-Type"), "application/proto");
  v1::TopResponse response;
  ASSERT_TRUE(response.ParseFromString(reply.body));
  grpc::ClientContext context;
  v1::TopResponse by_grpc;
  ASSERT_TRUE(query_->Top(&context, TopOfLastHour(), &by_grpc).ok());
  by_grpc.clear_stats();
  response.clear_stats();
  EXPECT_EQ(response.SerializeAsString(), by_grpc.SerializeAsString());
}

TEST_F(ConnectTest, WebPagesMayAskAndNotChange) {
  const std::string from_page = std::string(kJsonHead) + "Origin: http://evil.example:4040\r\n";
  EXPECT_EQ(Post("QueryService/Top", from_page, Json(TopOfLastHour())).status, 200);
  for (const char* method : {"AdminService/Delete", "IngestService/IngestBatch"}) {
    EXPECT_EQ(Post(method, from_page, "{}").status, 403) << method;
  }
}

TEST_F(ConnectTest, TakesAndGivesGzip) {
  std::string lines;
  for (int i = 0; i < 500; ++i) lines += "main;function_" + std::to_string(i) + " 1\n";
  ASSERT_TRUE(Push(Folded("web2"), 1, lines).first.ok());
  const FetchedReply reply =
      Post("QueryService/Top",
           "Content-Type: application/json\r\nContent-Encoding: gzip\r\nAccept-Encoding: gzip\r\n",
           *Gzip(Json(TopOfLastHour())));
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.Header("Content-Encoding"), "gzip");
  EXPECT_THAT(*Gunzip(reply.body, size_t{1} << 20), HasSubstr("function_109"));
}

TEST_F(ConnectTest, ErrorsAreJsonWithTheirStatus) {
  const auto expect = [&](const FetchedReply& reply, int status, std::string_view code) {
    EXPECT_EQ(reply.status, status) << reply.body;
    EXPECT_EQ(reply.Header("Content-Type"), "application/json");
    EXPECT_THAT(reply.body, HasSubstr("{\"code\":\"" + std::string(code) + "\",\"message\":\""));
  };
  expect(Post("QueryService/Top", kJsonHead, "{"), 400, "invalid_argument");
  expect(Post("QueryService/Top", kJsonHead, R"({"selektion": {}})"), 400, "invalid_argument");
  expect(Post("QueryService/Top", kJsonHead, "{}"), 400, "invalid_argument");
  expect(Post("QueryService/Top", "Content-Type: application/proto\r\n", "\xff\xff"), 501,
         "unimplemented");
  v1::TopRequest unknown = TopOfLastHour();
  unknown.mutable_selection()->set_selector("nothing");
  expect(Post("QueryService/Top", kJsonHead, Json(unknown)), 404, "not_found");
  expect(Post("QueryService/Top", "Content-Type: text/plain\r\n", "{}"), 415, "unimplemented");
  expect(Post("QueryService/Top", "Content-Type: application/connect+json\r\n", "{}"), 415,
         "unimplemented");
  expect(Post("QueryService/Top", std::string(kJsonHead) + "Connect-Protocol-Version: 2\r\n", "{}"),
         400, "invalid_argument");
  expect(Post("QueryService/Top", std::string(kJsonHead) + "Connect-Timeout-Ms: soon\r\n", "{}"),
         400, "invalid_argument");
  expect(Post("IngestService/Ingest", kJsonHead, "{}"), 505, "unimplemented");
  EXPECT_EQ(Post("QueryService/Nothing", kJsonHead, "{}").status, 404);
}

TEST_F(ConnectTest, TheDeadlineIsTheMethods) {
  const FetchedReply reply =
      Post("QueryService/Top", std::string(kJsonHead) + "Connect-Timeout-Ms: 0\r\n",
           Json(TopOfLastHour()));
  EXPECT_EQ(reply.status, 504) << reply.body;
  EXPECT_THAT(reply.body, HasSubstr("deadline_exceeded"));
}

TEST_F(ConnectTest, WhatHasNoSideEffectsAnswersToGet) {
  const std::string path =
      "/flamekeep.v1.QueryService/ListLabelValues?connect=v1&encoding=json&message=";
  const FetchedReply plain =
      Fetch(server_->http_address(), "GET", path + "%7B%22label%22%3A%22site%22%7D");
  EXPECT_EQ(plain.status, 200) << plain.body;
  EXPECT_THAT(plain.body, HasSubstr("eqiad"));
  // {"label":"site"}
  EXPECT_EQ(Fetch(server_->http_address(), "GET", path + "eyJsYWJlbCI6InNpdGUifQ&base64=1").body,
            plain.body);
  EXPECT_EQ(Fetch(server_->http_address(), "GET", "/flamekeep.v1.AdminService/Delete").status, 405);
  EXPECT_EQ(
      Fetch(server_->http_address(), "GET", "/flamekeep.v1.QueryService/Top?encoding=yaml").status,
      501);
}

TEST_F(ConnectTest, IngestsABatch) {
  v1::IngestBatchRequest request;
  *request.mutable_open() = Folded("web3");
  request.mutable_batch()->set_lines("main;json 5\n");
  request.set_batch_id("one");
  const FetchedReply first = Post("IngestService/IngestBatch", kJsonHead, Json(request));
  EXPECT_EQ(first.status, 200) << first.body;
  EXPECT_THAT(first.body, HasSubstr("\"samples\":\"1\""));
  EXPECT_THAT(Post("IngestService/IngestBatch", kJsonHead, Json(request)).body,
              HasSubstr("\"duplicate\":true"));
}

TEST_F(ConnectTest, StreamsInEnvelopes) {
  v1::RenderRequest request;
  *request.mutable_selection() = LastHour();
  request.set_format(v1::RENDER_FORMAT_FOLDED);
  const FetchedReply reply =
      Post("QueryService/Render",
           "Content-Type: application/connect+proto\r\nConnect-Accept-Encoding: gzip\r\n",
           MakeEnvelope(request.SerializeAsString(), false));
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.complete);
  EXPECT_EQ(reply.Header("Connect-Content-Encoding"), "gzip");
  const auto envelopes = Envelopes(reply.body);
  ASSERT_GE(envelopes.size(), 3u);
  std::string data;
  for (size_t i = 0; i + 1 < envelopes.size(); ++i) {
    v1::RenderResponse response;
    ASSERT_TRUE(response.ParseFromString(envelopes[i].second));
    EXPECT_EQ(response.has_coverage(), i == 0);
    data += response.data();
  }
  EXPECT_EQ(data, "main;run 3\nmain;stop 4\n");
  EXPECT_EQ(envelopes.back(), std::pair(2, std::string("{}")));
}

TEST_F(ConnectTest, AStreamTellsItsErrorAtTheEnd) {
  const std::string head = "Content-Type: application/connect+json\r\n";
  const FetchedReply reply = Post("QueryService/Render", head, MakeEnvelope("{}", false));
  EXPECT_EQ(reply.status, 200);
  const auto envelopes = Envelopes(reply.body);
  ASSERT_EQ(envelopes.size(), 1u);
  EXPECT_EQ(envelopes[0].first, 2);
  EXPECT_THAT(envelopes[0].second, HasSubstr("{\"error\":{\"code\":\"invalid_argument\""));
  EXPECT_THAT(Envelopes(Post("QueryService/Render", head, "{}").body)[0].second,
              HasSubstr("envelope"));
  EXPECT_EQ(Post("QueryService/Render", kJsonHead, "{}").status, 415);
}

TEST_F(ConnectTest, ManyAtOnceGetTheirOwnAnswers) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        const FetchedReply reply = Post("QueryService/Top", kJsonHead, Json(TopOfLastHour()));
        EXPECT_EQ(reply.status, 200) << reply.body;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(ConnectTest, WorksWithoutAGrpcAddress) {
  server_.reset();
  config_.grpc = "off";
  auto server = Server::Start(config_);
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ((*server)->grpc_address(), "");
  const FetchedReply reply = Fetch((*server)->http_address(), "POST",
                                   "/flamekeep.v1.QueryService/ListSeries", kJsonHead, "{}");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_THAT(reply.body, HasSubstr("excimer-wall:samples:count::"));
}

}  // namespace
}  // namespace flamekeep::server
