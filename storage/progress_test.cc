#include "storage/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "storage/snapshot.h"
#include "storage/store_testing.h"

namespace flamekeep::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kType[] = "excimer:samples:count::";
const absl::Time kProgressNoon =
    absl::FromCivil(absl::CivilHour(2026, 11, 20, 12), absl::UTCTimeZone());

int64_t Ms(absl::Duration after_noon) { return absl::ToUnixMillis(kProgressNoon + after_noon); }

ProgressRecord Record(absl::Duration from, absl::Duration through, bool retired = false) {
  return {Ms(from), Ms(through), retired, {kType}, {}};
}

FinalRange Range(absl::Duration begin, absl::Duration end) { return {Ms(begin), Ms(end)}; }

SourceKey Key(SourceKind kind, std::string name = "excimer", std::string site = "eqiad") {
  return {.kind = kind, .site = std::move(site), .name = std::move(name)};
}

TEST(FinalRangeTest, EndsWhereTheSlowestLiveSourceIs) {
  const KeyedRecords records = {
      {Key(SourceKind::kPubSub), Record(absl::Hours(1), absl::Hours(5))},
      {Key(SourceKind::kStream), Record(absl::Hours(2), absl::Hours(3))},
      {Key(SourceKind::kStream, "other", "codfw"), Record(absl::Hours(0), absl::Hours(1))},
  };
  EXPECT_THAT(FinalRangesOf(records, "eqiad", kType),
              ElementsAre(Range(absl::Hours(1), absl::Hours(3))));
  EXPECT_EQ(CompleteThrough(records, "eqiad", kType), Ms(absl::Hours(3)));
  EXPECT_THAT(FinalRangesOf(records, "eqiad", "cpu:samples:count::"), IsEmpty());
  EXPECT_EQ(CompleteThrough(records, "eqiad", "cpu:samples:count::"), std::nullopt);
}

TEST(FinalRangeTest, ARetiredSourceHoldsNothingBack) {
  KeyedRecords records = {
      {Key(SourceKind::kPubSub), Record(absl::Hours(1), absl::Hours(2), /*retired=*/true)},
      {Key(SourceKind::kStream), Record(absl::Hours(2), absl::Hours(6))},
  };
  EXPECT_THAT(FinalRangesOf(records, "eqiad", kType),
              ElementsAre(Range(absl::Hours(1), absl::Hours(6))));
  // Without a live one, what the retired ones recorded stays final.
  records.pop_back();
  EXPECT_THAT(FinalRangesOf(records, "eqiad", kType),
              ElementsAre(Range(absl::Hours(1), absl::Hours(2))));
  EXPECT_EQ(CompleteThrough(records, "eqiad", kType), std::nullopt);
}

TEST(FinalRangeTest, WhenNobodyListenedIsNotFinal) {
  KeyedRecords records = {
      {Key(SourceKind::kStream), Record(absl::Hours(5), absl::Hours(9))},
      {Key(SourceKind::kPubSub), Record(absl::Hours(1), absl::Hours(3), /*retired=*/true)},
      {Key(SourceKind::kPubSub, "a"), Record(absl::Hours(2), absl::Hours(4), /*retired=*/true)},
  };
  EXPECT_THAT(
      FinalRangesOf(records, "eqiad", kType),
      ElementsAre(Range(absl::Hours(1), absl::Hours(4)), Range(absl::Hours(5), absl::Hours(9))));
  // One that is configured holds all of it back.
  records.emplace_back(Key(SourceKind::kPubSub, "b"), Record(absl::Hours(3), absl::Hours(6)));
  EXPECT_THAT(FinalRangesOf(records, "eqiad", kType),
              ElementsAre(Range(absl::Hours(1), absl::Hours(6))));
  records.emplace_back(Key(SourceKind::kPubSub, "c"), ProgressRecord{0, 0, false, {kType}, {}});
  EXPECT_THAT(FinalRangesOf(records, "eqiad", kType), IsEmpty());
}

TEST(FinalRangeTest, PartsOfAGapOutsideOfRanges) {
  const std::vector<FinalRange> ranges = {{10, 20}, {30, 40}};
  const auto outside = [&](int64_t begin, int64_t end) {
    std::vector<std::pair<int64_t, int64_t>> parts;
    for (const Gap& gap : Outside({begin, end, GapReason::kReplaced}, ranges)) {
      EXPECT_EQ(gap.reason, GapReason::kReplaced);
      parts.emplace_back(gap.begin_ms, gap.end_ms);
    }
    return parts;
  };
  using testing::Pair;
  EXPECT_THAT(outside(0, 50), ElementsAre(Pair(0, 10), Pair(20, 30), Pair(40, 50)));
  EXPECT_THAT(outside(10, 40), ElementsAre(Pair(20, 30)));
  EXPECT_THAT(outside(12, 20), IsEmpty());
  EXPECT_THAT(outside(20, 30), ElementsAre(Pair(20, 30)));
  EXPECT_THAT(outside(35, 45), ElementsAre(Pair(40, 45)));
  EXPECT_THAT(outside(1, 2), ElementsAre(Pair(1, 2)));
}

