#include "server/http/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "base/gzip.h"
#include "server/http/raw_client.h"

namespace flamekeep::server {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class HttpServerTest : public testing::Test {
 protected:
  void Start(HttpOptions options = {}) {
    options.address = "127.0.0.1:0";
    options.metrics = &metrics_;
    std::vector<HttpRoute> routes;
    routes.push_back({.path = "/hello", .handle = [](const HttpRequest& request) -> HttpResponse {
                        return {.body = "hello " + request.query};
                      }});
    routes.push_back({.path = "/slow", .blocking = true, .handle = [this](const HttpRequest&) {
                        in_slow_.Notify();
                        go_on_.WaitForNotification();
                        return HttpResponse{.body = "late"};
                      }});
    routes.push_back({.path = "/large", .handle = [](const HttpRequest&) -> HttpResponse {
                        return {.body = std::string(size_t{64} << 20, 'x')};
                      }});
    routes.push_back({.path = "/echo",
                      .methods = kHttpPost,
                      .max_body_bytes = kMaxEcho,
                      .errors = HttpErrors::kJson,
                      .handle = [](const HttpRequest& request) -> HttpResponse {
                        return {
                            .body = request.body + " from " + request.client,
                            .headers = {{"X-Type", std::string(request.Header("content-TYPE"))}}};
                      }});
    routes.push_back({.path = "/below/", .prefix = true, .handle = [](const HttpRequest& request) {
                        return HttpResponse{.body = "below " + request.path};
                      }});
    routes.push_back({.path = "/pieces", .start = [](const std::shared_ptr<HttpCall>& call) {
                        call->Begin({.content_type = "x/y"});
                        WritePiece(call, 0);
                      }});
    routes.push_back({.path = "/cut", .start = [](const std::shared_ptr<HttpCall>& call) {
                        call->Begin({});
                        call->Write("half", [call](bool) { call->End(false); });
                      }});
    routes.push_back({.path = "/dropped", .start = [](const std::shared_ptr<HttpCall>&) {}});
    routes.push_back({.path = "/waits", .start = [this](std::shared_ptr<HttpCall> call) {
                        call->OnGone([this] { gone_.Notify(); });
                        absl::MutexLock lock(&mutex_);
                        waiting_ = std::move(call);
                      }});
    auto server = HttpServer::Start(std::move(options), std::move(routes));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  ~HttpServerTest() override {
    server_.reset();
    absl::MutexLock lock(&mutex_);
    waiting_.reset();
  }

  static void WritePiece(const std::shared_ptr<HttpCall>& call, int number) {
    if (number == 3) return call->End();
    call->Write(std::string(1000, static_cast<char>('a' + number)), [call, number](bool taken) {
      if (taken) WritePiece(call, number + 1);
    });
  }

  std::string Post(std::string_view headers, std::string_view body) {
    RawClient client(address());
    client.Send("POST /echo HTTP/1.1\r\nConnection: close\r\n" + std::string(headers) +
                "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
    return client.ReadAll();
  }

  uint64_t Rejected(std::string_view reason) {
    for (const Metrics::Row& row : metrics_.Rows()) {
      if (row.name == "http_rejected_total" && row.labels[0].second == reason) {
        return static_cast<uint64_t>(row.value);
      }
    }
    return 0;
  }

  // The server counts after it has cut the connection.
  uint64_t WaitForRejected(std::string_view reason) {
    const absl::Time end = absl::Now() + absl::Seconds(10);
    while (Rejected(reason) == 0 && absl::Now() < end) absl::SleepFor(absl::Milliseconds(5));
    return Rejected(reason);
  }

  void WaitUntilHeld(double bytes) {
    const Gauge& held = metrics_.GetGauge("http_held_bytes", "");
    const absl::Time end = absl::Now() + absl::Seconds(10);
    while (held.value() != bytes && absl::Now() < end) absl::SleepFor(absl::Milliseconds(1));
    EXPECT_EQ(held.value(), bytes);
  }

  const std::string& address() const { return server_->address(); }

  static constexpr size_t kMaxEcho = 1000;

  Metrics metrics_;
  absl::Notification gone_;
  absl::Mutex mutex_;
  std::shared_ptr<HttpCall> waiting_ ABSL_GUARDED_BY(mutex_);
  absl::Notification in_slow_;
  absl::Notification go_on_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersAndKeepsTheConnection) {
  Start();
  RawClient client(address());
  ASSERT_TRUE(client.Send("GET /hello?a=b HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_THAT(client.ReadUntil("hello a=b"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Length: 9\r\n")));
  ASSERT_TRUE(client.Send("GET /hello?2 HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_THAT(client.ReadUntil("hello 2"), HasSubstr("hello 2"));
}

TEST_F(HttpServerTest, TakesPipelinedRequests) {
  Start();
  RawClient client(address());
  client.Send("GET /hello?1 HTTP/1.1\r\n\r\nGET /hello?2 HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.ReadAll(), AllOf(HasSubstr("hello 1"), HasSubstr("hello 2")));
}

TEST_F(HttpServerTest, HeadHasNoBody) {
  Start();
  RawClient client(address());
  client.Send("HEAD /hello HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.ReadAll(), AllOf(HasSubstr("Content-Length: 6\r\n"), Not(HasSubstr("hello"))));
}

TEST_F(HttpServerTest, OtherPathsAndMethodsGetASentence) {
  Start();
  EXPECT_THAT(Get(address(), "/nothing\x01here"),
              AllOf(StartsWith("HTTP/1.1 4"), HasSubstr("Connection: close")));
  EXPECT_THAT(Get(address(), "/nothing"),
              AllOf(StartsWith("HTTP/1.1 404"), HasSubstr("there is nothing at /nothing")));
  RawClient client(address());
  client.Send("DELETE /hello HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.ReadAll(), AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("Allow: GET, HEAD")));
}

TEST_F(HttpServerTest, RefusesWhatIsTooLargeOrNoRequest) {
  Start({.max_header_bytes = 1000, .max_body_bytes = 1000});
  RawClient header(address());
  header.Send("GET /hello HTTP/1.1\r\nX: " + std::string(2000, 'x') + "\r\n\r\n");
  EXPECT_THAT(header.ReadAll(), StartsWith("HTTP/1.1 431"));
  RawClient body(address());
  body.Send("GET /hello HTTP/1.1\r\nContent-Length: 2000\r\n\r\n" + std::string(2000, 'x'));
  EXPECT_THAT(body.ReadAll(), StartsWith("HTTP/1.1 413"));
  RawClient garbage(address());
  garbage.Send(std::string("\x16\x03\x01\x00\xff garbage\r\n\r\n", 17));
  EXPECT_THAT(garbage.ReadAll(), StartsWith("HTTP/1.1 400"));
  EXPECT_EQ(Rejected("malformed"), 3u);
}

TEST_F(HttpServerTest, TakesABody) {
  Start();
  EXPECT_THAT(Post("Content-Type: a/b\r\n", "text"),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("X-Type: a/b"),
                    HasSubstr("text from 127.0.0.1")));
  EXPECT_THAT(Post("", ""), HasSubstr(" from 127.0.0.1"));
  RawClient chunked(address());
  chunked.Send("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nte\r\n");
  chunked.Send("3\r\nxt2\r\n0\r\n\r\nPOST /echo HTTP/1.1\r\nContent-Length: 3\r\n\r\ntxt");
  EXPECT_THAT(chunked.ReadUntil("txt from"), AllOf(HasSubstr("text2 from"), HasSubstr("txt from")));
}

TEST_F(HttpServerTest, WebPagesMaySendOnlyWhereARouteSaysSo) {
  Start();
  const std::string refused = Post("Origin: http://evil.example:4040\r\n", "text");
  EXPECT_THAT(refused, AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("permission_denied"),
                             HasSubstr("http://evil.example:4040"), HasSubstr("/echo")));
  EXPECT_THAT(refused, Not(HasSubstr("text from")));
  EXPECT_EQ(Rejected("web_page"), 1u);
  RawClient reader(address());
  reader.Send("GET /hello HTTP/1.1\r\nOrigin: http://a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(reader.ReadAll(), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, AsksForABodyThatWaitsForThat) {
  Start();
  RawClient client(address());
  client.Send("POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), StartsWith("HTTP/1.1 100"));
  client.Send("text");
  EXPECT_THAT(client.ReadUntil("text from"), HasSubstr("text from"));
}

TEST_F(HttpServerTest, UnpacksABody) {
  Start();
  EXPECT_THAT(Post("Content-Encoding: gzip\r\n", *Gzip("packed")), HasSubstr("packed from"));
  EXPECT_THAT(Post("Content-Encoding: gzip\r\n", *Gzip(std::string(100'000, 'x'))),
              AllOf(StartsWith("HTTP/1.1 413"), HasSubstr("{\"code\":\"resource_exhausted\"")));
  EXPECT_THAT(Post("Content-Encoding: gzip\r\n", "plain"),
              AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("invalid_argument")));
  EXPECT_THAT(Post("Content-Encoding: br\r\n", "x"),
              AllOf(StartsWith("HTTP/1.1 501"), HasSubstr("gzip")));
}

TEST_F(HttpServerTest, BoundsABodyInTheFormOfItsRoute) {
  Start();
  EXPECT_THAT(Post("", std::string(kMaxEcho + 1, 'x')),
              AllOf(StartsWith("HTTP/1.1 413"), HasSubstr("application/json"),
                    HasSubstr("at most 1000 bytes")));
  RawClient chunked(address());
  chunked.Send("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
               std::string(1001, 'x') + "\r\n0\r\n\r\n");
  EXPECT_THAT(chunked.ReadAll(), StartsWith("HTTP/1.1 413"));
  EXPECT_EQ(Rejected("malformed"), 2u);
}

TEST_F(HttpServerTest, BoundsAllBodiesTogether) {
  Start({.max_held_bytes = 3000});
  const auto hold = [this] {
    auto holder = std::make_unique<RawClient>(address());
    holder->Send("POST /echo HTTP/1.1\r\nContent-Length: 1000\r\n\r\n" + std::string(900, 'x'));
    return holder;
  };
  const std::unique_ptr<RawClient> first = hold();
  {
    const std::unique_ptr<RawClient> second = hold();
    const std::unique_ptr<RawClient> third = hold();
    WaitUntilHeld(2700);
    EXPECT_THAT(Post("", std::string(900, 'x')),
                AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("Retry-After: 1"),
                      HasSubstr("limits.http_memory")));
    EXPECT_EQ(Rejected("memory"), 1u);
    // There is room to read it, and none to answer.
    EXPECT_THAT(Post("", std::string(200, 'x')), StartsWith("HTTP/1.1 503"));
    EXPECT_EQ(Rejected("memory"), 2u);
  }
  WaitUntilHeld(900);
  first->Send(std::string(100, 'x'));
  EXPECT_THAT(first->ReadUntil(" from"), StartsWith("HTTP/1.1 200"));
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(Post("", std::string(900, 'x')), StartsWith("HTTP/1.1 200"));
  }
}

TEST_F(HttpServerTest, FindsRoutesByTheBeginOfAPath) {
  Start();
  EXPECT_THAT(Get(address(), "/below/a/b?c"), HasSubstr("below /below/a/b"));
  EXPECT_THAT(Get(address(), "/below"), StartsWith("HTTP/1.1 404"));
}

TEST_F(HttpServerTest, AnswersInPieces) {
  Start();
  RawClient client(address());
  client.Send("GET /pieces HTTP/1.1\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("\r\n0\r\n\r\n"),
              AllOf(HasSubstr("Transfer-Encoding: chunked"), HasSubstr("Content-Type: x/y"),
                    HasSubstr("3e8\r\naaa"), HasSubstr("3e8\r\nccc")));
  client.Send("HEAD /pieces HTTP/1.1\r\n\r\nGET /hello?next HTTP/1.1\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("hello next"), HasSubstr("hello next"));
  RawClient old(address());
  old.Send("GET /pieces HTTP/1.0\r\n\r\n");
  EXPECT_THAT(old.ReadAll(),
              AllOf(Not(HasSubstr("chunked")), testing::EndsWith("bccc" + std::string(997, 'c'))));
}

TEST_F(HttpServerTest, WhatIsNotCompleteIsCut) {
  Start();
  RawClient client(address());
  client.Send("GET /cut HTTP/1.1\r\n\r\n");
  EXPECT_THAT(client.ReadAll(), AllOf(HasSubstr("half"), Not(HasSubstr("\r\n0\r\n"))));
  EXPECT_THAT(Get(address(), "/dropped"), StartsWith("HTTP/1.1 500"));
}

TEST_F(HttpServerTest, TellsThatTheCallerIsGone) {
  Start();
  {
    RawClient client(address());
    client.Send("GET /waits HTTP/1.1\r\n\r\n");
    absl::SleepFor(absl::Milliseconds(100));
    EXPECT_FALSE(gone_.HasBeenNotified());
  }
  EXPECT_TRUE(gone_.WaitForNotificationWithTimeout(absl::Seconds(10)));
}

TEST_F(HttpServerTest, ACallMayOutliveTheServer) {
  Start();
  RawClient client(address());
  client.Send("GET /waits HTTP/1.1\r\n\r\n");
  const auto has_call = [this]()
                            ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return waiting_ != nullptr; };
  std::shared_ptr<HttpCall> call;
  {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&has_call));
    call = std::move(waiting_);
  }
  server_.reset();
  EXPECT_TRUE(gone_.HasBeenNotified());
  EXPECT_TRUE(call->gone());
  call->Run([] { ADD_FAILURE() << "there is no worker any more"; });
  call->Respond({.body = "late"});
}

TEST_F(HttpServerTest, CutsAClientThatDripsAtItsTotalDeadline) {
  Start({.request_timeout = absl::Milliseconds(300)});
  RawClient client(address());
  const absl::Time begin = absl::Now();
  client.Send("GET /hello HTTP/1.1\r\n");
  while (absl::Now() - begin < absl::Seconds(10) && client.Send("X: y\r\n")) {
    absl::SleepFor(absl::Milliseconds(20));
  }
  EXPECT_LT(absl::Now() - begin, absl::Seconds(2));
  EXPECT_EQ(WaitForRejected("slow"), 1u);
}

TEST_F(HttpServerTest, CutsASilentClient) {
  Start({.request_timeout = absl::Milliseconds(200)});
  RawClient client(address());
  EXPECT_THAT(client.ReadAll(), IsEmpty());
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(WaitForRejected("slow"), 1u);
}

TEST_F(HttpServerTest, CutsAReaderThatTakesNothing) {
  Start({.response_timeout = absl::Milliseconds(300)});
  RawClient client(address());
  client.Send("GET /large HTTP/1.1\r\n\r\n");
  EXPECT_EQ(WaitForRejected("slow_reader"), 1u);
}

TEST_F(HttpServerTest, ServesOnWhileOthersHoldAllConnections) {
  Start({.max_connections = 8});
  std::vector<std::unique_ptr<RawClient>> holders;
  holders.reserve(30);
  for (int i = 0; i < 30; ++i) {
    holders.push_back(std::make_unique<RawClient>(address()));
    ASSERT_TRUE(holders.back()->connected());
    holders.back()->Send("GET /hello HT");
  }
  const absl::Time begin = absl::Now();
  EXPECT_THAT(Get(address(), "/hello"), HasSubstr("hello"));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(1));
  EXPECT_EQ(Rejected("evicted"), 23u);
}

TEST_F(HttpServerTest, ABlockingRouteHoldsUpNobody) {
  Start();
  std::string late;
  std::thread waiting([&] { late = Get(address(), "/slow"); });
  in_slow_.WaitForNotification();
  EXPECT_THAT(Get(address(), "/hello"), HasSubstr("hello"));
  go_on_.Notify();
  waiting.join();
  EXPECT_THAT(late, HasSubstr("late"));
}

TEST_F(HttpServerTest, StopLetsRepliesFinish) {
  Start();
  std::string late;
  std::thread waiting([&] { late = Get(address(), "/slow"); });
  in_slow_.WaitForNotification();
  RawClient idle(address());
  absl::Notification stopped;
  std::thread stopper([&] {
    server_->Stop(absl::Seconds(10));
    stopped.Notify();
  });
  EXPECT_THAT(idle.ReadAll(), IsEmpty());
  EXPECT_FALSE(stopped.HasBeenNotified());
  go_on_.Notify();
  stopper.join();
  waiting.join();
  EXPECT_THAT(late, HasSubstr("late"));
  RawClient after(address());
  EXPECT_FALSE(after.connected());
}

TEST_F(HttpServerTest, StopWithoutGraceLeavesNobodyHanging) {
  Start();
  std::thread waiting([&] { Get(address(), "/slow"); });
  in_slow_.WaitForNotification();
  std::thread stopper([&] { server_->Stop(absl::ZeroDuration()); });
  absl::SleepFor(absl::Milliseconds(50));
  go_on_.Notify();
  stopper.join();
  server_.reset();
  waiting.join();
}

TEST_F(HttpServerTest, SaysWhyItCanNotListen) {
  Start();
  const auto in_use = HttpServer::Start({.address = address()}, {});
  EXPECT_EQ(in_use.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(in_use.status().message()),
              AllOf(HasSubstr(address()), HasSubstr("in use"), HasSubstr("--http")));
  EXPECT_EQ(HttpServer::Start({.address = "127.0.0.1"}, {}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace flamekeep::server
