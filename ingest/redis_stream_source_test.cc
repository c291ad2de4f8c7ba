// RedisStreamSource against a real Redis server: entries, and where it goes on.
#include "ingest/redis_stream_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "ingest/redis_stream_test_fixture.h"
#include "ingest/redis_testing.h"

namespace flamekeep::ingest {
namespace {

using storage::StackValues;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(RedisStreamSourceTest, EntriesBecomeSamplesOfTheMinutesOfTheirIds) {
  TestRedis redis;
  Add(&redis, Id(absl::Seconds(1)), "a;b 1");
  Add(&redis, Id(absl::Seconds(59)), "a;b 2\na;c 3");
  Add(&redis, Id(absl::Seconds(60)), "a;b 10");
  auto source = Start(Options(redis.address(), {"excimer", "mapped"}));
  ASSERT_TRUE(AtEnd(*source, &redis));
  // And while it waits.
  redis.Command({"XADD", "mapped", "*", "host", "mw1", "stack", "m 7"});
  ASSERT_TRUE(Received(*source, 1, 1));
  EXPECT_EQ(Sum("excimer"), (StackValues{{"a;b", 3}, {"a;c", 3}}));
  EXPECT_EQ(Sum("excimer", begin_ + absl::Minutes(1)), (StackValues{{"a;b", 10}}));
  EXPECT_EQ(Total("cpu:cpu:nanoseconds::"), 7u);

  const RedisStatus status = source->Status()[0];
  EXPECT_EQ(status.kind, storage::SourceKind::kStream);
  EXPECT_EQ(status.site, "eqiad");
  EXPECT_EQ(status.name, "excimer");
  EXPECT_EQ(status.address, redis.address().Display());
  EXPECT_TRUE(status.connected);
  EXPECT_EQ(status.messages, 3u);
  EXPECT_EQ(status.position, Id(absl::Seconds(60)));
  EXPECT_EQ(status.lag, absl::ZeroDuration());
  EXPECT_EQ(status.last_message, begin_ + absl::Seconds(60));
  EXPECT_EQ(status.last_error, "");
  EXPECT_EQ(Count("redis_stream_entries_total"), 4);
  source->Stop();
  EXPECT_FALSE(source->Status()[0].connected);
}

TEST_F(RedisStreamSourceTest, TypesAndLabels) {
  TestRedis redis;
  const auto add = [&](std::vector<std::string> fields) {
    fields.insert(fields.begin(),
                  {"XADD", "excimer", Id(absl::Seconds(1), next_++), "stack", "/w/index.php;a 1"});
    redis.Command(fields);
  };
  add({"type", "excimer-wall"});
  add({"type", "mapped"});
  add({"type", "a:b:c:d:e"});
  add({"labels", "wiki=enwiki,entry_point=mine,empty="});
  add({"stack", "x 5"});  // the first one counts
  auto source = Start(Options(redis.address()));
  ASSERT_TRUE(AtEnd(*source, &redis));
  EXPECT_EQ(Total("excimer-wall:samples:count::"), 1u);
  EXPECT_EQ(Total("cpu:cpu:nanoseconds::"), 1u);
  EXPECT_EQ(Total("a:b:c:d:e"), 1u);
  EXPECT_EQ(Total(kType), 2u);
  // What the rules find wins.
  const std::vector<storage::SeriesKey> series = store_->Series();
  const storage::Labels expected = {{"entry_point", "index"}, {"wiki", "enwiki"}};
  EXPECT_EQ(std::count_if(series.begin(), series.end(),
                          [&](const auto& key) { return key.labels == expected; }),
            1);
}

TEST_F(RedisStreamSourceTest, WhatCanNotBeTakenInIsCounted) {
  TestRedis redis;
  const auto add = [&](std::vector<std::string> fields) {
    fields.insert(fields.begin(), {"XADD", "excimer", Id(absl::Seconds(1), next_++)});
    EXPECT_THAT(redis.Command(fields), HasSubstr("-"));
  };
  add({"stack", "good 1"});
  add({"trace", "a 1"});
  add({"stack", "a 1", "type", "no type!"});
  add({"stack", "a 1", "labels", "wiki"});
  add({"stack", "a 1", "labels", "1=2"});
  add({"stack", "a 1", "labels", "site=x"});
  add({"stack", "no count"});
  add({"stack", ""});
  // What is cut is never held whole.
  add({"stack", std::string(100 << 20, 'x') + " 1"});
  add({"junk", std::string(3 << 20, 'x'), "stack", "good 1"});
  add({"stack", "good 1"});
  add({"stack", std::string((1 << 20) - 2, 'y') + " 1"});  // as long as may be
  redis.Command({"XADD", "excimer", "18446744073709551614-0", "stack", "a 1"});
  auto source = Start(Options(redis.address()));
  ASSERT_TRUE(AtEnd(*source, &redis));
  StackValues sum = Sum("excimer");
  EXPECT_EQ(sum.size(), 2u);
  EXPECT_EQ(sum["good"], 3u);
  const auto rejected = [&](const std::string& reason) {
    double count = 0;
    for (const Metrics::Row& row : metrics_.Rows()) {
      if (row.name != "ingest_rejected_lines_total") continue;
      for (const auto& [name, value] : row.labels) {
        if (name == "reason" && value == reason) count += row.value;
      }
    }
    return count;
  };
  EXPECT_EQ(rejected("no_stack"), 1);
  EXPECT_EQ(rejected("no_channel"), 1);
  EXPECT_EQ(rejected("bad_labels"), 3);
  EXPECT_EQ(rejected("no_count"), 1);
  EXPECT_EQ(rejected("too_long"), 1);
  EXPECT_EQ(rejected("time_out_of_range"), 1);
  EXPECT_EQ(Count("redis_stream_entries_total"), 13);
  EXPECT_EQ(Count("redis_stream_errors_total"), 0);
}

TEST_F(RedisStreamSourceTest, GoesOnWhereItWas) {
  TestRedis redis;
  AddMany(&redis, 2500, "a 1");
  for (int round = 0; round < 4; ++round) {
    // Also under other rules, and back.
    RuleOptions rules;
    if (round % 2 == 1) rules.frames.push_back({.match = "x", .replace = "y"});
    SetRules(rules);
    auto source = StartLive(Options(redis.address()));
    if (round == 0) {
      // In the middle.
      ASSERT_TRUE(Received(*source, 100));
    } else {
      Add(&redis, "*", "b 1");
      ASSERT_TRUE(AtEnd(*source, &redis));
    }
    source->Stop();
  }
  EXPECT_EQ(Sum("excimer"), (StackValues{{"a", 2500}}));
  EXPECT_EQ(Total(kType), 2503u);
  EXPECT_THAT(Gaps(), IsEmpty());
  EXPECT_EQ(Count("redis_stream_lost_entries_total"), 0);
}

TEST_F(RedisStreamSourceTest, GoesOnWhereTheSiteGetsASecondServer) {
  TestRedis first;
  TestRedis second;
  Add(&first, Id(absl::Seconds(1)), "a 1");
  Add(&second, Id(absl::Seconds(1)), "b 1");
  auto alone = Start(Options(first.address()));
  ASSERT_TRUE(AtEnd(*alone, &first));
  alone->Stop();
  const auto with_suffix = [&](const TestRedis& redis) {
    auto options = Options(redis.address());
    options.name_suffix = "@" + redis.address().Display();
    return Start(options);
  };
  auto one = with_suffix(first);
  auto two = with_suffix(second);
  Add(&first, "*", "a 1");
  ASSERT_TRUE(AtEnd(*one, &first) && AtEnd(*two, &second));
  EXPECT_EQ(Sum("excimer"), (StackValues{{"a", 1}, {"b", 1}}));
  EXPECT_EQ(Total(kType), 3u);
}

TEST_F(RedisStreamSourceTest, AServerThatDoesNotAnswerIsLeft) {
  TestRedis redis;
  auto options = Options(redis.address());
  options.ping_after = absl::Milliseconds(200);
  auto source = Start(options);
  ASSERT_TRUE(Connected(*source));
  redis.Pause();
  ASSERT_TRUE(Failed(*source, "answer"));
  redis.Resume();
  ASSERT_TRUE(Connected(*source));
}

TEST_F(RedisStreamSourceTest, OneThatCanNotBeReadDoesNotHinderTheOthers) {
  TestRedis redis;
  redis.Command({"SET", "excimer-wall", "x"});
  auto source = Start(Options(redis.address(), {"excimer", "excimer-wall"}));
  ASSERT_TRUE(Failed(*source, "WRONGTYPE", 1));
  redis.Command({"XADD", "excimer", "*", "stack", "a 1"});
  ASSERT_TRUE(Received(*source, 1));
  redis.Command({"DEL", "excimer-wall"});
  redis.Command({"XADD", "excimer-wall", "*", "stack", "a 1"});
  ASSERT_TRUE(Received(*source, 1, 1));
  EXPECT_TRUE(source->Status()[1].connected);
}

TEST_F(RedisStreamSourceTest, UserWithRights) {
  TestRedis redis;
  ASSERT_EQ(redis.Command({"ACL", "SETUSER", "reader", "on", ">p@ss", "+multi", "+exec", "+time",
                           "+xread", "+xinfo|stream", "~excimer"}),
            "OK");
  RedisAddress address = redis.address();
  address.user = "reader";
  address.password = "p@ss";
  auto source = Start(Options(address, {"excimer", "excimer-wall"}));
  ASSERT_TRUE(Connected(*source));
  ASSERT_TRUE(Failed(*source, "NOPERM", 1));
  redis.Command({"XADD", "excimer", "*", "stack", "a 1"});
  EXPECT_TRUE(Received(*source, 1));
  address.password = "wrong";
  auto refused = Start(Options(address));
  EXPECT_TRUE(Failed(*refused, "WRONGPASS"));
}

TEST_F(RedisStreamSourceTest, WhatCanNotBeStarted) {
  const auto code = [&](auto change) {
    auto options = Options({.host = "127.0.0.1"});
    change(&options);
    return RedisStreamSource::Start(options, pipeline_.get(), &*store_).status().code();
  };
  EXPECT_EQ(code([](RedisSourceOptions* o) { o->streams = {}; }),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](RedisSourceOptions* o) { o->streams = {"no type"}; }),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](RedisSourceOptions* o) { o->site = "no site"; }),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](RedisSourceOptions* o) { o->password_file = "/no/such/file"; }),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace flamekeep::ingest
