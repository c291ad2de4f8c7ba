// What RedisStreamSource says of streams that are trimmed, deleted and lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "ingest/redis_stream_source.h"
#include "ingest/redis_stream_test_fixture.h"
#include "ingest/redis_testing.h"

namespace flamekeep::ingest {
namespace {

using storage::GapReason;
using storage::StackValues;

class RedisStreamGapsTest : public RedisStreamSourceTest {};

TEST_F(RedisStreamGapsTest, IsCompleteToShortlyBeforeTheServersClock) {
  TestRedis redis;
  const absl::Time start = absl::Now();
  Add(&redis, Id(absl::Seconds(30)), "a 1");
  auto source = StartLive(Options(redis.address(), {"excimer", "excimer-none"}));
  ASSERT_TRUE(AtEnd(*source, &redis));
  // The one that does not exist holds nothing back.
  ASSERT_TRUE(Eventually(
      [&] { return Now().complete_through_ms >= absl::ToUnixMillis(start - absl::Seconds(5)); }));
  EXPECT_LE(Now().complete_through_ms, absl::ToUnixMillis(absl::Now() - absl::Seconds(5)));
  const auto snapshot = *store_->NewSnapshot();
  const auto plan = snapshot->MakePlan(begin_ + absl::Minutes(1), begin_ + absl::Minutes(2),
                                       {store_.Series("excimer")});
  EXPECT_TRUE(
      snapshot
          ->CompletenessOf(*plan, "excimer:samples:count::", [](std::string_view) { return true; })
          ->final);
}

TEST_F(RedisStreamGapsTest, WhatWasTrimmedBeforeItWasReadIsCounted) {
  TestRedis redis;
  Add(&redis, Id(absl::Seconds(1)), "a 1");
  auto source = StartLive(Options(redis.address()));
  ASSERT_TRUE(AtEnd(*source, &redis));
  source->Stop();
  for (int i = 0; i < 50; ++i) redis.Command({"XADD", "excimer", "*", "stack", "a 1"});
  redis.Command({"XTRIM", "excimer", "MAXLEN", "20"});
  source = StartLive(Options(redis.address()));
  ASSERT_TRUE(AtEnd(*source, &redis));
  EXPECT_EQ(source->Status()[0].lost, 30u);
  EXPECT_EQ(Count("redis_stream_lost_entries_total"), 30);
  EXPECT_EQ(Count("redis_stream_entries_total"), 21);
  const std::vector<storage::Gap> gaps = Gaps();
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0].reason, GapReason::kTrimmed);
  // No gap where the trimmed ones were read.
  for (int i = 0; i < 2; ++i) {
    redis.Command({"XADD", "excimer", "MAXLEN", "1", "*", "stack", "a 1"});
    ASSERT_TRUE(AtEnd(*source, &redis));
  }
  source->Stop();
  EXPECT_EQ(Gaps(), gaps);
  EXPECT_EQ(Count("redis_stream_lost_entries_total") + Count("redis_stream_entries_total"), 53);
}

TEST_F(RedisStreamGapsTest, AStreamThatIsDeletedAndMadeAgain) {
  TestRedis redis;
  Add(&redis, Id(absl::Seconds(1)), "a 1");
  auto source = StartLive(Options(redis.address()));
  ASSERT_TRUE(AtEnd(*source, &redis));
  redis.Command({"DEL", "excimer"});
  ASSERT_TRUE(Eventually([&] { return Count("redis_stream_gaps_total") == 1; }));
  redis.Command({"XADD", "excimer", "*", "stack", "b 1"});
  ASSERT_TRUE(Received(*source, 2));
  EXPECT_EQ(source->Status()[0].lost, 0u);
  const std::vector<storage::Gap> gaps = Gaps();
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0].reason, GapReason::kReplaced);
  // What is older than what was complete is not taken in.
  redis.Command({"DEL", "excimer"});
  ASSERT_TRUE(Eventually([&] { return Count("redis_stream_gaps_total") == 2; }));
  Add(&redis, Id(absl::Seconds(2)), "late 1");
  ASSERT_TRUE(Eventually([&] { return Count("redis_stream_lost_entries_total") == 1; }));
  EXPECT_EQ(Sum("excimer"), (StackValues{{"a", 1}}));
}

