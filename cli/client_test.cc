#include "cli/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "absl/time/clock.h"
#include "base/status.h"
#include "cli/test_ingest_server.h"

namespace flamekeep::cli {
namespace {

v1::OpenSource PushSource(const std::string& name = "pusher") {
  v1::OpenSource open;
  open.set_source(name);
  open.set_site("eqiad");
  return open;
}

ClientOptions Fast() {
  ClientOptions options;
  options.first_backoff = absl::Milliseconds(2);
  options.max_backoff = absl::Milliseconds(20);
  options.give_up_after = absl::Seconds(20);
  return options;
}

v1::IngestBatch Batch(std::string lines) {
  v1::IngestBatch batch;
  batch.set_lines(std::move(lines));
  return batch;
}

TEST(IngestClient, SendsNumberedBatchesAndLearnsThePosition) {
  TestIngestServer server;
  {
    auto client = IngestClient::Open(server.Channel(), server.address(), PushSource(), Fast());
    ASSERT_TRUE(client.ok()) << client.status();
    EXPECT_EQ((*client)->durable_number(), 0U);
    for (int i = 0; i < 3; ++i) {
      v1::IngestBatch batch = Batch("a;b 1\nc 1\n");
      batch.set_cursor("place " + std::to_string(i));
      ASSERT_TRUE((*client)->Send(std::move(batch)).ok());
    }
    ASSERT_TRUE((*client)->Flush().ok());
    EXPECT_EQ((*client)->durable_number(), 3U);
    EXPECT_EQ((*client)->counts().lines(), 6U);
  }
  auto again = IngestClient::Open(server.Channel(), server.address(), PushSource(), Fast());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ((*again)->durable_number(), 3U);
  EXPECT_EQ((*again)->cursor(), "place 2");
}

// The property that all the rest is for.
TEST(IngestClient, EachLineCountsOnceWhateverBreaks) {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    TestIngestServer server;
    server.AnswerAfter(absl::Milliseconds(seed % 4));
    std::atomic<bool> stop = false;
    std::thread killer([&] {
      while (!stop) {
        absl::SleepFor(absl::Milliseconds(40 + 10 * seed));
        server.Kill();
        server.Start();
      }
    });
    ClientOptions options = Fast();
    options.window_bytes = 2000 * seed;
    auto client = IngestClient::Open(server.Channel(), server.address(), PushSource(), options);
    ASSERT_TRUE(client.ok()) << client.status();
    server.Misbehave(25, seed);
    std::string want;
    std::minstd_rand random(seed);
    for (int i = 0; i < 400; ++i) {
      std::string lines;
      for (unsigned n = random() % 10; n > 0; --n) {
        lines += "line " + std::to_string(random()) + "\n";
      }
      want += lines;
      const absl::Status sent = (*client)->Send(Batch(std::move(lines)));
      ASSERT_TRUE(sent.ok()) << sent;
      if (random() % 50 == 0) {
        ASSERT_TRUE((*client)->Flush().ok());
      }
    }
    const absl::Status flushed = (*client)->Flush();
    EXPECT_TRUE(flushed.ok()) << flushed;
    stop = true;
    killer.join();
    EXPECT_TRUE(server.sources()["pusher"].lines == want) << "seed " << seed;
    EXPECT_EQ((*client)->durable_number(), 400U);
  }
}

TEST(IngestClient, WindowBoundsWhatIsNotDurable) {
  TestIngestServer server;
  server.AnswerAfter(absl::InfiniteDuration());
  ClientOptions options = Fast();
  options.window_bytes = 10'000;
  options.stall_timeout = absl::Milliseconds(300);
  auto client = IngestClient::Open(server.Channel(), server.address(), PushSource(), options);
  ASSERT_TRUE(client.ok()) << client.status();
  for (int i = 0; i < 9; ++i) {
    ASSERT_TRUE((*client)->Send(Batch(std::string(1000, 'x') + "\n")).ok());
  }
  EXPECT_EQ((*client)->durable_number(), 0U);
  // The server answers nothing: the client must break off, ask again and find all of it there.
  ASSERT_TRUE((*client)->Send(Batch(std::string(5000, 'x') + "\n")).ok());
  EXPECT_EQ((*client)->durable_number(), 10U);
  EXPECT_GE(server.streams(), 2);
}

TEST(IngestClient, WaitsWhileTheServerCanNotWrite) {
  TestIngestServer server;
  int outages = 0;
  ClientOptions options = Fast();
  options.on_outage = [&](const absl::Status& status) {
    ++outages;
    EXPECT_EQ(Message(status), "no space left");
  };
  auto client = IngestClient::Open(server.Channel(), server.address(), PushSource(), options);
  ASSERT_TRUE(client.ok()) << client.status();
  server.Refuse({grpc::RESOURCE_EXHAUSTED, "no space left"});
  std::thread healer([&] {
    absl::SleepFor(absl::Milliseconds(200));
    server.Refuse(grpc::Status::OK);
  });
  ASSERT_TRUE((*client)->Send(Batch("a 1\n")).ok());
  ASSERT_TRUE((*client)->Flush().ok());
  healer.join();
  EXPECT_EQ(server.sources()["pusher"].lines, "a 1\n");
  EXPECT_EQ(outages, 1);
}

TEST(IngestClient, GivesUpAndSaysWhy) {
  TestIngestServer server;
  ClientOptions options = Fast();
  options.give_up_after = absl::Milliseconds(100);
  auto client = IngestClient::Open(server.Channel(), server.address(), PushSource(), options);
  ASSERT_TRUE(client.ok()) << client.status();
  server.Refuse({grpc::RESOURCE_EXHAUSTED, "no space left on the server"});
  absl::Status status = (*client)->Send(Batch("a 1\n"));
  if (status.ok()) status = (*client)->Flush();
  EXPECT_EQ(Message(status), "no space left on the server");
}

TEST(IngestClient, PermanentErrorsEndIt) {
  TestIngestServer server;
  auto client = IngestClient::Open(server.Channel(), server.address(), PushSource(), Fast());
  ASSERT_TRUE(client.ok()) << client.status();
  server.Refuse({grpc::INVALID_ARGUMENT, "the site is bad"});
  absl::Status status = (*client)->Send(Batch("a 1\n"));
  if (status.ok()) status = (*client)->Flush();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_EQ(server.streams(), 1);
}

TEST(IngestClient, CapsEndIt) {
  TestIngestServer server;
  int outages = 0;
  ClientOptions options = Fast();
  options.on_outage = [&](const absl::Status&) { ++outages; };
  auto client = IngestClient::Open(server.Channel(), server.address(), PushSource(), options);
  ASSERT_TRUE(client.ok()) << client.status();
  server.Refuse({grpc::FAILED_PRECONDITION, "too many types: use an existing type"});
  absl::Status status = (*client)->Send(Batch("a 1\n"));
  if (status.ok()) status = (*client)->Flush();
  EXPECT_EQ(Message(status), "too many types: use an existing type");
  EXPECT_EQ(outages, 0);
  EXPECT_EQ(server.streams(), 1);
}

TEST(IngestClient, NoServerIsToldAtOnce) {
  TestIngestServer server;
  const std::string address = server.address();
  server.Kill();
  const absl::Time start = absl::Now();
  const auto client = IngestClient::Open(Connect(address), address, PushSource(), Fast());
  EXPECT_THAT(Message(client.status()),
              testing::AllOf(testing::HasSubstr("no server answers at " + address),
                             testing::HasSubstr("flamekeep serve")));
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
}

TEST(IngestClient, WaitsForASourceThatIsInUse) {
  TestIngestServer server;
  auto first = IngestClient::Open(server.Channel(), server.address(), PushSource(), Fast());
  ASSERT_TRUE(first.ok()) << first.status();
  ClientOptions options = Fast();
  options.give_up_after = absl::Milliseconds(100);
  const auto refused =
      IngestClient::Open(server.Channel(), server.address(), PushSource(), options);
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status())) << refused.status();
  std::thread closer([&] {
    absl::SleepFor(absl::Milliseconds(100));
    first->reset();
  });
  const auto second = IngestClient::Open(server.Channel(), server.address(), PushSource(), Fast());
  EXPECT_TRUE(second.ok()) << second.status();
  closer.join();
}

