// Salts that servers share through Redis, and streams whose labels are hashed with them.
#include "ingest/redis_label_salts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ingest/redis_stream_source.h"
#include "ingest/redis_test_fixture.h"

namespace flamekeep::ingest {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

LabelSaltOptions Shared() { return {.shared = true}; }

storage::Minute ThisMinute() { return *storage::MinuteOf(absl::Now()); }

// A server that shares its salts.
struct Sharer {
  explicit Sharer(const RedisAddress& address, LabelSaltOptions options = Shared())
      : salts(std::move(options), &metrics),
        redis(*RedisLabelSalts::Start({.address = address,
                                       .timeout = absl::Milliseconds(500),
                                       .interval = absl::Milliseconds(20),
                                       .retry = absl::Milliseconds(10)},
                                      &salts, &metrics)) {}

  // Empty where there is none.
  std::string HashAt(storage::Minute minute) {
    const auto found = salts.Find(salts.PeriodOf(minute));
    return found.key == nullptr ? "" : found.key->Hash("user", "ann");
  }
  bool Has(storage::Minute minute) {
    return Eventually([&] { return !HashAt(minute).empty(); });
  }
  double Count(std::string_view name) {
    double sum = 0;
    for (const Metrics::Row& row : metrics.Rows()) sum += row.name == name ? row.value : 0;
    return sum;
  }

  Metrics metrics;
  LabelSalts salts;
  std::unique_ptr<RedisLabelSalts> redis;
};

TEST(RedisLabelSaltsTest, ServersAgreeAndARotationChangesTheSalt) {
  TestRedis redis({"--save", ""});
  Sharer one(redis.address());
  Sharer two(redis.address());
  const storage::Minute now = ThisMinute();
  // This period's is there at the start, the next one's too.
  EXPECT_NE(one.HashAt(now), "");
  EXPECT_EQ(one.HashAt(now), two.HashAt(now));
  const storage::Minute tomorrow = now + 24 * 60;
  ASSERT_TRUE(one.Has(tomorrow) && two.Has(tomorrow));
  EXPECT_EQ(one.HashAt(tomorrow), two.HashAt(tomorrow));
  EXPECT_NE(one.HashAt(now), one.HashAt(tomorrow));
  // An earlier one is asked for.
  const storage::Minute yesterday = now - 24 * 60;
  ASSERT_TRUE(two.Has(yesterday) && one.Has(yesterday));
  EXPECT_EQ(one.HashAt(yesterday), two.HashAt(yesterday));
  // All end by themselves.
  const auto period = static_cast<int64_t>(one.salts.PeriodOf(now));
  const int64_t left =
      std::stoll(redis.Command({"TTL", "flamekeep:label-salt:86400:" + std::to_string(period)}));
  EXPECT_GT(left, 24 * 3600 - 60);
  EXPECT_LE(left, 48 * 3600 + 1);
}

TEST(RedisLabelSaltsTest, AServerThatLostThemGetsThemBack) {
  TestRedis redis({"--save", ""});
  Sharer one(redis.address());
  const std::string hash = one.HashAt(ThisMinute());
  redis.Command({"FLUSHALL"});
  ASSERT_TRUE(Eventually([&] { return redis.Command({"DBSIZE"}) == "2"; }));
  Sharer two(redis.address());
  EXPECT_EQ(two.HashAt(ThisMinute()), hash);
  EXPECT_EQ(one.Count("label_salt_conflicts_total"), 0);
}

TEST(RedisLabelSaltsTest, ASecondSaltCountsForAllAndIsTold) {
  TestRedis redis({"--save", ""});
  Sharer one(redis.address());
  const auto period = static_cast<int64_t>(one.salts.PeriodOf(ThisMinute()));
  const std::string before = one.HashAt(ThisMinute());
  redis.Command({"SET", "flamekeep:label-salt:86400:" + std::to_string(period),
                 std::string(LabelKey::kBytes, 'x')});
  EXPECT_TRUE(Eventually([&] { return one.Count("label_salt_conflicts_total") == 1; }));
  EXPECT_EQ(one.HashAt(ThisMinute()),
            (*LabelKey::From(std::string(LabelKey::kBytes, 'x')))->Hash("user", "ann"));
  EXPECT_NE(one.HashAt(ThisMinute()), before);
}

TEST(RedisLabelSaltsTest, WaitsForAServerThatIsNotThere) {
  TestRedis redis({"--save", ""});
  redis.Kill();
  Sharer one(redis.address());
  const SaltPeriod period = one.salts.PeriodOf(ThisMinute());
  EXPECT_TRUE(one.salts.Find(period).may_come);
  EXPECT_TRUE(Eventually([&] { return one.Count("label_salts_errors_total") > 2; }));
  EXPECT_EQ(one.Count("label_salts_connected"), 0);
  redis.Start();
  EXPECT_TRUE(one.Has(ThisMinute()));
  EXPECT_TRUE(Eventually([&] { return one.Count("label_salts_connected") == 1; }));
}

TEST(RedisLabelSaltsTest, APeriodThatIsNearlyOverGetsNoSaltAnyMore) {
  TestRedis redis({"--save", ""});
  // A period of this minute has three minutes left, and then none.
  LabelSaltOptions options = Shared();
  options.rotate = absl::Minutes(1);
  options.keep = absl::Minutes(2);
  Sharer one(redis.address(), options);
  const SaltPeriod period = one.salts.PeriodOf(ThisMinute());
  EXPECT_TRUE(Eventually([&] { return !one.salts.Find(period).may_come; }));
  EXPECT_EQ(one.salts.Find(period).key, nullptr);
  EXPECT_EQ(redis.Command({"DBSIZE"}), "0");
}

TEST(RedisLabelSaltsTest, WhatIsNoSaltIsNotTaken) {
  TestRedis redis({"--save", ""});
  const int64_t period = absl::ToUnixSeconds(absl::Now()) / 86400;
  redis.Command({"SET", "flamekeep:label-salt:86400:" + std::to_string(period), "short"});
  Sharer one(redis.address());
  EXPECT_TRUE(one.salts.Find(SaltPeriod{period}).may_come);
  redis.Command({"DEL", "flamekeep:label-salt:86400:" + std::to_string(period)});
  EXPECT_TRUE(one.Has(ThisMinute()));
}

class SaltedStreamTest : public RedisFixture<RedisStreamSource> {
 protected:
  SaltedStreamTest()
      : redis_({"--save", ""}),
        salts_({.keep = absl::Hours(48), .shared = true, .now = [this] { return clock_.Now(); }},
               &metrics_) {
    PipelineOptions options{.salts = &salts_, .metrics = &metrics_};
    pipeline_ = *Pipeline::Make(&interner_, std::move(options));
  }