TEST_F(RedisStreamGapsTest, WhatIsLateIsCounted) {
  TestRedis redis;
  Add(&redis, Id(absl::Seconds(1)), "a 1");
  auto source = StartLive(Options(redis.address()));
  ASSERT_TRUE(AtEnd(*source, &redis));
  // The stream was complete to a moment ago.
  Add(&redis, Id(absl::Seconds(2)), "late 1");
  ASSERT_TRUE(Eventually([&] { return Count("redis_stream_late_entries_total") == 1; }));
  redis.Command({"XADD", "excimer", "*", "stack", "b 1"});
  ASSERT_TRUE(Received(*source, 3));
  EXPECT_EQ(Sum("excimer"), (StackValues{{"a", 1}}));
}

TEST_F(RedisStreamGapsTest, AReplicaThatHasLessIsWaitedFor) {
  TestRedis redis;
  Add(&redis, Id(absl::Seconds(1)), "a 1");
  auto source = StartLive(Options(redis.address()));
  ASSERT_TRUE(AtEnd(*source, &redis));
  source->Stop();
  redis.Command({"CONFIG", "SET", "replica-read-only", "no"});
  redis.Command({"REPLICAOF", "127.0.0.1", "1"});
  redis.Command({"DEL", "excimer"});
  source = StartLive(Options(redis.address()));
  ASSERT_TRUE(Connected(*source));
  // It is sent the stream, and what is new in it.
  Add(&redis, Id(absl::Seconds(1)), "a 1");
  Add(&redis, Id(absl::Minutes(9)), "b 1");
  ASSERT_TRUE(AtEnd(*source, &redis));
  EXPECT_EQ(Count("redis_stream_entries_total"), 2);
  EXPECT_EQ(Count("redis_stream_gaps_total"), 0);
  EXPECT_EQ(Count("redis_stream_lost_entries_total"), 0);
  // As a master it is taken at its word.
  redis.Command({"DEL", "excimer"});
  redis.Command({"REPLICAOF", "NO", "ONE"});
  ASSERT_TRUE(Eventually([&] { return Count("redis_stream_gaps_total") == 1; }));
}

TEST_F(RedisStreamGapsTest, IsNotCompleteAheadOfOurOwnClock) {
  TestRedis redis;
  Add(&redis, Id(absl::Seconds(1)), "a 1");
  RedisSourceOptions options = Options(redis.address());
  options.now = [] { return absl::Now() - absl::Minutes(5); };
  auto source = StartLive(options);
  ASSERT_TRUE(AtEnd(*source, &redis));
  redis.Command({"XADD", "excimer", "*", "stack", "b 1"});
  ASSERT_TRUE(Received(*source, 2));
  EXPECT_LE(Now().complete_through_ms, absl::ToUnixMillis(absl::Now() - absl::Minutes(5)));
  EXPECT_GE(Now().complete_through_ms, Ms(absl::Minutes(4)));
}

TEST_F(RedisStreamGapsTest, ANewStreamLeavesWhatIsFinalAsItIs) {
  // Channels were heard: excimer to 5:10, excimer-wall to 8:00.
  const auto heard = [&](const std::string& type, absl::Duration to) {
    const storage::LiveSource channel = {
        *store_->InternSource({storage::SourceKind::kPubSub, "eqiad", type, "node1"}),
        {type + ":samples:count::"}};
    EXPECT_TRUE(store_
                    ->Append({.source = channel.id,
                              .samples = {store_.MakeSample(begin_, type, "heard", 1)},
                              .progress = {.begins_ms = Ms(absl::ZeroDuration()),
                                           .complete_through_ms = Ms(to)}})
                    .ok());
    return channel;
  };
  std::vector<storage::LiveSource> live = {heard("excimer", absl::Seconds(310)),
                                           heard("excimer-wall", absl::Minutes(8))};
  // One that was configured and never read changes nothing of that.
  live.push_back(
      {*store_->InternSource({storage::SourceKind::kStream, "eqiad", "never"}), {kType}});
  store_->SetLiveSources(live);
  ASSERT_TRUE(store_->Flush().ok());
  TestRedis redis;
  Add(&redis, Id(absl::Seconds(-30)), "a 1");  // before anybody listened
  for (int i = 0; i < 150; ++i) Add(&redis, Id(absl::Seconds(1), i), "a 1");  // several looks
  Add(&redis, Id(absl::Seconds(299)), "a 1");
  Add(&redis, Id(absl::Minutes(5)), "b 1");
  for (const int minute : {7, 8}) {
    redis.Command(
        {"XADD", "excimer", Id(absl::Minutes(minute)), "stack", "wall 1", "type", "excimer-wall"});
  }
  for (int start = 0; start < 2; ++start) {
    auto source = Start(Options(redis.address()));
    live.push_back(source->live()[0]);
    store_->SetLiveSources(live);
    ASSERT_TRUE(AtEnd(*source, &redis));
    source->Stop();
    EXPECT_EQ(Sum("excimer"), (StackValues{{"heard", 1}}));
    EXPECT_EQ(Sum("excimer", begin_ + absl::Minutes(4)), StackValues{});
    EXPECT_EQ(Sum("excimer", begin_ + absl::Minutes(5)), (StackValues{{"b", 1}}));
    EXPECT_EQ(Sum("excimer-wall", begin_ + absl::Minutes(7)), StackValues{});
    EXPECT_EQ(Sum("excimer-wall", begin_ + absl::Minutes(8)), (StackValues{{"wall", 1}}));
    EXPECT_EQ(Count("redis_stream_late_entries_total"), 153);
    EXPECT_EQ(Count("redis_stream_gaps_total"), 1);
    // What was final says of no gap that it did not have before.
    EXPECT_EQ(Gaps(), std::vector<storage::Gap>());
    const absl::Time begin = std::exchange(begin_, begin_ - absl::Minutes(1));
    EXPECT_EQ(Gaps(),
              (std::vector<storage::Gap>{{absl::ToUnixMillis(begin - absl::Seconds(30)),
                                          absl::ToUnixMillis(begin), GapReason::kReplaced}}));
    begin_ = begin;
  }
}

