#include "server/worker_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"

namespace flamekeep::server {
namespace {

TEST(WorkerPoolTest, RunsEveryTaskThatItTook) {
  std::atomic<int> ran = 0;
  std::atomic<int> taken = 0;
  {
    WorkerPool pool("test", 3, 1'000);
    std::vector<std::thread> posters;
    posters.reserve(4);
    for (int i = 0; i < 4; ++i) {
      posters.emplace_back([&] {
        for (int j = 0; j < 5'000; ++j) {
          if (pool.TryPost([&ran] { ++ran; })) ++taken;
        }
      });
    }
    for (std::thread& poster : posters) poster.join();
  }
  EXPECT_EQ(ran, taken);
  EXPECT_GE(taken, 1'000);
}

TEST(WorkerPoolTest, RefusesBeyondItsQueue) {
  absl::Notification started;
  absl::Notification go;
  WorkerPool pool("test", 1, 2);
  ASSERT_TRUE(pool.TryPost([&] {
    started.Notify();
    go.WaitForNotification();
  }));
  started.WaitForNotification();
  EXPECT_TRUE(pool.TryPost([] {}));
  EXPECT_TRUE(pool.TryPost([] {}));
  EXPECT_EQ(pool.queued(), 2u);
  EXPECT_FALSE(pool.TryPost([] {}));
  go.Notify();
}

TEST(WorkerPoolTest, TakesNothingOnceStopped) {
  WorkerPool pool("test", 1, 2);
  pool.Stop();
  EXPECT_FALSE(pool.TryPost([] {}));
  pool.Stop();
}

TEST(WorkerPoolTest, KeepsTheOrder) {
  std::vector<int> order;
  WorkerPool pool("test", 1, 100);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(pool.TryPost([&order, i] { order.push_back(i); }));
  pool.Stop();
  EXPECT_THAT(order, testing::ElementsAre(0, 1, 2, 3, 4));
}

}  // namespace
}  // namespace flamekeep::server