  RedisSourceOptions Hashing() {
    RedisSourceOptions options = Options(redis_.address());
    options.streams = {"excimer"};
    options.relabel = *Relabel::Make({{RelabelRule::Action::kHash, "user", ""}});
    return options;
  }
  void Publish(absl::Time time, const std::string& user) {
    redis_.Command({"XADD", "excimer", std::to_string(absl::ToUnixMillis(time)) + "-*", "stack",
                    "a 1", "labels", "user=" + user});
  }
  std::set<std::string> Users() {
    EXPECT_TRUE(store_->Flush().ok());
    std::set<std::string> users;
    for (const storage::SeriesKey& series : store_->Series()) {
      if (series.site.empty()) continue;  // of no id
      users.insert(series.labels.empty() ? "" : series.labels[0].second);
    }
    return users;
  }
  SaltPeriod PeriodAt(absl::Time time) { return salts_.PeriodOf(*storage::MinuteOf(time)); }

  TestRedis redis_;
  LabelSalts salts_;
};

TEST_F(SaltedStreamTest, AStreamWaitsForItsSalt) {
  Publish(kNoon - absl::Hours(24), "ann");
  Publish(kNoon - absl::Hours(1), "bob");
  const auto key = [](char c) { return *LabelKey::From(std::string(LabelKey::kBytes, c)); };
  const auto source = StartLive(Hashing());
  EXPECT_TRUE(Eventually(
      [&] { return source->Status()[0].last_error.find("needs the salt") != std::string::npos; }));
  EXPECT_THAT(Users(), IsEmpty());
  EXPECT_EQ(source->Status()[0].messages, 0u);
  salts_.Share(PeriodAt(kNoon - absl::Hours(24)), key('x'));
  ASSERT_TRUE(Received(*source, 1));
  EXPECT_THAT(Users(), ElementsAre(key('x')->Hash("user", "ann")));
  EXPECT_FALSE(salts_.Find(PeriodAt(kNoon - absl::Hours(1))).key);
  salts_.Share(PeriodAt(kNoon - absl::Hours(1)), key('y'));
  ASSERT_TRUE(Received(*source, 2));
  EXPECT_THAT(Users(), testing::UnorderedElementsAre(key('x')->Hash("user", "ann"),
                                                     key('y')->Hash("user", "bob")));
  EXPECT_EQ(Count("ingest_unhashed_labels_total"), 0);
  EXPECT_THAT(Gaps(), IsEmpty());
}

TEST_F(SaltedStreamTest, WhereTheSaltIsGoneTheLabelIsMissingAndAGapTellsIt) {
  begin_ = kNoon - absl::Hours(24 * 5);
  Publish(begin_ + absl::Minutes(1), "ann");
  Publish(begin_ + absl::Minutes(2), "bob");
  Publish(kNoon - absl::Hours(1), "eve");
  salts_.Share(PeriodAt(kNoon - absl::Hours(1)),
               *LabelKey::From(std::string(LabelKey::kBytes, 'y')));
  const auto source = StartLive(Hashing());
  ASSERT_TRUE(Received(*source, 3));
  EXPECT_THAT(Users(), testing::UnorderedElementsAre(
                           "", salts_.Find(PeriodAt(clock_.Now())).key->Hash("user", "eve")));
  EXPECT_EQ(Count("ingest_unhashed_labels_total"), 2);
  ASSERT_EQ(Gaps().size(), 1u);
  EXPECT_EQ(Gaps()[0].reason, storage::GapReason::kUnhashed);
  EXPECT_EQ(Gaps()[0].begin_ms, Ms(absl::Minutes(1)));
  EXPECT_EQ(Gaps()[0].end_ms, Ms(absl::Minutes(2)) + 1);
}

}  // namespace
}  // namespace flamekeep::ingest
