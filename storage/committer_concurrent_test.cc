// The committer against a sink that fails at random: every accepted sample is committed once,
// tickets become durable in order, and stopping never hangs. No RocksDB in here, so that TSan sees
// all.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "base/steady_clock.h"
#include "storage/committer.h"

namespace flamekeep::storage {
namespace {

using testing::HasSubstr;

// Keeps what is committed; every `fail_every`-th commit fails first.
class FakeSink final : public CommitSink {
 public:
  explicit FakeSink(int fail_every) : fail_every_(fail_every) {}

  void Prepare(HeadContents contents) override { prepared_ = std::move(contents); }

  absl::Status Commit() override {
    if (broken_.load()) return absl::UnavailableError("broken");
    if (fail_every_ > 0 && ++commits_ % fail_every_ == 0) return absl::UnavailableError("once");
    absl::MutexLock lock(&mutex_);
    for (const HeadColumn& column : prepared_.columns) {
      for (const Pair& pair : column.pairs) total_ += pair.value;
    }
    for (const Replacement& replacement : prepared_.replacements) {
      for (const Sample& sample : replacement.samples) total_ += sample.value;
    }
    prepared_ = {};
    return absl::OkStatus();
  }

  uint64_t total() const {
    absl::MutexLock lock(&mutex_);
    return total_;
  }
  void set_broken(bool broken) { broken_.store(broken); }

 private:
  const int fail_every_;
  int commits_ = 0;
  std::atomic<bool> broken_{false};
  HeadContents prepared_;  // the committer's thread only
  mutable absl::Mutex mutex_;
  uint64_t total_ ABSL_GUARDED_BY(mutex_) = 0;
};

Committer::Options FastOptions() {
  return {absl::Milliseconds(5), absl::ZeroDuration(), 1 << 12, 1 << 16, absl::Seconds(10)};
}

Batch MakeBatch(uint32_t source, uint64_t number, uint64_t value) {
  Batch batch;
  batch.source = SourceId{source};
  batch.position = Position{number, ""};
  batch.samples = {Sample{100, SeriesId{1}, StackId{static_cast<uint32_t>(number % 50)}, 1, value}};
  return batch;
}

TEST(CommitterConcurrentTest, CommitsEverySampleOnceThoughCommitsFail) {
  constexpr int kWriters = 4;
  constexpr uint64_t kBatches = 400;
  FakeSink sink(/*fail_every=*/97);
  std::atomic<int> acknowledged = 0;
  absl::Mutex order_mutex;
  Ticket last_told = 0;  // by the committer's thread
  {
    Committer committer(FastOptions(), &sink, {});
    std::vector<std::thread> threads;
    for (uint32_t source = 1; source <= kWriters; ++source) {
      threads.emplace_back([&, source] {
        const std::thread::id writer = std::this_thread::get_id();
        for (uint64_t number = 1; number <= kBatches; ++number) {
          const absl::StatusOr<Ticket> ticket = committer.Append(MakeBatch(source, number, 1));
          ASSERT_TRUE(ticket.ok()) << ticket.status();
          // Each ticket stands for one value: those before it are committed as well.
          committer.OnDurable(*ticket, [&, writer, ticket = *ticket] {
            ++acknowledged;
            EXPECT_GE(sink.total(), ticket);
            EXPECT_TRUE(committer.WaitDurable(ticket, absl::InfinitePast()).ok());
            if (std::this_thread::get_id() == writer) return;
            absl::MutexLock lock(&order_mutex);
            EXPECT_GT(ticket, last_told) << "told in the order of tickets";
            last_told = ticket;
          });
          // Again: it must not count.
          ASSERT_TRUE(committer.Append(MakeBatch(source, number, 1)).ok());
          if (number % 100 == 0) {
            ASSERT_TRUE(committer.WaitDurable(*ticket, absl::InfiniteFuture()).ok());
          }
        }
      });
    }
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(committer.Run([] { return true; }).ok());
        (void)committer.DurablePositions();
        (void)committer.pending_bytes();
        (void)committer.write_status();
      }
    });
    for (std::thread& thread : threads) thread.join();
    ASSERT_TRUE(committer.WaitDurable(committer.last_ticket(), absl::InfiniteFuture()).ok());
    EXPECT_EQ(committer.DurablePositions().at(SourceId{1}).number, kBatches);
  }
  EXPECT_EQ(sink.total(), kWriters * kBatches);
  EXPECT_EQ(acknowledged.load(), static_cast<int>(kWriters * kBatches));
}

