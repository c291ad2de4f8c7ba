#include "storage/size_cap.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "absl/time/civil_time.h"
#include "storage/snapshot.h"
#include "storage/store.h"
#include "storage/store_directory.h"
#include "storage/store_stats.h"
#include "storage/store_testing.h"

namespace flamekeep::storage {
namespace {

using ::testing::IsEmpty;

absl::Time Civil(int year, int month, int day) {
  return absl::FromCivil(absl::CivilDay(year, month, day), absl::UTCTimeZone());
}

constexpr size_t kMinuteLevel = static_cast<size_t>(Level::kMinute);
constexpr size_t kHourLevel = static_cast<size_t>(Level::kHour);

// A store whose minutes and hours take most of the space: some thousand stacks that come at random.
class SizeCapTest : public testing::Test {
 protected:
  SizeCapTest() : clock_(Civil(2028, 3, 1)), store_(Options(0)) {}

  StoreOptions Options(uint64_t max_bytes) {
    StoreOptions options = TestOptions(directory_.path(), &clock_);
    options.max_bytes = max_bytes;
    options.metrics = &metrics_;
    return options;
  }

  void AddDay(absl::Time day, const std::string& site, int minutes_apart = 30) {
    Batch batch;
    batch.source = *store_->InternSource({SourceKind::kPubSub, site, "test", "node", 0});
    for (int minute = 0; minute < 24 * 60; minute += minutes_apart) {
      for (int i = 0; i < 200; ++i) {
        batch.samples.push_back(store_.MakeSample(
            day + absl::Minutes(minute), "excimer",
            fmt::format("main;f{}", std::uniform_int_distribution<int>(0, 3000)(random_)),
            std::uniform_int_distribution<uint64_t>(1, 1000)(random_), site));
      }
    }
    ASSERT_TRUE(store_->WaitDurable(*store_->Append(batch)).ok());
  }

  uint64_t Live() { return store_->Stats()->forecast.bytes; }
  uint64_t BytesOf(size_t level) { return store_->Status().levels[level].bytes; }

