#include "query/time_step.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"

namespace flamekeep::query {
namespace {

using storage::Level;
using storage::Minute;
using storage::MinuteRange;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Minute At(int year, int month, int day, int hour = 0, int minute = 0) {
  return storage::MinuteOf(absl::FromCivil(absl::CivilMinute(year, month, day, hour, minute),
                                           absl::UTCTimeZone()))
      .value();
}

std::vector<std::string> Edges(const Step& step, MinuteRange range) {
  std::vector<std::string> edges;
  for (const Minute edge : StepEdges(step, range)) edges.push_back(storage::FormatMinute(edge));
  return edges;
}

TEST(TimeStepTest, EdgesAreThoseOfTheCalendar) {
  EXPECT_THAT(Edges({Level::kMinute, 5}, {At(2026, 3, 1, 0, 3), At(2026, 3, 1, 0, 15)}),
              ElementsAre("2026-03-01T00:05Z", "2026-03-01T00:10Z"));
  EXPECT_THAT(Edges({Level::kDay, 1}, {At(2028, 2, 28, 12), At(2028, 3, 1, 1)}),
              ElementsAre("2028-02-29T00:00Z", "2028-03-01T00:00Z"));
  EXPECT_THAT(Edges({Level::kMonth, 1}, {At(2026, 1, 31), At(2026, 4, 1)}),
              ElementsAre("2026-02-01T00:00Z", "2026-03-01T00:00Z"));
  EXPECT_THAT(Edges({Level::kMonth, 3}, {At(2026, 1, 31), At(2026, 8, 1)}),
              ElementsAre("2026-04-01T00:00Z", "2026-07-01T00:00Z"));
  EXPECT_THAT(Edges({Level::kYear, 10}, {At(2009, 6, 1), At(2026, 8, 1)}),
              ElementsAre("2010-01-01T00:00Z", "2020-01-01T00:00Z"));
}

TEST(TimeStepTest, SevenDaysAreAWeek) {
  // Mondays.
  EXPECT_THAT(Edges({Level::kDay, 7}, {At(2026, 11, 20), At(2026, 12, 1)}),
              ElementsAre("2026-11-23T00:00Z", "2026-11-30T00:00Z"));
  EXPECT_THAT(Edges({Level::kDay, 7}, {At(1970, 1, 1), At(1970, 1, 6)}),
              ElementsAre("1970-01-05T00:00Z"));
}

TEST(TimeStepTest, NoEdgesInsideOfOneStep) {
  EXPECT_THAT(Edges({Level::kHour, 1}, {At(2026, 3, 1), At(2026, 3, 1, 1)}), IsEmpty());
  EXPECT_THAT(Edges({Level::kYear, kMaxStepCount}, {0, storage::kMaxMinute}), IsEmpty());
}

TEST(TimeStepTest, CountsWhatItCuts) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 500; ++round) {
    const Step step{storage::kLevels[random() % storage::kLevelCount],
                    static_cast<uint32_t>(1 + random() % 50)};
    const auto begin = static_cast<Minute>(random() % 50'000'000);
    const auto length = static_cast<Minute>(1 + random() % (random() % 2 == 0 ? 100 : 300'000));
    const MinuteRange range{begin, begin + length};
    const std::vector<Minute> edges = StepEdges(step, range);
    ASSERT_EQ(CountSteps(step, range), edges.size() + 1);
    for (size_t i = 0; i < edges.size(); ++i) {
      ASSERT_GT(edges[i], i == 0 ? range.begin : edges[i - 1]);
      ASSERT_LT(edges[i], range.end);
      ASSERT_EQ(storage::BucketAt(step.level, edges[i]).start, edges[i]);
    }
  }
}

TEST(TimeStepTest, TheUsualStepGivesAtMostSoManyPoints) {
  EXPECT_EQ(UsualStep({At(2026, 3, 1), At(2026, 3, 1, 1)}, 400), (Step{Level::kMinute, 1}));
  EXPECT_EQ(UsualStep({At(2026, 3, 1), At(2026, 3, 2)}, 400), (Step{Level::kMinute, 5}));
  EXPECT_EQ(UsualStep({At(2026, 3, 1), At(2026, 3, 31)}, 400), (Step{Level::kHour, 3}));
  EXPECT_EQ(UsualStep({At(2024, 3, 1), At(2026, 3, 1)}, 800), (Step{Level::kDay, 1}));
  EXPECT_EQ(UsualStep({At(1970, 1, 1), At(2026, 3, 1)}, 1), (Step{Level::kYear, 1}));
}

TEST(TimeStepTest, Names) {
  EXPECT_EQ(StepName({Level::kMinute, 5}), "5 minutes");
  EXPECT_EQ(StepName({Level::kMonth, 1}), "1 month");
}

}  // namespace
}  // namespace flamekeep::query