TEST(FinalRangeTest, WhatIsPushedMayBeOfAnyTime) {
  KeyedRecords records = {
      {Key(SourceKind::kPubSub), Record(absl::Hours(1), absl::Hours(9))},
      {Key(SourceKind::kPush, "client"), {0, 0, false, {kType}, {}}},
  };
  EXPECT_THAT(FinalRangesOf(records, "eqiad", kType), IsEmpty());
  EXPECT_EQ(CompleteThrough(records, "eqiad", kType), Ms(absl::Hours(9)));
  // What was final before stays so.
  records.back().second.final_before_ms[kType] = Ms(absl::Hours(4));
  EXPECT_THAT(FinalRangesOf(records, "eqiad", kType),
              ElementsAre(Range(absl::Hours(1), absl::Hours(4))));
}

class ProgressStoreTest : public testing::Test {
 protected:
  ProgressStoreTest() : clock_(kProgressNoon + absl::Hours(2)), store_(Options()) {
    source_ = *store_->InternSource(Key(SourceKind::kPubSub));
    series_ = store_.Series("excimer");
  }

  StoreOptions Options() { return TestOptions(directory_.path(), &clock_); }

  void Report(Progress progress, std::vector<Sample> samples = {}) {
    ASSERT_TRUE(
        store_
            ->Append(
                {.source = source_, .samples = std::move(samples), .progress = std::move(progress)})
            .ok());
    ASSERT_TRUE(store_->Flush().ok());
  }

  Completeness Of(absl::Duration begin, absl::Duration end) {
    const std::unique_ptr<Snapshot> snapshot = *store_->NewSnapshot();
    const absl::StatusOr<Plan> plan =
        snapshot->MakePlan(kProgressNoon + begin, kProgressNoon + end, {store_.Series("excimer")});
    EXPECT_TRUE(plan.ok()) << plan.status();
    const absl::StatusOr<Completeness> completeness =
        snapshot->CompletenessOf(*plan, kType, [](std::string_view) { return true; });
    EXPECT_TRUE(completeness.ok()) << completeness.status();
    return *completeness;
  }

  std::vector<Gap> Gaps(absl::Duration begin, absl::Duration end) {
    std::vector<Gap> gaps;
    for (const SourceGap& gap : Of(begin, end).gaps) gaps.push_back(gap.gap);
    return gaps;
  }

  static Gap MakeGap(absl::Duration begin, absl::Duration end,
                     GapReason reason = GapReason::kDisconnected) {
    return {Ms(begin), Ms(end), reason};
  }

  TestDirectory directory_;
  TestClock clock_;
  TestStore store_;
  SourceId source_{};
  SeriesId series_{};
};

TEST_F(ProgressStoreTest, FollowsReportsAndSurvives) {
  EXPECT_EQ(Of(absl::ZeroDuration(), absl::Hours(1)).complete_through_ms, std::nullopt);
  store_->SetLiveSources({{source_, {kType}}});
  Report({.begins_ms = Ms(absl::ZeroDuration()), .complete_through_ms = Ms(absl::Minutes(30))});
  for (int i = 0; i < 2; ++i) {
    const Completeness first = Of(absl::ZeroDuration(), absl::Minutes(30));
    EXPECT_EQ(first.complete_through_ms, Ms(absl::Minutes(30)));
    EXPECT_TRUE(first.final);
    EXPECT_THAT(first.gaps, IsEmpty());
    EXPECT_FALSE(Of(absl::ZeroDuration(), absl::Minutes(31)).final);
    // Before it was read nothing is known.
    EXPECT_FALSE(Of(-absl::Minutes(1), absl::Minutes(30)).final);
    store_.Reopen();
  }
  // It never goes back.
  Report({.complete_through_ms = Ms(absl::Minutes(20))});
  EXPECT_EQ(Of(absl::ZeroDuration(), absl::Hours(1)).complete_through_ms, Ms(absl::Minutes(30)));

  store_->SetLiveSources({});
  ASSERT_TRUE(store_->Flush().ok());
  const Completeness retired = Of(absl::ZeroDuration(), absl::Minutes(30));
  EXPECT_EQ(retired.complete_through_ms, std::nullopt);
  EXPECT_TRUE(retired.final);
}