  TestDirectory directory_;
  TestClock clock_;
  Metrics metrics_;
  std::mt19937 random_{1};
  TestStore store_;
};

TEST_F(SizeCapTest, GivesUpTheOldestMinutesOfAllSites) {
  for (int day = 1; day < 20; ++day) {
    AddDay(Civil(2028, 2, day), "eqiad", /*minutes_apart=*/10);
    if (day > 14) AddDay(Civil(2028, 2, day), "codfw", /*minutes_apart=*/10);
  }
  ASSERT_TRUE(store_->RunMaintenance(true).ok());
  ASSERT_TRUE(store_->Compact().ok());
  const StackValues all =
      store_.Sum("excimer", Civil(2028, 2, 1), Civil(2028, 2, 20), nullptr, {"eqiad", "codfw"});
  const StackValues late = store_.Sum("excimer", Civil(2028, 2, 19) + absl::Hours(3),
                                      Civil(2028, 2, 19) + absl::Minutes(181));
  const uint64_t before = Live();
  const uint64_t minutes = BytesOf(kMinuteLevel);
  const uint64_t hours = BytesOf(kHourLevel);

  // A third of the minutes has to go.
  const uint64_t cap = before - minutes / 3;
  store_.Reopen(Options(cap));
  ASSERT_TRUE(store_->RunMaintenance().ok());
  EXPECT_LE(Live(), cap);
  EXPECT_LE(DirectoryBytes(directory_.path()), cap + (1 << 20));
  // Not more than needed, a step and the slack.
  EXPECT_GT(BytesOf(kMinuteLevel), minutes - minutes / 3 - cap / 64 - minutes / 10);
  EXPECT_GE(BytesOf(kHourLevel), hours * 9 / 10);

  const CapStatus status = store_->Status().cap;
  EXPECT_EQ(status.unmet_bytes, 0);
  // codfw's are younger than what had to go.
  ASSERT_EQ(status.removed.size(), 1);
  EXPECT_EQ(status.removed[0].site, "eqiad");
  EXPECT_EQ(status.removed[0].level, Level::kMinute);
  const absl::Time floor = status.removed[0].before;
  EXPECT_GT(floor, Civil(2028, 2, 6));
  EXPECT_LT(floor, Civil(2028, 2, 12));
  EXPECT_GT(metrics_
                .GetCounter("storage_cap_expired_buckets_total", Severity::kInfo, "",
                            {{"level", "minute"}})
                .value(),
            0);

  // Nothing is lost but the edges.
  EXPECT_EQ(
      store_.Sum("excimer", Civil(2028, 2, 1), Civil(2028, 2, 20), nullptr, {"eqiad", "codfw"}),
      all);
  EXPECT_EQ(store_.Sum("excimer", Civil(2028, 2, 19) + absl::Hours(3),
                       Civil(2028, 2, 19) + absl::Minutes(181)),
            late);
  Plan plan;
  store_.Sum("excimer", Civil(2028, 2, 3) + absl::Minutes(1), Civil(2028, 2, 3) + absl::Minutes(2),
             &plan);
  EXPECT_EQ(TimeOf(plan.covered.end) - TimeOf(plan.covered.begin), absl::Hours(1));
  EXPECT_THAT(*store_->Check(), IsEmpty());

  // It stays as it is, and is remembered.
  ASSERT_TRUE(store_->RunMaintenance().ok());
  EXPECT_EQ(store_->Status().cap.removed[0].before, floor);
  store_.Reopen(Options(cap));
  ASSERT_EQ(store_->Status().cap.removed.size(), 1);
  EXPECT_EQ(store_->Status().cap.removed[0].before, floor);
}

TEST_F(SizeCapTest, WaitsForASnapshotAndGivesUpNoMore) {
  for (int day = 1; day < 20; ++day) AddDay(Civil(2028, 2, day), "eqiad");
  ASSERT_TRUE(store_->RunMaintenance(true).ok());
  ASSERT_TRUE(store_->Compact().ok());
  const uint64_t cap = Live() - BytesOf(kMinuteLevel) / 3;
  store_.Reopen(Options(cap));
  const uint64_t directory = DirectoryBytes(directory_.path());

  std::unique_ptr<Snapshot> snapshot = *store_->NewSnapshot();
  const Plan plan =
      *snapshot->MakePlan(Civil(2028, 2, 1) + absl::Hours(1), Civil(2028, 2, 1) + absl::Minutes(61),
                          {store_.Series("excimer")});
  const auto columns = [&] {
    int count = 0;
    const auto visit = [&](std::unique_ptr<ColumnHandle>) {
      ++count;
      return absl::OkStatus();
    };
    EXPECT_TRUE(snapshot->Read(plan, visit, [] { return absl::OkStatus(); }).ok());
    return count;
  };
  ASSERT_EQ(columns(), 1);
  ASSERT_TRUE(store_->RunMaintenance().ok());
  const CapStatus status = store_->Status().cap;
  ASSERT_EQ(status.removed.size(), 1);
  EXPECT_GT(status.live_bytes, cap);
  EXPECT_GT(status.leaving_bytes, 0);
  EXPECT_EQ(status.unmet_bytes, 0);
  for (int run = 0; run < 3; ++run) ASSERT_TRUE(store_->RunMaintenance().ok());
  EXPECT_EQ(store_->Status().cap.removed[0].before, status.removed[0].before);
  EXPECT_EQ(columns(), 1);
  EXPECT_GE(DirectoryBytes(directory_.path()), directory);

  snapshot.reset();
  ASSERT_TRUE(store_->RunMaintenance().ok());
  EXPECT_LE(store_->Status().cap.live_bytes, cap);
  EXPECT_EQ(store_->Status().cap.leaving_bytes, 0);
  EXPECT_EQ(store_->Status().cap.removed[0].before, status.removed[0].before);
  EXPECT_LT(DirectoryBytes(directory_.path()), directory);
}

TEST_F(SizeCapTest, NeverTakesWhatIsRecentOrCoarse) {
  for (int day = 1; day < 29; ++day) AddDay(Civil(2028, 2, day), "eqiad");
  for (int day = 20; day < 31; ++day) AddDay(Civil(2028, 1, day), "eqiad");
  clock_.Set(Civil(2028, 3, 1) + absl::Hours(2));
  AddDay(Civil(2028, 2, 29), "eqiad");
  ASSERT_TRUE(store_->RunMaintenance(true).ok());
  ASSERT_TRUE(store_->Compact().ok());
  const StackValues all = store_.Sum("excimer", Civil(2028, 1, 1), Civil(2028, 3, 1));
  store_.Reopen(Options(1000));
  ASSERT_TRUE(store_->RunMaintenance().ok());
  const CapStatus status = store_->Status().cap;
  EXPECT_GT(status.unmet_bytes, 0);
  ASSERT_EQ(status.removed.size(), 2);
  EXPECT_EQ(status.removed[0].level, Level::kMinute);
  EXPECT_EQ(status.removed[0].before, clock_.Now() - absl::Hours(24));
  EXPECT_EQ(status.removed[1].level, Level::kHour);
  EXPECT_EQ(status.removed[1].before, Civil(2028, 1, 30));
  EXPECT_EQ(store_.Sum("excimer", Civil(2028, 1, 1), Civil(2028, 3, 1)), all);
  ASSERT_TRUE(store_->RunMaintenance().ok());
  EXPECT_EQ(store_->Status().cap.removed[1].before, Civil(2028, 1, 30));
  EXPECT_THAT(*store_->Check(), IsEmpty());
}

TEST_F(SizeCapTest, StopsBeforeWhatIsStillToBeSummed) {
  for (int day = 1; day < 10; ++day) AddDay(Civil(2028, 2, day), "eqiad");
  ASSERT_TRUE(store_->RunMaintenance(true).ok());
  ASSERT_TRUE(store_->Compact().ok());
  store_.Reopen(Options(1000));
  // Touched just now: not rolled up for five minutes.
  store_.Append(Civil(2028, 2, 4) + absl::Minutes(61), "excimer", "late", 1);
  ASSERT_TRUE(store_->RunMaintenance().ok());
  ASSERT_FALSE(store_->Status().cap.removed.empty());
  EXPECT_EQ(store_->Status().cap.removed[0].before, Civil(2028, 2, 4) + absl::Hours(1));
  EXPECT_GT(store_->Status().cap.unmet_bytes, 0);
}

TEST_F(SizeCapTest, StatsAddUpAndForecast) {
  for (int day = 20; day < 30; ++day) AddDay(Civil(2028, 2, day), "eqiad");
  for (int day = 25; day < 30; ++day) AddDay(Civil(2028, 2, day), "codfw");
  ASSERT_TRUE(store_->RunMaintenance(true).ok());
  ASSERT_TRUE(store_->Compact().ok());
  StoreStats stats = *store_->Stats();
  ASSERT_EQ(stats.sites.size(), 2);
  uint64_t minutes = 0;
  for (const SiteStats& site : stats.sites) {
    minutes += site.levels[kMinuteLevel].bytes;
    EXPECT_GT(site.levels[kMinuteLevel].bytes_per_day, 0) << site.site;
    EXPECT_EQ(site.levels[kMinuteLevel].oldest, Civil(2028, 2, site.site == "codfw" ? 25 : 20));
  }
  EXPECT_NEAR(static_cast<double>(minutes), static_cast<double>(BytesOf(kMinuteLevel)),
              static_cast<double>(BytesOf(kMinuteLevel)) * 0.1);
  // Half as many days; estimates are exact to a block of RocksDB's.
  EXPECT_NEAR(static_cast<double>(stats.sites[1].levels[kMinuteLevel].bytes) /
                  static_cast<double>(stats.sites[0].levels[kMinuteLevel].bytes),
              0.5, 0.25);
  EXPECT_FALSE(stats.dictionary.measured);
  EXPECT_GT(stats.dictionary.bytes_per_day, 0);
  EXPECT_FALSE(stats.forecast.limit_is_cap);
  EXPECT_GT(stats.forecast.bytes_per_day, 0);

  // A cap of some days' growth beyond is reached after some days.
  const double per_day = stats.forecast.bytes_per_day;
  store_.Reopen(Options(stats.forecast.bytes + static_cast<uint64_t>(10 * per_day)));
  stats = *store_->Stats();
  EXPECT_TRUE(stats.forecast.limit_is_cap);
  ASSERT_TRUE(stats.forecast.to_limit.has_value());
  EXPECT_NEAR(absl::FDivDuration(*stats.forecast.to_limit, absl::Hours(24)), 10, 1);

  // Two days later the dictionary's growth is measured.
  clock_.Set(clock_.Now() + absl::Hours(48));
  AddDay(Civil(2028, 3, 2), "eqiad");
  ASSERT_TRUE(store_->RunMaintenance().ok());
  stats = *store_->Stats();
  EXPECT_TRUE(stats.dictionary.measured);
  EXPECT_EQ(stats.dictionary.over, absl::Hours(48));
  EXPECT_LT(stats.dictionary.stacks_per_day * 2, stats.dictionary.stacks);
}

}  // namespace
}  // namespace flamekeep::storage
