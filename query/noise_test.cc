#include "query/noise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace flamekeep::query {
namespace {

struct Side {
  RangeSize size;
  RangePart part;

  void Add(uint64_t value, uint64_t of) {
    size.AddBucket(of);
    part.Add(value, of);
  }
};

ShareDifference Compare(const Side& baseline, const Side& side) {
  return CompareShares(baseline.size, baseline.part, side.size, side.part);
}

// Buckets with a share that wanders from bucket to bucket with a standard deviation of `wander`.
Side Wandering(int buckets, int samples, double share, double wander, std::mt19937_64& random) {
  // Of no width at all it is none.
  std::normal_distribution<double> offset(0, std::max(wander, 1e-12));
  Side side;
  for (int i = 0; i < buckets; ++i) {
    const double here = wander > 0 ? std::clamp(share + offset(random), 0.0, 1.0) : share;
    side.Add(std::binomial_distribution<uint64_t>(samples, here)(random), samples);
  }
  return side;
}

TEST(Noise, WelchByHand) {
  // Shares 0.2 and 0.4 of 1,000 in five equal buckets each.
  Side before;
  Side after;
  for (const uint64_t value : {20, 40, 60, 30, 50}) before.Add(value, 200);
  for (const uint64_t value : {60, 80, 100, 90, 70}) after.Add(value, 200);
  const ShareDifference result = Compare(before, after);
  EXPECT_TRUE(result.tested);
  EXPECT_DOUBLE_EQ(result.difference, 0.2);
  // Both have 1,000 as the buckets' squared deviations: 1000 / 200 / variance / 4.
  const double before_dispersion = 5 / (0.2 * 0.8) / 4;
  const double pooled = (5 / (0.2 * 0.8) + 5 / (0.4 * 0.6)) / 8;
  const double smooth_before = 201.0 / 1002;
  const double smooth_after = 401.0 / 1002;
  const double variance_before = before_dispersion * smooth_before * (1 - smooth_before) / 1002;
  const double variance_after = pooled * smooth_after * (1 - smooth_after) / 1002;
  EXPECT_NEAR(result.standard_error, std::sqrt(variance_before + variance_after), 1e-12);
  EXPECT_NEAR(result.standard_error, 0.0530, 0.0001);
  // From a table of Student's t: 0.005 at 3.83, 0.01 at 3.36 with 8 degrees of freedom. Here t is
  // 3.77.
  EXPECT_GT(result.p_value, 0.005);
  EXPECT_LT(result.p_value, 0.006);
}

TEST(Noise, MirroredIsTheSame) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100; ++i) {
    const Side a = Wandering(12, 300, 0.1, 0.02, random);
    const Side b = Wandering(30, 500, 0.12, 0.03, random);
    const ShareDifference there = Compare(a, b);
    const ShareDifference back = Compare(b, a);
    EXPECT_DOUBLE_EQ(there.difference, -back.difference);
    EXPECT_DOUBLE_EQ(there.p_value, back.p_value);
    EXPECT_DOUBLE_EQ(there.standard_error, back.standard_error);
  }
}

// How many of 4,000 comparisons of the same share have a p value below 5 %.
int FalseAlarms(int samples, double share, double wander, int buckets, int other_buckets) {
  std::mt19937_64 random(7);
  int alarms = 0;
  for (int i = 0; i < 4000; ++i) {
    const Side a = Wandering(buckets, samples, share, wander, random);
    const Side b = Wandering(other_buckets, samples, share, wander, random);
    alarms += Compare(a, b).p_value < 0.05 ? 1 : 0;
  }
  return alarms;
}

TEST(Noise, KeepsItsLevel) {
  constexpr int kFivePercent = 200;
  constexpr int kSlack = 40;  // three standard deviations
  EXPECT_LE(FalseAlarms(1000, 0.2, 0, 60, 60), kFivePercent + kSlack);
  EXPECT_LE(FalseAlarms(1000, 0.2, 0.05, 60, 60), kFivePercent + kSlack);
  EXPECT_LE(FalseAlarms(1000, 0.2, 0.05, 5, 60), kFivePercent + kSlack);
  EXPECT_LE(FalseAlarms(1000, 0.2, 0.05, 5, 5), kFivePercent + kSlack);
  EXPECT_LE(FalseAlarms(500, 0.0005, 0, 60, 60), kFivePercent + kSlack);
  // It is not kept by never saying anything.
  EXPECT_GE(FalseAlarms(1000, 0.2, 0.05, 60, 60), kFivePercent / 2);
}

