#include "storage/planner.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"

namespace flamekeep::storage {
namespace {

Minute MinuteAt(int year, int month, int day, int hour = 0, int minute = 0) {
  return MinuteOf(absl::FromCivil(absl::CivilMinute(year, month, day, hour, minute),
                                  absl::UTCTimeZone()))
      .value();
}

class FakeView final : public PlannerView {
 public:
  LevelState::Floors floors(SiteId) const override { return floors_; }
  bool IsStale(SiteId, const Bucket& bucket) const override { return stale_.contains(bucket); }
  bool HasDirect(SiteId, const Bucket& bucket) const override { return direct_.contains(bucket); }

  // Marks all buckets above the minute.
  void Touch(Minute minute) {
    for (const Level level : {Level::kHour, Level::kDay, Level::kMonth, Level::kYear}) {
      stale_.insert(BucketAt(level, minute));
    }
  }

  LevelState::Floors floors_{};
  std::set<Bucket> stale_;
  std::set<Bucket> direct_;
};

// One line a piece.
std::string Cover(const FakeView& view, Minute begin, Minute end) {
  std::string lines;
  for (const Piece& piece : CoverRange(view, SiteId{0}, {begin, end})) {
    lines += fmt::format("{}{} {} {}\n", LevelName(piece.level), piece.direct_only ? " direct" : "",
                         FormatMinute(piece.range.begin), FormatMinute(piece.range.end));
  }
  return lines;
}

TEST(PlannerTest, TakesTheCoarsestBucketsThatFit) {
  const FakeView view;
  EXPECT_EQ(Cover(view, MinuteAt(2025, 12, 31, 22, 58), MinuteAt(2027, 2, 2, 1, 1)),
            "minute 2025-12-31T22:58Z 2025-12-31T23:00Z\n"
            "minute 2027-02-02T01:00Z 2027-02-02T01:01Z\n"
            "hour 2025-12-31T23:00Z 2026-01-01T00:00Z\n"
            "hour 2027-02-02T00:00Z 2027-02-02T01:00Z\n"
            "day 2027-02-01T00:00Z 2027-02-02T00:00Z\n"
            "month 2027-01-01T00:00Z 2027-02-01T00:00Z\n"
            "year 2026-01-01T00:00Z 2027-01-01T00:00Z\n");
}

TEST(PlannerTest, GoesAroundStaleBucketsAndKeepsTheirDirectParts) {
  FakeView view;
  view.Touch(MinuteAt(2026, 3, 1, 0, 30));
  EXPECT_EQ(Cover(view, MinuteAt(2026, 3, 1), MinuteAt(2026, 3, 2)),
            "minute 2026-03-01T00:00Z 2026-03-01T01:00Z\n"
            "hour direct 2026-03-01T00:00Z 2026-03-01T01:00Z\n"
            "hour 2026-03-01T01:00Z 2026-03-02T00:00Z\n"
            "day direct 2026-03-01T00:00Z 2026-03-02T00:00Z\n");
}

TEST(PlannerTest, WidensWhereALevelHasExpired) {
  FakeView view;
  view.floors_[0] = MinuteAt(2026, 3, 1);
  const std::vector<SiteId> sites = {SiteId{0}};
  EXPECT_EQ(WidenRange(view, sites, {MinuteAt(2026, 2, 28, 10, 5), MinuteAt(2026, 3, 1, 10, 5)}),
            (MinuteRange{MinuteAt(2026, 2, 28, 10), MinuteAt(2026, 3, 1, 10, 5)}));
  EXPECT_EQ(WidenRange(view, sites, {MinuteAt(2026, 2, 28, 23, 59), MinuteAt(2026, 3, 1)}),
            (MinuteRange{MinuteAt(2026, 2, 28, 23), MinuteAt(2026, 3, 1)}));
}

TEST(PlannerTest, WidensToDirectDataUntilNothingSticksOut) {
  FakeView view;
  view.direct_.insert(BucketAt(Level::kHour, MinuteAt(2026, 3, 1)));
  view.direct_.insert(BucketAt(Level::kDay, MinuteAt(2026, 3, 1)));
  const std::vector<SiteId> sites = {SiteId{0}};
  EXPECT_EQ(WidenRange(view, sites, {MinuteAt(2026, 3, 1, 0, 5), MinuteAt(2026, 3, 1, 0, 6)}),
            (MinuteRange{MinuteAt(2026, 3, 1), MinuteAt(2026, 3, 2)}));
  // Both edges on the buckets: nothing to do.
  EXPECT_EQ(WidenRange(view, sites, {MinuteAt(2026, 3, 1), MinuteAt(2026, 3, 2)}),
            (MinuteRange{MinuteAt(2026, 3, 1), MinuteAt(2026, 3, 2)}));
  EXPECT_EQ(WidenRange(view, sites, {MinuteAt(2026, 2, 28, 5, 5), MinuteAt(2026, 2, 28, 5, 6)}),
            (MinuteRange{MinuteAt(2026, 2, 28, 5, 5), MinuteAt(2026, 2, 28, 5, 6)}));
}

TEST(PlannerTest, MovesAnEdgeDownToWhereAllSitesCanBeDivided) {
  FakeView view;
  const std::vector<SiteId> sites = {SiteId{0}};
  EXPECT_EQ(LastDividable(view, sites, MinuteAt(2026, 3, 2, 10, 5)), MinuteAt(2026, 3, 2, 10, 5));
  view.floors_[0] = MinuteAt(2026, 3, 3);
  EXPECT_EQ(LastDividable(view, sites, MinuteAt(2026, 3, 2, 10, 5)), MinuteAt(2026, 3, 2, 10));
  view.direct_.insert(BucketAt(Level::kDay, MinuteAt(2026, 3, 2)));
  EXPECT_EQ(LastDividable(view, sites, MinuteAt(2026, 3, 2, 10, 5)), MinuteAt(2026, 3, 2));
  EXPECT_EQ(LastDividable(view, sites, MinuteAt(2026, 3, 2)), MinuteAt(2026, 3, 2));
  view.direct_.insert(BucketAt(Level::kYear, MinuteAt(2026, 1, 1)));
  EXPECT_EQ(LastDividable(view, sites, MinuteAt(2026, 3, 2)), MinuteAt(2026, 1, 1));
}

TEST(PlannerTest, NoBucketLiesAcrossAnEdge) {
  FakeView view;
  view.Touch(MinuteAt(2026, 3, 1, 0, 30));
  std::string lines;
  for (const Piece& piece : CoverParts(view, SiteId{0},
                                       {MinuteAt(2026, 2, 28), MinuteAt(2026, 3, 1),
                                        MinuteAt(2026, 3, 1, 12), MinuteAt(2026, 3, 3)})) {
    lines += fmt::format("{}{} {} {}\n", LevelName(piece.level), piece.direct_only ? " direct" : "",
                         FormatMinute(piece.range.begin), FormatMinute(piece.range.end));
  }
  EXPECT_EQ(lines,
            "minute 2026-03-01T00:00Z 2026-03-01T01:00Z\n"
            "hour direct 2026-03-01T00:00Z 2026-03-01T01:00Z\n"
            "hour 2026-03-01T01:00Z 2026-03-02T00:00Z\n"
            "day 2026-02-28T00:00Z 2026-03-01T00:00Z\n"
            "day 2026-03-02T00:00Z 2026-03-03T00:00Z\n");
}

}  // namespace
}  // namespace flamekeep::storage
