#include "server/query_queue.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"

namespace flamekeep::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class QueryQueueTest : public ::testing::Test {
 protected:
  void Start(size_t threads, size_t max_waiting) {
    queue_ = std::make_unique<QueryQueue>(QueryQueue::Options{
        .name = "test", .threads = threads, .max_waiting = max_waiting, .metrics = &metrics_});
  }

  void Note(const std::string& name, const absl::Status& admitted) {
    absl::MutexLock lock(&mutex_);
    (admitted.ok() ? ran_ : refused_).push_back(name);
    if (!admitted.ok()) last_refusal_ = admitted;
  }
  std::vector<std::string> ran() {
    absl::MutexLock lock(&mutex_);
    return ran_;
  }
  std::vector<std::string> refused() {
    absl::MutexLock lock(&mutex_);
    return refused_;
  }

  void Post(const std::string& client, const std::string& name, bool is_long = true,
            std::function<bool()> is_gone = nullptr) {
    queue_->Post(client, {.run = [this, name](const absl::Status& status) { Note(name, status); },
                          .is_long =
                              [this, is_long] {
                                absl::MutexLock lock(&mutex_);
                                ++weighed_;
                                return is_long;
                              },
                          .is_gone = std::move(is_gone)});
  }

  // Takes a thread until `go`; returns once it has it.
  void Occupy(bool is_long) {
    absl::Notification started;
    queue_->Post("busy", {.run =
                              [&](const absl::Status&) {
                                started.Notify();
                                go_.WaitForNotification();
                              },
                          .is_long = [is_long] { return is_long; },
                          .is_gone = nullptr});
    started.WaitForNotification();
  }
  // Waits until so many queries were weighed in all, and all of them wait.
  void AwaitLong(int weighed, size_t waiting) {
    {
      const auto all = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return weighed_ == weighed; };
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(&all));
    }
    while (queue_->waiting() != waiting) std::this_thread::yield();
  }

  double Value(std::string_view name) {
    for (const Metrics::Row& row : metrics_.Rows()) {
      if (row.name == name) return row.value;
    }
    return -1;
  }

  Metrics metrics_;
  absl::Mutex mutex_;
  int weighed_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> ran_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> refused_ ABSL_GUARDED_BY(mutex_);
  absl::Status last_refusal_ ABSL_GUARDED_BY(mutex_);
  absl::Notification go_;
  std::unique_ptr<QueryQueue> queue_;
};

TEST_F(QueryQueueTest, ClientsTakeTurns) {
  Start(1, 100);
  Occupy(/*is_long=*/true);
  for (int i = 0; i < 5; ++i) Post("a", fmt::format("a{}", i));
  Post("b", "b0");
  Post("b", "b1");
  Post("c", "c0");
  AwaitLong(8, 8);
  EXPECT_EQ(Value("queries_waiting"), 8);
  EXPECT_EQ(Value("queries_running"), 1);
  go_.Notify();
  queue_->Stop();
  EXPECT_THAT(ran(), ElementsAre("c0", "a0", "b0", "a1", "b1", "a2", "a3", "a4"));
  EXPECT_EQ(Value("queries_waiting"), 0);
  EXPECT_EQ(Value("queries_running"), 0);
}

TEST_F(QueryQueueTest, LongQueriesNeverHoldUpShortOnes) {
  Start(2, 100);
  Occupy(/*is_long=*/true);
  Occupy(/*is_long=*/true);
  for (int i = 0; i < 20; ++i) Post("a", "long");
  for (int i = 0; i < 20; ++i) Post("a", fmt::format("{}", i), /*is_long=*/false);
  AwaitLong(40, 20);
  {
    // With both long ones still running.
    const auto all = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return ran_.size() == 20; };
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&all));
  }
  EXPECT_THAT(ran(), testing::Not(testing::Contains("long")));
  go_.Notify();
  queue_->Stop();
  EXPECT_EQ(ran().size(), 40u);
}

TEST_F(QueryQueueTest, ShortQueriesRunOnAllThreads) {
  Start(2, 100);
  absl::BlockingCounter all(3);
  for (int i = 0; i < 3; ++i) {
    queue_->Post("a", {.run =
                           [&](const absl::Status&) {
                             all.DecrementCount();
                             go_.WaitForNotification();
                           },
                       .is_long = nullptr,
                       .is_gone = nullptr});
  }
  all.Wait();
  go_.Notify();
}

TEST_F(QueryQueueTest, AGreedyClientMakesPlaceForOthers) {
  Start(1, 4);
  Occupy(/*is_long=*/true);
  for (int i = 0; i < 4; ++i) Post("a", fmt::format("a{}", i));
  AwaitLong(4, 4);
  EXPECT_THAT(refused(), IsEmpty());
  Post("a", "a4");
  EXPECT_THAT(refused(), ElementsAre("a4"));
  {
    absl::MutexLock lock(&mutex_);
    EXPECT_EQ(last_refusal_.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_THAT(std::string(last_refusal_.message()), HasSubstr("limits.queued_queries"));
  }
  Post("b", "b0");
  EXPECT_THAT(refused(), ElementsAre("a4", "a3"));
  AwaitLong(5, 4);
  Post("b", "b1");
  EXPECT_THAT(refused(), ElementsAre("a4", "a3", "a2"));
  AwaitLong(6, 4);
  Post("b", "b2");  // both have two now
  EXPECT_THAT(refused(), ElementsAre("a4", "a3", "a2", "b2"));
  EXPECT_EQ(Value("queries_refused_total"), 4);
  go_.Notify();
  queue_->Stop();
  EXPECT_THAT(ran(), ElementsAre("a0", "b0", "a1", "b1"));
}

TEST_F(QueryQueueTest, WhoHasGoneGivesUpItsPlace) {
  Start(1, 2);
  Occupy(/*is_long=*/true);
  bool gone = false;
  Post("a", "a0", true, [&] { return gone; });
  Post("a", "a1");
  AwaitLong(2, 2);
  gone = true;
  Post("a", "a2");
  EXPECT_THAT(refused(), ElementsAre("a0"));
  go_.Notify();
  queue_->Stop();
  EXPECT_THAT(ran(), ElementsAre("a1", "a2"));
}

TEST_F(QueryQueueTest, TakesNothingOnceStopped) {
  Start(1, 2);
  queue_->Stop();
  Post("a", "a0");
  EXPECT_THAT(refused(), ElementsAre("a0"));
  absl::MutexLock lock(&mutex_);
  EXPECT_EQ(last_refusal_.code(), absl::StatusCode::kUnavailable);
}

TEST_F(QueryQueueTest, RunsBelowThePriorityOfOthers) {
  Start(1, 2);
  int priority = 0;
  queue_->Post("a", {.run = [&](const absl::Status&) { priority = getpriority(PRIO_PROCESS, 0); },
                     .is_long = nullptr,
                     .is_gone = nullptr});
  queue_->Stop();
  EXPECT_GT(priority, getpriority(PRIO_PROCESS, 0));
}

}  // namespace
}  // namespace flamekeep::server