// One bucket with most of the samples is nearly one observation, whatever the others say.
TEST(Noise, UnequalBuckets) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> offset(0, 0.05);
  const auto make = [&] {
    Side side;
    for (int i = 0; i < 20; ++i) {
      const uint64_t samples = i == 0 ? 40'000 : 1'000;
      const double share = std::clamp(0.3 + offset(random), 0.0, 1.0);
      side.Add(std::binomial_distribution<uint64_t>(samples, share)(random), samples);
    }
    return side;
  };
  int alarms = 0;
  for (int i = 0; i < 2000; ++i) alarms += Compare(make(), make()).p_value < 0.05 ? 1 : 0;
  EXPECT_LE(alarms, 2000 * 0.08);
}

TEST(Noise, FindsWhatIsThere) {
  std::mt19937_64 random(5);
  const Side before = Wandering(60, 1000, 0.10, 0.02, random);
  EXPECT_LT(Compare(before, Wandering(60, 1000, 0.13, 0.02, random)).p_value, 1e-6);
  EXPECT_GT(Compare(before, Wandering(60, 1000, 0.102, 0.02, random)).p_value, 0.05);
}

// Samples in bunches of fifty are fifty times fewer observations.
TEST(Noise, BunchesAreNoEvidence) {
  Side before;
  Side after;
  for (int i = 0; i < 40; ++i) {
    before.Add(0, 1000);
    after.Add(i == 7 ? 50 : 0, 1000);
  }
  const ShareDifference result = Compare(before, after);
  EXPECT_TRUE(result.tested);
  EXPECT_GT(result.p_value, 0.05);
  // The same fifty, each in a bucket of its own.
  Side spread;
  for (int i = 0; i < 40; ++i) spread.Add(i % 4 == 0 ? 2 : 1, 1000);
  EXPECT_LT(Compare(before, spread).p_value, 1e-6);
}

// What a sample weighs changes nothing.
TEST(Noise, ValuesCountInSamples) {
  std::mt19937_64 random(9);
  Side a = Wandering(20, 400, 0.1, 0.01, random);
  Side b = Wandering(20, 400, 0.12, 0.01, random);
  constexpr uint64_t kNanoseconds = 10'000'000;
  const auto weighed = [&](const Side& side) {
    Side out = side;
    out.size.total *= kNanoseconds;
    out.size.squares *= static_cast<double>(kNanoseconds) * kNanoseconds;
    out.size.sample = kNanoseconds;
    out.part.value *= kNanoseconds;
    out.part.spread *= kNanoseconds;
    return out;
  };
  EXPECT_NEAR(Compare(weighed(a), weighed(b)).p_value, Compare(a, b).p_value, 1e-9);
  EXPECT_NEAR(Compare(weighed(a), b).p_value, Compare(a, b).p_value, 1e-9);
}

TEST(Noise, NotEnoughData) {
  Side four;
  Side five;
  for (int i = 0; i < 4; ++i) four.Add(10, 100);
  for (int i = 0; i < 5; ++i) five.Add(90, 100);
  // A bucket without samples is none.
  four.Add(0, 0);
  EXPECT_FALSE(Compare(four, five).tested);
  EXPECT_FALSE(Compare(five, four).tested);
  EXPECT_DOUBLE_EQ(Compare(four, five).difference, 0.8);
  EXPECT_EQ(Compare(four, five).p_value, 1);

  Side few;
  Side none;
  for (int i = 0; i < 9; ++i) {
    few.Add(1, 1000);
    none.Add(0, 1000);
  }
  EXPECT_FALSE(Compare(none, few).tested);
  few.Add(1, 1000);
  EXPECT_TRUE(Compare(none, few).tested);
}

TEST(Noise, Edges) {
  Side nothing;
  Side all;
  Side most;
  for (int i = 0; i < 8; ++i) {
    all.Add(100, 100);
    most.Add(UINT64_MAX / 4, UINT64_MAX);
  }
  EXPECT_EQ(Compare(nothing, nothing).difference, 0);
  EXPECT_FALSE(Compare(nothing, all).tested);
  EXPECT_EQ(Compare(all, all).p_value, 1);
  const ShareDifference large = Compare(most, all);
  EXPECT_TRUE(std::isfinite(large.p_value));
  EXPECT_TRUE(std::isfinite(large.standard_error));
  EXPECT_EQ(Compare(most, most).p_value, 1);
}

TEST(Noise, BenjaminiAndHochbergsExample) {
  // From their paper of 1995.
  std::vector<double> p_values = {0.0459, 0.0001, 0.0095, 0.0004, 0.0201, 0.0278, 0.0019, 1.0,
                                  0.0298, 0.0344, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590};
  std::sort(p_values.begin(), p_values.end());
  EXPECT_EQ(LargestBeyondNoise(p_values), 0.0095);
  EXPECT_LT(LargestBeyondNoise({}), 0);
  EXPECT_LT(LargestBeyondNoise({0.06, 0.9}), 0);
  EXPECT_EQ(LargestBeyondNoise({0.05, 0.05}), 0.05);
}

}  // namespace
}  // namespace flamekeep::query
