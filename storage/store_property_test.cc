// Random writes, late writes, replacements, rollups, expiries, deletions, crashes and ranges
// against a naive oracle: a list of samples.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "storage/deletion.h"
#include "storage/expiry.h"
#include "storage/fault_env.h"
#include "storage/level_state.h"
#include "storage/store.h"
#include "storage/store_testing.h"

namespace flamekeep::storage {
namespace {

// A replacement's owner content, by bucket.
struct OracleSample {
  Minute minute;
  Level level;  // the finest at which the store still knows the sample's time
  std::string site;
  std::string profile;
  std::string stack;
  uint64_t value;
  bool replaceable = false;
};

class Oracle {
 public:
  void Append(Minute minute, Level resolution, const std::string& site, const std::string& profile,
              const std::string& stack, uint64_t value) {
    samples_.push_back({minute, FinestKept(floors_[site], resolution, minute).value(), site,
                        profile, stack, value});
  }

  void Replace(const Bucket& bucket, StackValues content, bool subtract_finer) {
    if (subtract_finer) {
      for (const OracleSample& sample : samples_) {
        if (!sample.replaceable || sample.level != Finer(bucket.level)) continue;
        if (BucketAt(bucket.level, sample.minute) != bucket) continue;
        uint64_t& value = content[sample.stack];
        value -= std::min(value, sample.value);
      }
    }
    std::erase_if(samples_, [&](const OracleSample& sample) {
      return sample.replaceable && sample.level == bucket.level &&
             BucketAt(bucket.level, sample.minute) == bucket;
    });
    for (const auto& [stack, value] : content) {
      if (value == 0) continue;
      samples_.push_back({bucket.start, bucket.level, "eqiad", "excimer", stack, value, true});
    }
  }

  // Adds what replacements gave for the next finer level of a bucket.
  void AddFiner(const Bucket& bucket, StackValues* content) const {
    for (const OracleSample& sample : samples_) {
      if (!sample.replaceable || sample.level != Finer(bucket.level)) continue;
      if (BucketAt(bucket.level, sample.minute) == bucket) {
        (*content)[sample.stack] += sample.value;
      }
    }
  }

  void Expire(const StoreOptions& options, absl::Time now) {
    for (auto& [site, floors] : floors_) {
      for (const Level level : kLevels) {
        Minute& floor = floors[static_cast<size_t>(level)];
        floor = std::max(floor, RetentionFloor(options.RetentionOf(site), level, now));
      }
    }
    for (OracleSample& sample : samples_) {
      sample.level = FinestKept(floors_[sample.site], sample.level, sample.minute).value();
    }
  }

  // Whether there was something.
  bool Delete(MinuteRange range, const std::vector<std::string>& sites,
              const std::string& profile) {
    return std::erase_if(samples_, [&](const OracleSample& sample) {
             return sample.profile == profile && range.Contains(sample.minute) &&
                    std::find(sites.begin(), sites.end(), sample.site) != sites.end();
           }) > 0;
  }

  MinuteRange Widen(MinuteRange range, const std::vector<std::string>& sites,
                    const std::string& profile) const {
    const auto sticks_out = [&](Minute edge, const std::string& site) {
      MinuteRange around{edge, edge};
      const LevelState::Floors& floors = floors_.at(site);
      for (const Level level : {Level::kHour, Level::kDay, Level::kMonth, Level::kYear}) {
        const Bucket bucket = BucketAt(level, edge);
        if (bucket.start == edge) continue;
        bool whole = floors[static_cast<size_t>(Finer(level))] > bucket.start &&
                     floors[static_cast<size_t>(level)] <= bucket.start;
        for (const OracleSample& sample : samples_) {
          whole |= sample.level == level && sample.site == site && sample.profile == profile &&
                   BucketAt(level, sample.minute) == bucket;
        }
        if (whole) around = {bucket.start, bucket.end()};
      }
      return around;
    };
    while (true) {
      MinuteRange wider = range;
      for (const std::string& site : sites) {
        wider.begin = std::min(wider.begin, sticks_out(range.begin, site).begin);
        wider.end = std::max(wider.end, sticks_out(range.end, site).end);
      }
      if (wider == range) return range;
      range = wider;
    }
  }

