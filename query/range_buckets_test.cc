#include "query/range_buckets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "query/columns.h"
#include "query/content.h"
#include "storage/store_testing.h"

namespace flamekeep::query {
namespace {

using storage::Level;
using storage::Minute;
using storage::MinuteRange;

const absl::Time kRangeBegin = absl::FromUnixSeconds(1'795'219'200);  // 2026-11-21

class RangeBucketsTest : public ::testing::Test {
 protected:
  void Append(absl::Time time, uint64_t value, Level level) {
    storage::Batch batch;
    batch.source = *store_->InternSource(
        {.kind = storage::SourceKind::kPush, .site = "eqiad", .name = "test"});
    batch.resolution = level;
    const storage::FrameId frame = *store_->dictionary().InternFrame("f");
    batch.samples.push_back({.minute = *storage::MinuteOf(time),
                             .series = Series(),
                             .stack = *store_->dictionary().InternStack({frame}),
                             .value = value});
    ASSERT_TRUE(store_->Append(std::move(batch)).ok());
    ASSERT_TRUE(store_->Flush().ok());
  }

  storage::SeriesId Series() {
    return *store_->InternSeries({.site = "eqiad", .profile_type = "wall:samples:count::"});
  }

  // The buckets' ranges, which are proved to be the whole.
  std::vector<MinuteRange> Split(absl::Time begin, absl::Time end) {
    const auto snapshot = *store_->NewSnapshot();
    const storage::Plan plan = *snapshot->MakePlan(begin, end, {Series()});
    const auto buckets = SplitPlan(*snapshot, plan, Context());
    EXPECT_TRUE(buckets.ok()) << buckets.status();
    std::vector<MinuteRange> ranges;
    uint64_t total = 0;
    for (const storage::Plan& bucket : *buckets) {
      EXPECT_EQ(bucket.covered.begin, ranges.empty() ? plan.covered.begin : ranges.back().end);
      ranges.push_back(bucket.covered);
      total += Total(*snapshot, bucket);
    }
    EXPECT_EQ(ranges.back().end, plan.covered.end);
    EXPECT_EQ(total, Total(*snapshot, plan));
    return ranges;
  }

  static uint64_t Total(const storage::Snapshot& snapshot, const storage::Plan& plan) {
    const absl::StatusOr<Columns> columns = Columns::Read(snapshot, plan, Context());
    return SumHeaders(columns->encoded())->total;
  }

  storage::TestDirectory directory_;
  storage::TestStore store_{directory_.path()};
};

TEST_F(RangeBucketsTest, AsFineAsTheirNumberAllows) {
  const auto count = [&](absl::Duration length) {
    return Split(kRangeBegin, kRangeBegin + length).size();
  };
  EXPECT_EQ(count(absl::Minutes(1)), 1);
  EXPECT_EQ(count(absl::Hours(1)), 60);
  EXPECT_EQ(count(absl::Hours(3)), 36);
  EXPECT_EQ(count(absl::Hours(24)), 24);
  EXPECT_EQ(count(absl::Hours(24 * 7)), 28);
  EXPECT_EQ(count(absl::Hours(24 * 90)), 90);
  EXPECT_EQ(count(absl::Hours(24 * 364)), 53);
  EXPECT_EQ(count(absl::Hours(24 * 730)), 25);
}

TEST_F(RangeBucketsTest, NeverTooMany) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    const Minute begin = 30'000'000 + static_cast<Minute>(random() % 1'000'000);
    const auto most = static_cast<Minute>(1) << (random() % 23);
    const Minute length = 1 + static_cast<Minute>(random() % most);
    uint32_t buckets = 0;
    for (Minute at = begin; at < begin + length; at = NextBucketStart(at, length)) ++buckets;
    EXPECT_LE(buckets, kMostBuckets + 1) << length;
    if (length >= kMostBuckets) {
      EXPECT_GE(buckets, 9) << length;
    }
  }
}

TEST_F(RangeBucketsTest, EdgesAreOnTheClock) {
  const std::vector<MinuteRange> ranges =
      Split(kRangeBegin + absl::Minutes(7), kRangeBegin + absl::Hours(4) + absl::Minutes(3));
  EXPECT_EQ(ranges[0].end - ranges[0].begin, 3);
  EXPECT_EQ(ranges[1].end - ranges[1].begin, 5);
  EXPECT_EQ(ranges.back().end - ranges.back().begin, 3);
}

// An hour that is not known any finer is one bucket.
TEST_F(RangeBucketsTest, NoBucketCutsWhatIsNotKnownAnyFiner) {
  for (int minute = 0; minute < 180; ++minute) {
    if (minute / 60 != 1) Append(kRangeBegin + absl::Minutes(minute), 1, Level::kMinute);
  }
  Append(kRangeBegin + absl::Minutes(60), 100, Level::kHour);
  const std::vector<MinuteRange> ranges = Split(kRangeBegin, kRangeBegin + absl::Minutes(118));
  ASSERT_EQ(ranges.size(), 61);
  EXPECT_EQ(ranges.back().end - ranges.back().begin, 60);
  EXPECT_EQ(Split(kRangeBegin, kRangeBegin + absl::Hours(3)).size(), 12 + 1 + 12);
}

TEST_F(RangeBucketsTest, HoldTheWholeWhateverIsRolledUp) {
  std::mt19937_64 random(2);
  const Level levels[] = {Level::kMinute, Level::kMinute, Level::kMinute, Level::kHour,
                          Level::kDay};
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 40; ++i) {
      const absl::Duration offset = absl::Minutes(random() % (20 * 24 * 60));
      Append(kRangeBegin + offset, 1 + random() % 9, levels[random() % 5]);
    }
    for (int i = 0; i < 20; ++i) {
      const absl::Time begin = kRangeBegin + absl::Minutes(random() % (10 * 24 * 60));
      const absl::Duration length = absl::Minutes(1 + random() % (uint64_t{1} << (random() % 15)));
      const std::vector<MinuteRange> before = Split(begin, begin + length);
      if (i == 0) {
        ASSERT_TRUE(store_->RunMaintenance(/*force=*/true).ok());
      }
      EXPECT_EQ(Split(begin, begin + length), before);
    }
  }
}

TEST_F(RangeBucketsTest, CanBeCancelled) {
  const auto snapshot = *store_->NewSnapshot();
  const storage::Plan plan =
      *snapshot->MakePlan(kRangeBegin, kRangeBegin + absl::Hours(1), {Series()});
  Append(kRangeBegin, 1, Level::kMinute);
  const Context cancelled{.cancelled = [] { return true; }};
  const auto buckets = SplitPlan(**store_->NewSnapshot(), plan, cancelled);
  EXPECT_TRUE(absl::IsCancelled(buckets.status())) << buckets.status();
}

}  // namespace
}  // namespace flamekeep::query