TEST_F(RedisStreamGapsTest, AStreamThatIsTrimmedAllTheTimeHasFewGaps) {
  TestRedis redis;
  auto source = StartLive(Options(redis.address()));
  ASSERT_TRUE(Connected(*source));
  const absl::Time start = absl::Now();
  int looks = 0;
  uint64_t lost = 0;
  for (; looks < 20; ++looks) {
    // Three at once, of which two are left: between the gaps something is read.
    const int64_t id = absl::ToUnixMillis(start) + int64_t{10} * looks;
    const std::string script =
        "redis.call('XADD', KEYS[1], ARGV[1], 'stack', 'a 1') "
        "redis.call('XADD', KEYS[1], ARGV[2], 'stack', 'a 1') "
        "return redis.call('XADD', KEYS[1], 'MAXLEN', 2, ARGV[3], 'stack', 'a 1')";
    redis.Command({"EVAL", script, "1", "excimer", std::to_string(id), std::to_string(id + 1),
                   std::to_string(id + 5)});
    ASSERT_TRUE(Eventually([&] { return Count("redis_stream_lost_entries_total") > lost; }));
    lost = static_cast<uint64_t>(Count("redis_stream_lost_entries_total"));
  }
  source->Stop();
  EXPECT_EQ(lost, 20u);
  // One for each minute, at most.
  const auto minutes = (absl::Now() - start) / absl::Minutes(1);
  EXPECT_LE(static_cast<double>(Gaps().size()), minutes + 2);
}

TEST_F(RedisStreamGapsTest, AServerThatIsKilled) {
  TestRedis redis;
  auto source = StartLive(Options(redis.address()));
  for (uint64_t round = 1; round <= 3; ++round) {
    redis.Command({"XADD", "excimer", "*", "stack", "a 1"});
    ASSERT_TRUE(Received(*source, round));
    redis.Kill();
    ASSERT_TRUE(Failed(*source, redis.address().Display()));
    redis.Start();  // with nothing
    ASSERT_TRUE(Connected(*source));
    ASSERT_TRUE(
        Eventually([&] { return Count("redis_stream_gaps_total") == static_cast<double>(round); }));
  }
  source->Stop();
  EXPECT_EQ(Count("redis_stream_entries_total"), 3);
  EXPECT_EQ(Count("redis_stream_lost_entries_total"), 0);
}

TEST_F(RedisStreamGapsTest, AServerThatKeepsItsDataIsNoGap) {
  TestRedis redis({"--appendonly", "yes", "--appendfsync", "always"});
  auto source = StartLive(Options(redis.address()));
  for (uint64_t round = 1; round <= 3; ++round) {
    redis.Command({"XADD", "excimer", "*", "stack", "a 1"});
    ASSERT_TRUE(Received(*source, round));
    redis.Kill();
    ASSERT_TRUE(Failed(*source, redis.address().Display()));
    redis.Start();
    ASSERT_TRUE(Connected(*source));
  }
  ASSERT_TRUE(AtEnd(*source, &redis));
  EXPECT_EQ(Count("redis_stream_entries_total"), 3);
  EXPECT_EQ(Count("redis_stream_gaps_total"), 0);
}

}  // namespace
}  // namespace flamekeep::ingest
