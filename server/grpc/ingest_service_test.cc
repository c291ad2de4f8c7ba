#include "server/grpc/ingest_service.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "server/test_server.h"

namespace flamekeep::server {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;

class IngestServiceTest : public TestServer {
 protected:
  void SetUp() override { Start(); }
};

TEST_F(IngestServiceTest, AcknowledgesWhatIsDurable) {
  IngestCall call(ingest_.get());
  ASSERT_TRUE(call.Open(Folded("client")));
  EXPECT_EQ(call.WaitFor(0).durable_number(), 0u);
  ASSERT_TRUE(call.Send(1, "main;a 1\nmain;b 2\n", "here"));
  ASSERT_TRUE(call.Send(2, "main;a 3\n\nno count\n", "there"));
  const v1::IngestResponse response = call.WaitFor(2);
  EXPECT_EQ(response.cursor(), "there");
  EXPECT_EQ(response.counts().lines(), 4u);
  EXPECT_EQ(response.counts().samples(), 3u);
  EXPECT_EQ(response.counts().rejected_lines(), 1u);
  EXPECT_TRUE(call.Close().ok());
  EXPECT_EQ(Render(v1::RENDER_FORMAT_FOLDED).second, "main;a 4\nmain;b 2\n");

  // A restart forgets nothing.
  Restart();
  IngestCall again(ingest_.get());
  again.Open(Folded("client"));
  const v1::IngestResponse opened = again.WaitFor(2);
  EXPECT_EQ(opened.durable_number(), 2u);
  EXPECT_EQ(opened.cursor(), "there");
  again.Send(1, "main;a 1\nmain;b 2\n");
  again.Send(2, "main;a 3\n");
  again.Send(3, "main;c 1\n");
  again.WaitFor(3);
  EXPECT_TRUE(again.Close().ok());
  EXPECT_EQ(Render(v1::RENDER_FORMAT_FOLDED).second, "main;a 4\nmain;b 2\nmain;c 1\n");
}

TEST_F(IngestServiceTest, AnswersForEverythingBeforeItEnds) {
  IngestCall call(ingest_.get());
  call.Open(Folded("client"));
  for (uint64_t i = 1; i <= 50; ++i) ASSERT_TRUE(call.Send(i, "main;a 1\n"));
  EXPECT_TRUE(call.Close().ok());
  EXPECT_EQ(call.last().durable_number(), 50u);
  EXPECT_EQ(call.last().counts().samples(), 50u);
}

TEST_F(IngestServiceTest, AStreamWithoutRequestsEnds) {
  IngestCall call(ingest_.get());
  EXPECT_TRUE(call.Close().ok());
}

TEST_F(IngestServiceTest, ErrorsEndTheStream) {
  struct Case {
    std::string name;
    std::function<void(IngestCall*)> act;
    StatusCode code;
    std::string message;
  };
  const std::vector<Case> cases = {
      {"a batch before open", [](IngestCall* call) { call->Send(1, "a 1\n"); },
       StatusCode::INVALID_ARGUMENT, "the first request must be `open`"},
      {"open twice",
       [](IngestCall* call) {
         call->Open(Folded("c1"));
         call->Open(Folded("c2"));
       },
       StatusCode::INVALID_ARGUMENT, "use a stream for each source"},
      {"a gap",
       [](IngestCall* call) {
         call->Open(Folded("c3"));
         call->Send(2, "a 1\n");
       },
       StatusCode::FAILED_PRECONDITION, "1"},
      {"number 0",
       [](IngestCall* call) {
         call->Open(Folded("c4"));
         call->Send(0, "a 1\n");
       },
       StatusCode::INVALID_ARGUMENT, "number"},
      {"a bad site", [](IngestCall* call) { call->Open(Folded("c5", "no site")); },
       StatusCode::INVALID_ARGUMENT, "no site"},
      {"no format",
       [](IngestCall* call) {
         v1::OpenSource open = Folded("c6");
         open.set_format(v1::FORMAT_UNSPECIFIED);
         call->Open(open);
       },
       StatusCode::INVALID_ARGUMENT, "`open.format` is not set"},
      {"a format of the future",
       [](IngestCall* call) {
         v1::OpenSource open = Folded("c7");
         open.set_format(static_cast<v1::Format>(99));
         call->Open(open);
       },
       StatusCode::INVALID_ARGUMENT, "99"},
      {"a bad type",
       [](IngestCall* call) {
         v1::OpenSource open = Folded("c8");
         open.set_profile_type("1:2");
         call->Open(open);
       },
       StatusCode::INVALID_ARGUMENT, "1:2"},
      {"a bad time",
       [](IngestCall* call) {
         v1::OpenSource open = Folded("c9");
         open.mutable_time()->set_nanos(-1);
         call->Open(open);
       },
       StatusCode::INVALID_ARGUMENT, "open.time"},
      {"a large batch",
       [](IngestCall* call) {
         call->Open(Folded("c10"));
         call->Send(1, std::string(size_t{5} << 20, 'a'));
       },
       StatusCode::RESOURCE_EXHAUSTED, ""},
      {"broken zstd",
       [](IngestCall* call) {
         call->Open(Folded("c11"));
         v1::IngestRequest request;
         request.mutable_batch()->set_number(1);
         request.mutable_batch()->set_lines("no zstd");
         request.mutable_batch()->set_compression(v1::IngestBatch::COMPRESSION_ZSTD);
         call->SendRequest(request);
       },
       StatusCode::INVALID_ARGUMENT, "zstd"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    IngestCall call(ingest_.get());
    c.act(&call);
    const grpc::Status status = call.Close();
    EXPECT_EQ(status.error_code(), c.code) << status.error_message();
    EXPECT_THAT(status.error_message(), HasSubstr(c.message));
  }
  const v1::StatusResponse admin = AdminStatus();
  EXPECT_THAT(admin.counters(), testing::Contains(testing::Property(&v1::CounterStatus::name,
                                                                    "ingest_rpc_errors_total")));
}

TEST_F(IngestServiceTest, OneSenderHasASource) {
  IngestCall first(ingest_.get());
  first.Open(Folded("client"));
  first.WaitFor(0);
  IngestCall second(ingest_.get());
  second.Open(Folded("client"));
  EXPECT_EQ(second.Finish().error_code(), StatusCode::ABORTED);
  EXPECT_EQ(Push(Folded("client"), 1, "a 1\n").first.error_code(), StatusCode::ABORTED);
  // Free as soon as the first one has its status, whatever that is.
  first.Send(7, "a 1\n");
  EXPECT_EQ(first.Finish().error_code(), StatusCode::FAILED_PRECONDITION);
  IngestCall third(ingest_.get());
  third.Open(Folded("client"));
  third.WaitFor(0);
  EXPECT_TRUE(third.Close().ok());
  // ... and soon after its client broke off.
  {
    IngestCall broken(ingest_.get());
    broken.Open(Folded("client"));
    broken.WaitFor(0);
    broken.context().TryCancel();
    EXPECT_EQ(broken.Finish().error_code(), StatusCode::CANCELLED);
  }
  grpc::Status status(StatusCode::ABORTED, "");
  for (int i = 0; i < 200 && status.error_code() == StatusCode::ABORTED; ++i) {
    status = Push(Folded("client"), 1, "a 1\n").first;
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(IngestServiceTest, UnaryBatchesAreDurableAndCountOnce) {
  auto [status, response] = Push(Folded("client"), 1, "main;a 1\n");
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.durable_number(), 1u);
  EXPECT_EQ(response.counts().samples(), 1u);
  std::tie(status, response) = Push(Folded("client"), 1, "main;a 1\n");
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.durable_number(), 1u);
  std::tie(status, response) = Push(Folded("client"), 3, "main;a 1\n");
  EXPECT_EQ(status.error_code(), StatusCode::FAILED_PRECONDITION);
  std::tie(status, response) = Push(Folded("client"), 2, "main;a 1\n");
  EXPECT_EQ(response.durable_number(), 2u);
  EXPECT_EQ(FlameGraph().second.coverage().total(), 2u);
}

TEST_F(IngestServiceTest, AReplacementInPartsNeedsAStream) {
  v1::IngestBatchRequest request;
  *request.mutable_open() = Folded("client");
  request.mutable_batch()->set_number(1);
  request.mutable_batch()->mutable_replace();
  grpc::ClientContext context;
  v1::IngestResponse response;
  const grpc::Status status = ingest_->IngestBatch(&context, request, &response);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("use Ingest"));
}

TEST_F(IngestServiceTest, MessagesBeyondTheLimitAreRefused) {
  IngestCall call(ingest_.get());
  call.Open(Folded("client"));
  call.Send(1, std::string(size_t{17} << 20, 'a'));
  EXPECT_EQ(call.Close().error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Push(Folded("other"), 1, std::string(size_t{17} << 20, 'a')).first.error_code(),
            StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(Push(Folded("other"), 1, "a 1\n").first.ok());
}

TEST_F(IngestServiceTest, ManyClientsAtOnce) {
  std::vector<std::thread> clients;
  std::atomic<int> good = 0;
  constexpr int kClients = 8;
  constexpr uint64_t kBatches = 30;
  clients.reserve(kClients);
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&, i] {
      IngestCall call(ingest_.get());
      call.Open(Folded(fmt::format("client{}", i)));
      for (uint64_t b = 1; b <= kBatches; ++b) {
        call.Send(b, fmt::format("main;f{};g{} 1\n", i, b));
      }
      if (call.Close().ok() && call.last().durable_number() == kBatches) ++good;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, kClients);
  EXPECT_EQ(FlameGraph().second.coverage().total(), kClients * kBatches);
}

TEST_F(IngestServiceTest, StreamsBeyondTheMemoryAreRefused) {
  config_.limits.rpc_memory_bytes = 1'000'000;
  Restart();
  IngestCall call(ingest_.get());
  call.Open(Folded("client"));
  call.Send(1, std::string(2'000'000, '\n'));
  const grpc::Status status = call.Close();
  EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("limits.rpc_memory"));
  // What a refused stream held is free again.
  IngestCall small(ingest_.get());
  small.Open(Folded("client"));
  for (uint64_t i = 1; i <= 5; ++i) small.Send(i, std::string(400'000, '\n'));
  EXPECT_TRUE(small.Close().ok());
}

TEST_F(IngestServiceTest, WhatIsNoLinesCountsToo) {
  config_.limits.rpc_memory_bytes = 1'000'000;
  Restart();
  v1::OpenSource open = Folded("client");
  for (int i = 0; i < 50'000; ++i) open.add_labels();
  IngestCall call(ingest_.get());
  call.Open(open);
  const grpc::Status status = call.Close();
  EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED) << status.error_message();
  EXPECT_THAT(status.error_message(), HasSubstr("limits.rpc_memory"));
}

TEST_F(IngestServiceTest, StreamsThatWaitHoldNoBatches) {
  constexpr size_t kStreams = 8;
  constexpr size_t kBatchBytes = size_t{4} << 20;
  const std::string lines(kBatchBytes, '\n');
  const auto in_use = [] {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  const size_t before = in_use();
  std::deque<IngestCall> calls;
  for (size_t i = 0; i < kStreams; ++i) {
    IngestCall& call = calls.emplace_back(ingest_.get());
    call.Open(Folded(fmt::format("client{}", i)));
    for (uint64_t number = 1; number <= 2; ++number) call.Send(number, lines);
    call.WaitFor(2);
  }
  EXPECT_LT(in_use(), before + kStreams * kBatchBytes / 2);
  for (IngestCall& call : calls) EXPECT_TRUE(call.Close().ok());
}

TEST_F(IngestServiceTest, UnaryBatchesBeyondTheMemoryAreRefused) {
  config_.limits.rpc_memory_bytes = 1'000'000;
  Restart();
  const grpc::Status status = Push(Folded("client"), 1, std::string(2'000'000, '\n')).first;
  EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("limits.rpc_memory"));
  // A call counts until gRPC is done with it, which the client may learn a moment earlier.
  for (uint64_t i = 1; i <= 10; ++i) {
    grpc::Status taken(StatusCode::RESOURCE_EXHAUSTED, "");
    const absl::Time deadline = absl::Now() + absl::Seconds(10);
    while (taken.error_code() == StatusCode::RESOURCE_EXHAUSTED && absl::Now() < deadline) {
      taken = Push(Folded("client"), i, std::string(400'000, '\n')).first;
    }
    ASSERT_TRUE(taken.ok()) << taken.error_message();
  }
}

TEST_F(IngestServiceTest, DrainAcknowledgesWhatItTook) {
  IngestCall busy(ingest_.get());
  busy.Open(Folded("busy"));
  IngestCall idle(ingest_.get());
  idle.Open(Folded("idle"));
  idle.WaitFor(0);
  std::atomic<bool> stop = false;
  std::thread sender([&] {
    for (uint64_t i = 1; !stop && busy.Send(i, "main;a 1\n"); ++i) {
    }
  });
  busy.WaitFor(1);
  const absl::Time begin = absl::Now();
  EXPECT_TRUE(server_->Drain().ok());
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
  const grpc::Status status = busy.Finish();
  stop = true;
  sender.join();
  EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE) << status.error_message();
  EXPECT_EQ(idle.Finish().error_code(), StatusCode::UNAVAILABLE);
  // The last acknowledgements may be lost with the connection, so a client asks again.
  const uint64_t acknowledged = busy.last().durable_number();
  Restart();
  IngestCall again(ingest_.get());
  again.Open(Folded("busy"));
  const uint64_t durable = again.WaitFor(1).durable_number();
  EXPECT_GE(durable, acknowledged);
  EXPECT_EQ(FlameGraph().second.coverage().total(), durable);
  EXPECT_TRUE(again.Close().ok());
}

}  // namespace
}  // namespace flamekeep::server