  StackValues Sum(MinuteRange covered, const std::vector<std::string>& sites,
                  const std::string& profile) const {
    StackValues sum;
    for (const OracleSample& sample : samples_) {
      if (std::find(sites.begin(), sites.end(), sample.site) == sites.end()) continue;
      if (sample.profile == profile && covered.Contains(sample.minute)) {
        sum[sample.stack] += sample.value;
      }
    }
    return sum;
  }

 private:
  std::vector<OracleSample> samples_;
  std::map<std::string, LevelState::Floors> floors_ = {{"codfw", {}}, {"eqiad", {}}};
};

class StorePropertyTest : public testing::TestWithParam<int> {
 protected:
  StorePropertyTest()
      : random_(static_cast<unsigned>(GetParam())),
        clock_(Civil(2028, 1, 2)),
        options_(MakeOptions()),
        store_(options_) {
    // Floors are those of the retention of the day on which the store first hears of a site.
    store_.Series("excimer", "codfw");
    store_.Series("excimer", "eqiad");
  }

  StoreOptions MakeOptions() {
    StoreOptions options = TestOptions(directory_.path(), &clock_);
    options.env = &env_;
    return options;
  }

  static absl::Time Civil(int year, int month, int day) {
    return absl::FromCivil(absl::CivilDay(year, month, day), absl::UTCTimeZone());
  }

  int Pick(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }

  // Few times, on and beside the edges of all levels.
  Minute RandomMinute() {
    static const std::vector<absl::Time> days = {
        Civil(2027, 12, 30), Civil(2027, 12, 31), Civil(2028, 1, 1), Civil(2028, 1, 31),
        Civil(2028, 2, 28),  Civil(2028, 2, 29),  Civil(2028, 3, 1)};
    static constexpr int kHours[] = {0, 1, 22, 23};
    static constexpr int kMinutes[] = {0, 1, 30, 59};
    return MinuteOf(days[static_cast<size_t>(Pick(7))] + absl::Hours(kHours[Pick(4)]) +
                    absl::Minutes(kMinutes[Pick(4)]))
        .value();
  }

  std::string RandomStack() {
    std::string stack = "main";
    for (int depth = Pick(4); depth > 0; --depth) stack += fmt::format(";f{}", Pick(4));
    return stack;
  }

  std::string RandomProfile() { return Pick(3) == 0 ? "excimer-wall" : "excimer"; }

  void Append() {
    const Minute minute = RandomMinute();
    const Level resolution = static_cast<Level>(std::max(0, Pick(8) - 4) % 3);
    const std::string profile = RandomProfile();
    const std::string stack = RandomStack();
    const uint64_t value = static_cast<uint64_t>(Pick(5) + 1);
    const std::string site = Pick(3) == 0 ? "codfw" : "eqiad";
    store_.Append(TimeOf(minute), profile, stack, value, resolution, site);
    oracle_.Append(minute, resolution, site, profile, stack, value);
  }

  void Replace() {
    const bool day = Pick(2) == 0;
    const Bucket bucket = BucketAt(day ? Level::kDay : Level::kHour, RandomMinute());
    StackValues content;
    for (int i = Pick(4); i > 0; --i) content[RandomStack()] = static_cast<uint64_t>(Pick(9) + 1);
    const bool subtract = day && Pick(2) == 0;
    // Without what its hours have, a day is refused.
    if (subtract && Pick(8) != 0) oracle_.AddFiner(bucket, &content);
    const absl::Status status = store_.TryReplace(bucket.level, TimeOf(bucket.start), content,
                                                  ++numbers_[bucket], subtract);
    if (status.ok()) {
      oracle_.Replace(bucket, content, subtract);
    } else {
      ASSERT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
      --numbers_[bucket];
    }
  }