TEST(IngestClient, CancelIsHeard) {
  TestIngestServer server;
  server.Refuse({grpc::RESOURCE_EXHAUSTED, "no space left"});
  std::atomic<bool> cancelled = false;
  ClientOptions options = Fast();
  options.cancelled = [&] { return cancelled.load(); };
  auto client = IngestClient::Open(server.Channel(), server.address(), PushSource(), options);
  ASSERT_TRUE(client.ok()) << client.status();
  std::thread canceller([&] {
    absl::SleepFor(absl::Milliseconds(100));
    cancelled = true;
  });
  absl::Status status = (*client)->Send(Batch("a 1\n"));
  if (status.ok()) status = (*client)->Flush();
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  canceller.join();
}

TEST(IngestClient, CancelledOpenIsNoOutage) {
  TestIngestServer server;
  int outages = 0;
  ClientOptions options = Fast();
  options.cancelled = [] { return true; };
  options.on_outage = [&](const absl::Status&) { ++outages; };
  const auto client = IngestClient::Open(server.Channel(), server.address(), PushSource(), options);
  EXPECT_TRUE(absl::IsCancelled(client.status())) << client.status();
  EXPECT_EQ(outages, 0);
}

TEST(IngestClient, ServerThatForgotIsFoundOut) {
  TestIngestServer server;
  auto client = IngestClient::Open(server.Channel(), server.address(), PushSource(), Fast());
  ASSERT_TRUE(client.ok()) << client.status();
  ASSERT_TRUE((*client)->Send(Batch("a 1\n")).ok());
  ASSERT_TRUE((*client)->Flush().ok());
  server.Kill();
  server.Forget();
  server.Start();
  absl::Status status = (*client)->Send(Batch("b 1\n"));
  if (status.ok()) status = (*client)->Flush();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

// Sends a replacement of several batches; again where it was broken.
absl::Status Replace(IngestClient& client, int batches, int* rounds) {
  while (true) {
    ++*rounds;
    absl::Status status;
    for (int i = 1; i <= batches && status.ok(); ++i) {
      v1::IngestBatch batch = Batch("part " + std::to_string(i) + "\n");
      batch.mutable_replace()->set_last(i == batches);
      if (i == batches) batch.set_cursor("whole");
      status = client.Send(std::move(batch));
    }
    if (status.ok()) status = client.Flush();
    if (!absl::IsAborted(status)) return status;
  }
}

TEST(IngestClient, ReplacementIsWholeWhateverBreaks) {
  int rounds = 0;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    TestIngestServer server;
    server.AnswerAfter(absl::Milliseconds(seed % 3));
    v1::OpenSource open = PushSource("log");
    open.set_owner("channel");
    open.set_resolution(v1::LEVEL_HOUR);
    auto client = IngestClient::Open(server.Channel(), server.address(), open, Fast());
    ASSERT_TRUE(client.ok()) << client.status();
    server.Misbehave(20, seed);
    for (int i = 0; i < 2; ++i) {
      const absl::Status status = Replace(**client, 20, &rounds);
      ASSERT_TRUE(status.ok()) << status;
    }
    const auto buckets = server.buckets();
    ASSERT_EQ(buckets.size(), 1U);
    std::string want;
    for (int i = 1; i <= 20; ++i) want += "part " + std::to_string(i) + "\n";
    EXPECT_EQ(buckets.begin()->second.lines, want);
    EXPECT_EQ(std::get<0>(buckets.begin()->first), "channel");
    EXPECT_EQ(server.sources()["log"].number, 40U);
    EXPECT_EQ((*client)->cursor(), "whole");
  }
  EXPECT_GT(rounds, 40);  // some were broken
}

}  // namespace
}  // namespace flamekeep::cli
