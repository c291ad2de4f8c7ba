#include "storage/change_log.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace flamekeep::storage {
namespace {

constexpr SiteId kSite{1};
constexpr SiteId kOther{2};
constexpr Minute kHour = 60;
constexpr Minute kDay = 24 * kHour;

TEST(ChangeLogTest, KnowsTheLastChangeOfEveryRange) {
  // Against the plain list of what was noted.
  struct Noted {
    SiteId site;
    MinuteRange range;  // whole hours
    uint64_t commit;
  };
  std::mt19937_64 random(1);
  for (int round = 0; round < 20; ++round) {
    ChangeLog log;
    std::vector<Noted> noted;
    const auto random_range = [&] {
      const auto begin = static_cast<Minute>(random() % (3 * 366 * kDay));
      const Minute longest = random() % 2 == 0 ? 2 * kDay : 800 * kDay;
      return MinuteRange{begin, begin + 1 + static_cast<Minute>(random() % longest)};
    };
    for (uint64_t commit = 1; commit <= 60; ++commit) {
      ChangedBuckets changed;
      const SiteId site = random() % 2 == 0 ? kSite : kOther;
      MinuteRange range = random_range();
      if (random() % 2 == 0) {
        const Bucket bucket = BucketAt(kLevels[random() % kLevelCount], range.begin);
        changed.Add(site, bucket);
        range = {bucket.start, bucket.end()};
      } else {
        changed.Add(site, range);
      }
      log.Note(changed, commit);
      noted.push_back(
          {site, {range.begin / kHour * kHour, (range.end + kHour - 1) / kHour * kHour}, commit});
    }
    for (int query = 0; query < 200; ++query) {
      const MinuteRange range = random_range();
      const std::vector<SiteId> sites =
          random() % 3 == 0 ? std::vector{kSite, kOther} : std::vector{kOther};
      uint64_t expected = 0;
      for (const Noted& one : noted) {
        if (one.site == kSite && sites.size() == 1) continue;
        if (one.range.begin < range.end && range.begin < one.range.end) expected = one.commit;
      }
      EXPECT_EQ(log.LastChange(sites, range), expected);
    }
  }
}

TEST(ChangeLogTest, ALongRangeTakesFewBuckets) {
  ChangedBuckets changed;
  changed.Add(kSite, MinuteRange{90, BucketAt(Level::kYear, 5000 * kDay).start + 90});
  EXPECT_LT(changed.buckets().size(), 100);
}

}  // namespace
}  // namespace flamekeep::storage