  void Expire() {
    options_.retention.keep[0] = absl::Hours(24 * 10);
    options_.retention.keep[1] = absl::Hours(24 * 40);
    Retention& codfw = options_.site_retention["codfw"];
    codfw = options_.retention;
    codfw.keep[0] = absl::Hours(24 * (3 + Pick(30)));
    store_.Reopen(options_);
    ASSERT_TRUE(store_->RunMaintenance(/*force=*/true).ok());
    oracle_.Expire(options_, clock_.Now());
    options_.retention.keep.fill(absl::InfiniteDuration());
    options_.site_retention.clear();
    store_.Reopen(options_);
  }

  // A power cut: nothing is written any more, and what was not synced is gone.
  void Crash() {
    env_.Freeze();
    store_.Close();
    env_.LoseUnsynced();
    env_.Thaw();
    store_.Reopen(options_);
  }

  MinuteRange RandomRange() {
    MinuteRange range{RandomMinute(), RandomMinute()};
    if (range.begin > range.end) std::swap(range.begin, range.end);
    if (range.empty()) ++range.end;
    return range;
  }

  std::vector<std::string> RandomSites() {
    const int pick = Pick(4);
    if (pick == 0) return {"codfw", "eqiad"};
    return {pick == 1 ? "codfw" : "eqiad"};
  }

  void Delete() {
    MinuteRange range = RandomRange();
    const std::string profile = RandomProfile();
    const std::vector<std::string> sites = RandomSites();
    std::vector<SeriesId> series;
    for (const std::string& site : sites) series.push_back(store_.Series(profile, site));
    const auto run = [&] {
      return store_->Delete(TimeOf(range.begin), TimeOf(range.end), series).status();
    };
    if (const MinuteRange exact = oracle_.Widen(range, sites, profile); exact != range) {
      ASSERT_EQ(run().code(), absl::StatusCode::kFailedPrecondition);
      range = exact;
    }
    const absl::Status status = run();
    const bool something = oracle_.Delete(range, sites, profile);
    ASSERT_EQ(status.code(), something ? absl::StatusCode::kOk : absl::StatusCode::kNotFound)
        << status;
  }

  void Query() {
    const MinuteRange wanted = RandomRange();
    const std::string profile = RandomProfile();
    const std::vector<std::string> sites = RandomSites();
    Plan plan;
    const StackValues sum =
        store_.Sum(profile, TimeOf(wanted.begin), TimeOf(wanted.end), &plan, sites);
    const MinuteRange covered = oracle_.Widen(wanted, sites, profile);
    ASSERT_EQ(plan.covered, covered)
        << FormatMinute(wanted.begin) << " to " << FormatMinute(wanted.end);
    ASSERT_EQ(plan.widened, covered != wanted);
    ASSERT_EQ(sum, oracle_.Sum(covered, sites, profile))
        << FormatMinute(covered.begin) << " to " << FormatMinute(covered.end);
  }

  std::mt19937 random_;
  TestDirectory directory_;
  TestClock clock_;
  FaultEnv env_;
  StoreOptions options_;
  TestStore store_;
  Oracle oracle_;
  std::map<Bucket, uint64_t> numbers_;
};

TEST_P(StorePropertyTest, AnswersLikeTheOracle) {
  for (int step = 0; step < 250; ++step) {
    SCOPED_TRACE(fmt::format("seed {} step {}", GetParam(), step));
    switch (Pick(20)) {
      case 0:
        ASSERT_TRUE(store_->RunMaintenance(/*force=*/Pick(2) == 0).ok());
        break;
      case 1:
        Crash();
        break;
      case 2:
        clock_.Set(clock_.Now() + absl::Minutes(Pick(60 * 24 * 2)));
        break;
      case 3:
        switch (Pick(6)) {
          case 0:
          case 1:
            Expire();
            break;
          case 2:
          case 3:
            Delete();
            break;
          default:
            break;
        }
        break;
      case 4:
      case 5:
      case 6:
        Replace();
        break;
      case 7:
      case 8:
      case 9:
      case 10:
      case 11:
      case 12:
        Append();
        break;
      default:
        Query();
    }
    if (HasFatalFailure()) return;
  }
  EXPECT_THAT(*store_->Check(), testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Seeds, StorePropertyTest, testing::Range(1, 13));

}  // namespace
}  // namespace flamekeep::storage
