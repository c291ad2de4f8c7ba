// What RedisSource says of what it heard and what it missed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "ingest/redis_source.h"
#include "ingest/redis_test_fixture.h"
#include "ingest/redis_testing.h"

namespace flamekeep::ingest {
namespace {

using storage::StackValues;

class RedisProgressTest : public RedisFixture<RedisSource> {
 protected:
  storage::Gap Disconnected(absl::Duration begin, absl::Duration end) const {
    return {Ms(begin), Ms(end), storage::GapReason::kDisconnected};
  }
};

TEST_F(RedisProgressTest, AnIdleChannelIsCompleteThroughTheLastSignOfLife) {
  TestRedis redis;
  auto source = StartLive(Options(redis.address()));
  ASSERT_TRUE(Connected(*source));
  EXPECT_TRUE(CompleteThrough(absl::ZeroDuration()));
  clock_.Set(kNoon + absl::Minutes(5));
  EXPECT_TRUE(CompleteThrough(absl::Minutes(5)));
  EXPECT_THAT(Gaps(), ::testing::IsEmpty());
  // A clock that goes back a little stands still.
  clock_.Set(kNoon + absl::Minutes(4));
  redis.Publish("excimer", "a 1");
  ASSERT_TRUE(Received(*source, 1));
  source->Stop();
  EXPECT_EQ(Sum("excimer", kNoon + absl::Minutes(5)), (StackValues{{"a", 1}}));
  EXPECT_EQ(Now().complete_through_ms, Ms(absl::Minutes(5)));
}

TEST_F(RedisProgressTest, WhatWasNotHeardIsAGap) {
  TestRedis redis;
  auto source = StartLive(Options(redis.address()));
  ASSERT_TRUE(Connected(*source));
  clock_.Set(kNoon + absl::Minutes(1));
  ASSERT_TRUE(CompleteThrough(absl::Minutes(1)));
  redis.Kill();
  ASSERT_TRUE(Eventually([&] { return !source->Status()[0].connected; }));
  clock_.Set(kNoon + absl::Minutes(3));
  absl::SleepFor(absl::Milliseconds(100));
  EXPECT_EQ(Now().complete_through_ms, Ms(absl::Minutes(1)));
  redis.Start();
  ASSERT_TRUE(Connected(*source));
  EXPECT_TRUE(CompleteThrough(absl::Minutes(3)));
  EXPECT_EQ(Gaps(), std::vector{Disconnected(absl::Minutes(1), absl::Minutes(3))});

  // Also while this program does not run, and where the rules are others after that.
  source->Stop();
  source.reset();
  clock_.Set(kNoon + absl::Minutes(10));
  RuleOptions rules;
  rules.frames.push_back({.match = "x", .replace = "y"});
  SetRules(rules);
  source = StartLive(Options(redis.address()));
  ASSERT_TRUE(Connected(*source));
  EXPECT_TRUE(CompleteThrough(absl::Minutes(10)));
  EXPECT_EQ(Gaps(), (std::vector{Disconnected(absl::Minutes(1), absl::Minutes(3)),
                                 Disconnected(absl::Minutes(3), absl::Minutes(10))}));
  // What lies between is final, with the gap.
  EXPECT_EQ(store_->FinalRanges("eqiad").at("excimer:samples:count::"),
            (std::vector<storage::FinalRange>{{Ms(absl::ZeroDuration()), Ms(absl::Minutes(10))}}));
}

TEST_F(RedisProgressTest, WhatTheQueueRefusedIsAGap) {
  TestRedis redis;
  auto options = Options(redis.address());
  options.queue_bytes = 1;  // one chunk
  options.chunk_bytes = 1;  // one message
  auto source = StartLive(options);
  ASSERT_TRUE(Connected(*source));
  redis.PublishAll("excimer", std::vector<std::string>(5000, "a 1"));
  ASSERT_TRUE(Received(*source, 5000));
  clock_.Set(kNoon + absl::Minutes(2));
  ASSERT_TRUE(CompleteThrough(absl::Minutes(2)));
  ASSERT_GT(Count("redis_queue_full_messages_total"), 0);
  const std::vector<storage::Gap> gaps = Gaps();
  ASSERT_FALSE(gaps.empty());
  EXPECT_EQ(gaps[0].reason, storage::GapReason::kOverflow);
  EXPECT_EQ(gaps[0].begin_ms, Ms(absl::ZeroDuration()));
}

TEST_F(RedisProgressTest, TheSlowestOfSeveralServersCounts) {
  TestRedis first;
  TestRedis second;
  auto options = Options(first.address());
  options.name_suffix = "@first";
  auto one = Start(options);
  options = Options(second.address());
  options.name_suffix = "@second";
  auto two = Start(options);
  std::vector<storage::LiveSource> live = one->live();
  for (const storage::LiveSource& source : two->live()) live.push_back(source);
  store_->SetLiveSources(live);
  ASSERT_TRUE(Connected(*one) && Connected(*two));
  clock_.Set(kNoon + absl::Minutes(1));
  ASSERT_TRUE(CompleteThrough(absl::Minutes(1)));
  second.Kill();
  ASSERT_TRUE(Eventually([&] { return !two->Status()[0].connected; }));
  clock_.Set(kNoon + absl::Minutes(2));
  ASSERT_TRUE(Eventually([&] {
    return store_->ProgressOf(one->live()[0].id)->complete_through_ms == Ms(absl::Minutes(2));
  }));
  EXPECT_EQ(Now().complete_through_ms, Ms(absl::Minutes(1)));
}

}  // namespace
}  // namespace flamekeep::ingest