TEST_F(ProgressStoreTest, AClockThatWasFarAheadIsNotBelievedForEver) {
  Report({.complete_through_ms = Ms(absl::Hours(24 * 365))}, {{.minute = 1, .series = series_}});
  Report({.complete_through_ms = Ms(absl::Hours(1))});
  EXPECT_EQ(Of(absl::ZeroDuration(), absl::Hours(1)).complete_through_ms, Ms(absl::Hours(1)));
}

TEST_F(ProgressStoreTest, LearnsProfileTypesFromSamples) {
  Report({.begins_ms = Ms(absl::ZeroDuration()), .complete_through_ms = Ms(absl::Hours(1))});
  EXPECT_EQ(Of(absl::ZeroDuration(), absl::Hours(1)).complete_through_ms, std::nullopt);
  Report({}, {store_.MakeSample(kProgressNoon, "excimer", "a", 1)});
  EXPECT_EQ(Of(absl::ZeroDuration(), absl::Hours(1)).complete_through_ms, Ms(absl::Hours(1)));
  EXPECT_THAT(store_->ProgressOf(source_)->profile_types, ElementsAre(kType));
}

TEST_F(ProgressStoreTest, OneClientStandsForAllThatPushAType) {
  store_->SetLiveSources({{source_, {kType}}});
  Report({.begins_ms = Ms(absl::ZeroDuration()), .complete_through_ms = Ms(absl::Hours(1))});
  EXPECT_TRUE(Of(absl::ZeroDuration(), absl::Hours(1)).final);
  std::vector<SourceId> clients;
  for (const char* name : {"a", "b", "c"}) {
    clients.push_back(*store_->InternSource(Key(SourceKind::kPush, name)));
    ASSERT_TRUE(store_
                    ->Append({.source = clients.back(),
                              .samples = {store_.MakeSample(kProgressNoon + absl::Hours(1),
                                                            "excimer", "a", 1)}})
                    .ok());
  }
  ASSERT_TRUE(store_->Flush().ok());
  Report({.complete_through_ms = Ms(absl::Hours(2))});
  EXPECT_TRUE(Of(absl::ZeroDuration(), absl::Hours(1)).final);
  EXPECT_FALSE(Of(absl::ZeroDuration(), absl::Hours(2)).final);
  int records = 0;
  for (const SourceId client : clients) records += store_->ProgressOf(client).has_value() ? 1 : 0;
  EXPECT_EQ(records, 1);
}

TEST_F(ProgressStoreTest, GapsThatTouchAreJoined) {
  store_->SetLiveSources({{source_, {kType}}});
  Report({.gaps = {MakeGap(absl::Minutes(1), absl::Minutes(2)),
                   MakeGap(absl::Minutes(2), absl::Minutes(3))}});
  Report({.gaps = {MakeGap(absl::Minutes(3), absl::Minutes(4))}});
  Report({.gaps = {MakeGap(absl::Minutes(5), absl::Minutes(6)),
                   MakeGap(absl::Minutes(6), absl::Minutes(7), GapReason::kOverflow)}});
  const std::vector<Gap> all = {MakeGap(absl::Minutes(1), absl::Minutes(4)),
                                MakeGap(absl::Minutes(5), absl::Minutes(6)),
                                MakeGap(absl::Minutes(6), absl::Minutes(7), GapReason::kOverflow)};
  EXPECT_EQ(Gaps(absl::ZeroDuration(), absl::Hours(1)), all);
  store_.Reopen();
  EXPECT_EQ(Gaps(absl::ZeroDuration(), absl::Hours(1)), all);
  EXPECT_THAT(Gaps(absl::Minutes(3), absl::Minutes(5)), ElementsAre(all[0]));
  EXPECT_THAT(Gaps(absl::Minutes(4), absl::Minutes(5)), IsEmpty());
}

TEST_F(ProgressStoreTest, ProgressAloneWaits) {
  StoreOptions options = Options();
  options.progress_interval = absl::Hours(1);
  store_.Reopen(options);
  const uint64_t before = store_->Status().last_flush;
  ASSERT_TRUE(
      store_->Append({.source = source_, .progress = {.complete_through_ms = Ms(absl::Hours(1))}})
          .ok());
  absl::SleepFor(absl::Milliseconds(1500));
  EXPECT_EQ(store_->Status().last_flush, before);
  store_.Append(kProgressNoon, "excimer", "a", 1);
  EXPECT_EQ(store_->ProgressOf(source_)->complete_through_ms, Ms(absl::Hours(1)));
}

}  // namespace
}  // namespace flamekeep::storage
