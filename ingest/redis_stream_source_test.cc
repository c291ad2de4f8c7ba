// RedisStreamSource against a real Redis server whose streams are trimmed, deleted and lost.
#include "ingest/redis_stream_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "ingest/redis_test_fixture.h"
#include "ingest/redis_testing.h"
#include "storage/column.h"

namespace flamekeep::ingest {
namespace {

using storage::GapReason;
using storage::StackValues;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kType[] = "excimer:samples:count::";

class RedisStreamSourceTest : public RedisFixture<RedisStreamSource> {
 protected:
  RedisStreamSourceTest() {
    // Ids are compared with the server's clock.
    begin_ = absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now()) / 60 * 60) - absl::Minutes(10);
    clock_.Set(absl::Now());
  }

  RedisSourceOptions Options(const RedisAddress& address,
                             std::vector<std::string> streams = {"excimer"}) {
    RedisSourceOptions options = RedisFixture::Options(address);
    options.streams = std::move(streams);
    return options;
  }

  // Total value of a profile type (five parts), under whatever labels.
  uint64_t Total(std::string_view type) {
    EXPECT_TRUE(store_->Flush().ok());
    const std::vector<storage::SeriesKey> series = store_->Series();
    const auto snapshot = *store_->NewSnapshot();
    std::vector<storage::SeriesId> ids;
    for (uint32_t i = 1; i < series.size(); ++i) {
      if (series[i].profile_type == type) ids.push_back(storage::SeriesId{i});
    }
    const auto plan = snapshot->MakePlan(begin_, begin_ + absl::Hours(2), ids);
    uint64_t total = 0;
    const auto add = [&](std::unique_ptr<storage::ColumnHandle> column) -> absl::Status {
      storage::ColumnHeader header;
      EXPECT_TRUE(storage::DecodeColumn(column->encoded(), &header).ok());
      total += header.total;
      return absl::OkStatus();
    };
    EXPECT_TRUE(snapshot->Read(*plan, add, [] { return absl::OkStatus(); }).ok());
    return total;
  }

  // The id of an entry so long after `begin_`.
  std::string Id(absl::Duration after, int seq = 0) const {
    return std::to_string(Ms(after)) + "-" + std::to_string(seq);
  }

  std::string Add(TestRedis* redis, const std::string& id, const std::string& stack,
                  const std::string& stream = "excimer") {
    return redis->Command({"XADD", stream, id, "stack", stack});
  }
  void AddMany(TestRedis* redis, int count, const std::string& stack,
               const std::string& stream = "excimer") {
    for (int i = 0; i < count; ++i) Add(redis, Id(absl::ZeroDuration(), i + 1), stack, stream);
  }

  bool AtEnd(const RedisStreamSource& source, TestRedis* redis, size_t index = 0) {
    return Eventually([&] {
      const RedisStatus status = source.Status()[index];
      return status.position == LastId(redis, status.name) && status.queued == 0;
    });
  }
  static std::string LastId(TestRedis* redis, const std::string& stream) {
    // EVAL, as the reply to XINFO is no text.
    return redis->Command({"EVAL",
                           "local i = redis.call('XINFO', 'STREAM', KEYS[1]) for k = 1, #i, 2 do "
                           "if i[k] == 'last-generated-id' then return i[k + 1] end end",
                           "1", stream});
  }
  int next_ = 1;

  bool Failed(const RedisStreamSource& source, const std::string& reason, size_t index = 0) {
    return Eventually([&] {
      const RedisStatus status = source.Status()[index];
      return !status.connected && status.last_error.find(reason) != std::string::npos;
    });
  }
};

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

TEST_F(RedisStreamSourceTest, IsCompleteToShortlyBeforeTheServersClock) {
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

TEST_F(RedisStreamSourceTest, WhatWasTrimmedBeforeItWasReadIsCounted) {
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

TEST_F(RedisStreamSourceTest, AStreamThatIsDeletedAndMadeAgain) {
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

TEST_F(RedisStreamSourceTest, WhatIsLateIsCounted) {
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

TEST_F(RedisStreamSourceTest, AServerThatIsKilled) {
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

TEST_F(RedisStreamSourceTest, AServerThatKeepsItsDataIsNoGap) {
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