TEST(CommitterConcurrentTest, FlushesWhatWasAcceptedWhenItStops) {
  FakeSink sink(0);
  {
    Committer::Options options = FastOptions();
    options.flush_interval = absl::Hours(1);
    Committer committer(options, &sink, {});
    ASSERT_TRUE(committer.Append(MakeBatch(1, 1, 7)).ok());
  }
  EXPECT_EQ(sink.total(), 7);
}

TEST(CommitterConcurrentTest, StopsWhileTheSinkIsBroken) {
  FakeSink sink(0);
  sink.set_broken(true);
  absl::Status task;
  std::thread runner;
  {
    Committer committer(FastOptions(), &sink, {});
    const absl::StatusOr<Ticket> ticket = committer.Append(MakeBatch(1, 1, 7));
    const absl::Status wait = committer.WaitDurable(*ticket, SteadyNow() + absl::Milliseconds(50));
    EXPECT_EQ(wait.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_THAT(wait.ToString(), HasSubstr("broken"));
    std::atomic<bool> started = false;
    runner = std::thread([&] {
      started = true;
      task = committer.Run([] { return true; });
    });
    while (!started) absl::SleepFor(absl::Milliseconds(1));
    absl::SleepFor(absl::Milliseconds(20));
  }
  runner.join();
  EXPECT_EQ(task.code(), absl::StatusCode::kCancelled);
}

TEST(CommitterConcurrentTest, BatchesWithoutSamplesAreBoundedToo) {
  FakeSink sink(0);
  sink.set_broken(true);
  Committer::Options options = FastOptions();
  options.max_head_bytes = 1 << 20;
  options.append_timeout = absl::Milliseconds(10);
  Committer committer(options, &sink, {});
  std::atomic<int> told = 0;
  int accepted = 0;
  absl::Status status;
  while (status.ok() && accepted < 1000) {
    const absl::StatusOr<Ticket> ticket = committer.Append(
        {.source = SourceId{1}, .position = Position{static_cast<uint64_t>(accepted) + 1, "c"}});
    status = ticket.status();
    if (!status.ok()) break;
    ++accepted;
    committer.OnDurable(*ticket, [&] { ++told; });
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_LE(accepted, 256);
  sink.set_broken(false);
  ASSERT_TRUE(committer.WaitDurable(committer.last_ticket(), absl::InfiniteFuture()).ok());
  committer.Stop();
  EXPECT_EQ(told.load(), accepted);
}

TEST(CommitterConcurrentTest, ATaskIsNotWaitedForBeyondItsDeadline) {
  FakeSink sink(0);
  sink.set_broken(true);
  std::atomic<int> ran = 0;
  Committer committer(FastOptions(), &sink, {});
  const auto task = [&] {
    ++ran;
    return true;
  };
  for (int i = 0; i < 2; ++i) {
    const absl::Status status = committer.Run(task, SteadyNow() + absl::Milliseconds(20));
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  }
  sink.set_broken(false);
  EXPECT_TRUE(committer.Run(task).ok());
  EXPECT_EQ(ran.load(), 3);
  committer.Stop();
  EXPECT_EQ(committer.Run(task).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(committer.Append(MakeBatch(1, 1, 1)).status().code(), absl::StatusCode::kUnavailable);
}

TEST(CommitterConcurrentTest, RefusesAppendsBeyondItsBoundAndRecovers) {
  FakeSink sink(0);
  sink.set_broken(true);
  Committer::Options options = FastOptions();
  options.append_timeout = absl::Milliseconds(20);
  Committer committer(options, &sink, {});
  absl::Status status;
  uint64_t accepted = 0;
  while (true) {
    status = committer.Append(MakeBatch(1, accepted + 1, 1)).status();
    if (!status.ok()) break;
    ++accepted;
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_LE(committer.pending_bytes(), size_t{1} << 17);
  sink.set_broken(false);
  ASSERT_TRUE(committer.WaitDurable(committer.last_ticket(), absl::InfiniteFuture()).ok());
  EXPECT_TRUE(committer.write_status().ok());
  EXPECT_EQ(sink.total(), accepted);
  EXPECT_TRUE(committer.Append(MakeBatch(1, accepted + 1, 1)).ok());
}

TEST(CommitterConcurrentTest, NamesGaps) {
  FakeSink sink(0);
  Committer committer(FastOptions(), &sink, {.positions = {{SourceId{1}, Position{41, ""}}}});
  const absl::Status status = committer.Append(MakeBatch(1, 43, 1)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.ToString(), HasSubstr("batch 43 leaves a gap"));
  EXPECT_TRUE(committer.Append(MakeBatch(1, 42, 1)).ok());
}

}  // namespace
}  // namespace flamekeep::storage
