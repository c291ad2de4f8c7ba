#include "storage/snapshot.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

#include "storage/store_testing.h"

namespace flamekeep::storage {
namespace {

const absl::Time kSnapshotHour = absl::FromUnixSeconds(1'795'219'200);  // 2026-11-21
constexpr absl::Duration kRange = absl::Hours(24);

// A store with samples of many series.
class SnapshotTest : public ::testing::Test {
 protected:
  // In the given buckets of `level`, from kSnapshotHour on.
  void Append(Level level, absl::Span<const SeriesId> series, int buckets) {
    Batch batch;
    batch.source = *store_->InternSource({SourceKind::kPubSub, "eqiad", "test", "node", 0});
    batch.resolution = level;
    const absl::Duration length = level == Level::kMinute ? absl::Minutes(1) : absl::Hours(1);
    for (int bucket = 0; bucket < buckets; ++bucket) {
      Sample sample = store_.MakeSample(kSnapshotHour + bucket * length, "any", "a", 1);
      for (const SeriesId id : series) {
        sample.series = id;
        batch.samples.push_back(sample);
      }
    }
    ASSERT_TRUE(store_->WaitDurable(*store_->Append(std::move(batch))).ok());
  }

  std::vector<SeriesId> NewSeries(int count) {
    std::vector<SeriesId> series;
    for (int i = 0; i < count; ++i) series.push_back(store_.Series(fmt::format("type{}", next_++)));
    return series;
  }

  // The whole day as buckets of one level, whatever is stale.
  static Plan PlanOf(Level level, std::vector<SeriesId> series, bool direct_only = false) {
    Plan plan;
    plan.pieces = {{.site = SiteId{0},
                    .level = level,
                    .range = {*MinuteOf(kSnapshotHour), *MinuteOf(kSnapshotHour + kRange)},
                    .direct_only = direct_only}};
    plan.series = std::move(series);
    return plan;
  }

  static absl::Status Pass() { return absl::OkStatus(); }

  TestDirectory directory_;
  TestStore store_{directory_.path()};
  int next_ = 0;
};

TEST_F(SnapshotTest, FindsWantedSeriesAmongOthers) {
  const std::vector<SeriesId> series = NewSeries(100);
  std::mt19937_64 random(1);
  for (const Level level : {Level::kMinute, Level::kHour}) {
    for (int bucket = 24; bucket > 0; --bucket) {
      std::vector<SeriesId> some;
      for (const SeriesId id : series) {
        if (random() % 4 != 0) some.push_back(id);
      }
      Append(level, some, bucket);
    }
  }
  const auto snapshot = *store_->NewSnapshot();
  for (const Level level : {Level::kMinute, Level::kHour}) {
    const auto keys = [&](const std::vector<SeriesId>& wanted) {
      std::vector<ColumnKey> found;
      const auto visit = [&](std::unique_ptr<ColumnHandle> column) {
        found.push_back(column->key);
        return absl::OkStatus();
      };
      EXPECT_TRUE(snapshot->Read(PlanOf(level, wanted), visit, Pass).ok());
      return found;
    };
    const std::vector<ColumnKey> all = keys(series);
    ASSERT_GT(all.size(), 24 * 60);
    for (int round = 0; round < 50; ++round) {
      std::set<SeriesId> wanted;
      for (uint64_t i = 1 + random() % 10; i > 0; --i) {
        wanted.insert(series[random() % series.size()]);
      }
      std::vector<ColumnKey> expected;
      for (const ColumnKey& key : all) {
        if (wanted.contains(key.series)) expected.push_back(key);
      }
      EXPECT_EQ(keys({wanted.begin(), wanted.end()}), expected);
    }
  }
}

TEST_F(SnapshotTest, TellsWhichColumnsThereAre) {
  const std::vector<SeriesId> series = NewSeries(3);
  const std::vector<SeriesId> wanted = {series[0], series[2]};
  Append(Level::kMinute, series, 70);
  Append(Level::kHour, {series[0]}, 2);
  ASSERT_TRUE(store_->RunMaintenance(true).ok());
  Append(Level::kMinute, {series[2]}, 5);  // stale
  const auto snapshot = *store_->NewSnapshot();
  const Plan plan = *snapshot->MakePlan(kSnapshotHour, kSnapshotHour + kRange, wanted);
  std::vector<std::pair<Level, ColumnKey>> read;
  ASSERT_TRUE(snapshot
                  ->Read(
                      plan,
                      [&](std::unique_ptr<ColumnHandle> column) {
                        read.emplace_back(column->level, column->key);
                        return absl::OkStatus();
                      },
                      Pass)
                  .ok());
  std::vector<std::pair<Level, ColumnKey>> keys;
  const auto add = [&](Level level, const ColumnKey& key) {
    keys.emplace_back(level, key);
    return absl::OkStatus();
  };
  ASSERT_TRUE(snapshot->ReadKeys(plan, add, Pass).ok());
  EXPECT_EQ(keys, read);
  EXPECT_GT(keys.size(), 2);
  EXPECT_EQ(snapshot->ReadKeys(plan, add, [] { return absl::CancelledError(); }).code(),
            absl::StatusCode::kCancelled);
}

TEST_F(SnapshotTest, FindsTheFirstAndTheLastBucket) {
  const Minute first = *MinuteOf(kSnapshotHour);
  const auto nothing = std::optional<Minute>();
  Append(Level::kMinute, NewSeries(2), 70);
  const auto snapshot = *store_->NewSnapshot();
  const auto ends = [&](MinuteRange range, SiteId site = SiteId{0}) {
    return std::pair(*snapshot->FirstBucket(site, Level::kMinute, range),
                     *snapshot->LastBucket(site, Level::kMinute, range));
  };
  Append(Level::kMinute, NewSeries(1), 90);  // after the snapshot
  EXPECT_EQ(ends({0, kMaxMinute}), std::pair(std::optional(first), std::optional(first + 69)));
  EXPECT_EQ(ends({first + 1, first + 69}),
            std::pair(std::optional(first + 1), std::optional(first + 68)));
  EXPECT_EQ(ends({0, first}), std::pair(nothing, nothing));
  EXPECT_EQ(ends({first + 70, kMaxMinute}), std::pair(nothing, nothing));
  EXPECT_EQ(ends({0, kMaxMinute}, SiteId{1}), std::pair(nothing, nothing));
  EXPECT_EQ(*snapshot->LastBucket(SiteId{0}, Level::kHour, {0, kMaxMinute}), nothing);
}

TEST_F(SnapshotTest, ChecksWhereAllColumnsAreOfOtherSeries) {
  for (const Level level : {Level::kMinute, Level::kHour}) {
    SCOPED_TRACE(LevelName(level));
    const SeriesId wanted = NewSeries(1)[0];
    Append(level, NewSeries(100), 20);
    const auto snapshot = *store_->NewSnapshot();
    int asked = 0;
    const absl::Status status = snapshot->Read(
        PlanOf(level, {wanted}),
        [](std::unique_ptr<ColumnHandle>) {
          ADD_FAILURE() << "a column of another series";
          return absl::OkStatus();
        },
        [&] { return ++asked == 3 ? absl::CancelledError() : absl::OkStatus(); });
    EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
    EXPECT_EQ(asked, 3);
  }
}

TEST_F(SnapshotTest, ChecksWhereNothingIsDirect) {
  const std::vector<SeriesId> series = NewSeries(100);
  Append(Level::kMinute, series, 20 * 60);
  ASSERT_TRUE(store_->RunMaintenance(/*force=*/true).ok());
  const auto snapshot = *store_->NewSnapshot();
  const Plan plan = PlanOf(Level::kHour, series, /*direct_only=*/true);
  int asked = 0;
  const auto visit = [](std::unique_ptr<ColumnHandle>) {
    ADD_FAILURE() << "a rolled part";
    return absl::OkStatus();
  };
  const auto check = [&] { return ++asked == 3 ? absl::CancelledError() : absl::OkStatus(); };
  EXPECT_EQ(snapshot->Read(plan, visit, check).code(), absl::StatusCode::kCancelled);
}

TEST_F(SnapshotTest, SeeksPastManyOtherSeries) {
  constexpr int kOthers = 2000;
  Append(Level::kMinute, NewSeries(kOthers), 3);
  const SeriesId wanted = NewSeries(1)[0];
  Append(Level::kMinute, {wanted}, 3);
  const auto snapshot = *store_->NewSnapshot();
  int columns = 0;
  int asked = 0;
  const auto visit = [&](std::unique_ptr<ColumnHandle>) {
    ++columns;
    return absl::OkStatus();
  };
  const auto check = [&] {
    ++asked;
    return absl::OkStatus();
  };
  EXPECT_TRUE(snapshot->Read(PlanOf(Level::kMinute, {wanted}), visit, check).ok());
  EXPECT_EQ(columns, 3);
  // Every key would have been some hundred times.
  EXPECT_LE(asked, 3);
}

}  // namespace
}  // namespace flamekeep::storage
