#include "server/arclamp/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "base/steady_clock.h"
#include "server/arclamp/metrics_page.h"
#include "storage/store_testing.h"

namespace flamekeep::server {
namespace {

using storage::Level;
using storage::Minute;
using testing::HasSubstr;
using testing::Not;

constexpr Minute kFirst = 1'795'132'800 / 60;  // 2026-11-20
constexpr Minute kHourMinutes = 60;
constexpr Minute kDayMinutes = 24 * kHourMinutes;

class ArcLampHistoryTest : public testing::Test {
 protected:
  void Append(Minute minute, std::string_view entry_point, std::string_view site,
              Level resolution = Level::kMinute, std::string_view type = "excimer") {
    storage::Batch batch;
    batch.resolution = resolution;
    batch.source = *store_->InternSource(
        {storage::SourceKind::kPubSub, std::string(site), std::string(type), "node", 0});
    storage::Sample sample = store_.MakeSample(storage::TimeOf(minute), type, "main;run", 1, site);
    storage::SeriesKey key{.site = std::string(site),
                           .profile_type = std::string(type) + ":samples:count::"};
    if (!entry_point.empty()) key.labels = {{"entry_point", std::string(entry_point)}};
    sample.series = *store_->InternSeries(key);
    batch.samples = {sample};
    ASSERT_TRUE(store_->WaitDurable(*store_->Append(std::move(batch))).ok());
  }

  ArcLampHistory Open(std::string_view site = "") {
    return *ArcLampHistory::Open(*store_, ArcLampChannelsOf(store_->Series(), {}, site),
                                 SteadyNow() + absl::Seconds(60));
  }

  // All hours or days, the last one first.
  static std::vector<ArcLampBucket> Back(const ArcLampHistory& history, Level level) {
    std::vector<ArcLampBucket> all;
    Minute before = storage::kMaxMinute;
    while (const auto bucket = *history.Before(level, before, history.channels())) {
      before = bucket->bucket.start;
      if (!bucket->entries.empty()) all.push_back(*bucket);
    }
    return all;
  }

  storage::TestDirectory directory_;
  storage::TestStore store_{directory_.path()};
};

TEST_F(ArcLampHistoryTest, AgreesWithAListOfSamplesWhateverWasRolledUp) {
  std::mt19937_64 random(3);
  const std::vector<std::string> tags = {"index", "api", "", "no/tag"};
  const std::vector<std::string> sites = {"eqiad", "codfw"};
  struct Put {
    Minute minute;
    std::string tag, site;
  };
  std::vector<Put> samples;
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 20; ++i) {
      const Minute minute = kFirst + static_cast<Minute>(random() % (40 * kDayMinutes));
      samples.push_back({minute, tags[random() % tags.size()], sites[random() % sites.size()]});
      Append(minute, samples.back().tag, samples.back().site);
    }
    if (round % 2 == 0) {
      ASSERT_TRUE(store_->RunMaintenance(true).ok());
    }
    for (const std::string& site : {std::string(), sites[0]}) {
      const ArcLampHistory history = Open(site);
      for (const Level level : {Level::kHour, Level::kDay}) {
        std::map<Minute, std::set<ArcLampEntry>> expected;
        for (const Put& put : samples) {
          if (!site.empty() && put.site != site) continue;
          auto& entries = expected[storage::BucketAt(level, put.minute).start];
          entries.insert({"excimer", "all"});
          if (put.tag == "index" || put.tag == "api") entries.insert({"excimer", put.tag});
        }
        std::map<Minute, std::set<ArcLampEntry>> found;
        for (const ArcLampBucket& bucket : Back(history, level)) {
          for (const auto& [entry, end] : bucket.entries) {
            found[bucket.bucket.start].insert(entry);
            EXPECT_GT(end, bucket.bucket.start);
            EXPECT_LE(end, bucket.bucket.end());
          }
        }
        EXPECT_EQ(found, expected);
        // The other way round.
        std::vector<Minute> forth;
        Minute from = 0;
        while (const auto bucket = *history.From(level, from, history.channels())) {
          forth.push_back(bucket->bucket.start);
          from = bucket->bucket.end();
        }
        EXPECT_EQ(forth.size(), expected.size());
        EXPECT_TRUE(std::is_sorted(forth.begin(), forth.end()));
      }
    }
  }
}

TEST_F(ArcLampHistoryTest, WhatIsKnownByTheDayHasNoHours) {
  Append(kFirst, "index", "eqiad", Level::kDay);
  Append(kFirst + kDayMinutes + 13 * kHourMinutes, "index", "eqiad", Level::kHour);
  const ArcLampHistory history = Open();
  EXPECT_EQ(Back(history, Level::kDay).size(), 2);
  const std::vector<ArcLampBucket> hours = Back(history, Level::kHour);
  ASSERT_EQ(hours.size(), 1);
  EXPECT_EQ(hours[0].bucket.start, kFirst + kDayMinutes + 13 * kHourMinutes);
}

TEST_F(ArcLampHistoryTest, GoesABoundedNumberOfStepsWithoutFinding) {
  Append(kFirst, "index", "eqiad");
  for (Minute day = 1; day <= 60; ++day) {
    Append(kFirst + day * kDayMinutes, "", "eqiad", Level::kMinute, "other");
  }
  const ArcLampHistory history = Open();
  ASSERT_EQ(history.channels().size(), 2);
  const auto excimer = history.channels().first(1);
  const auto reached = *history.Before(Level::kDay, storage::kMaxMinute, excimer);
  ASSERT_TRUE(reached.has_value());
  EXPECT_TRUE(reached->entries.empty());
  EXPECT_GT(reached->bucket.start, kFirst);
  const auto rest = *history.Before(Level::kDay, reached->bucket.start, excimer);
  ASSERT_TRUE(rest.has_value());
  EXPECT_EQ(rest->bucket.start, kFirst);
  EXPECT_EQ(*history.Before(Level::kDay, kFirst, excimer), std::nullopt);
}

TEST_F(ArcLampHistoryTest, AnEmptyStoreHasNothingAndADeadlineHolds) {
  EXPECT_EQ(*Open().Before(Level::kDay, storage::kMaxMinute, {}), std::nullopt);
  Append(kFirst, "index", "eqiad");
  const ArcLampHistory late =
      *ArcLampHistory::Open(*store_, ArcLampChannelsOf(store_->Series(), {}, ""), SteadyNow());
  EXPECT_EQ(late.Before(Level::kDay, storage::kMaxMinute, late.channels()).status().code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_F(ArcLampHistoryTest, MetricsTellWhenTheLastSamplesCameIn) {
  const Minute today = kFirst + 30 * kDayMinutes;
  const absl::Time now = storage::TimeOf(today + 10 * kHourMinutes + 7) + absl::Seconds(30);
  Append(kFirst, "api", "eqiad");
  Append(kFirst + kDayMinutes, "index", "eqiad");
  ASSERT_TRUE(store_->RunMaintenance(true).ok());
  Append(today + 10 * kHourMinutes, "index", "eqiad");
  // Other channels do not count.
  for (Minute hour = 0; hour < 20; ++hour) {
    Append(kFirst - 30 * kDayMinutes + hour * kDayMinutes, "", "eqiad", Level::kMinute, "other");
  }
  Append(today + 10 * kHourMinutes + 5, "", "eqiad");
  const std::string text = *ArcLampMetricsText(Open(), now);
  const auto line = [](std::string_view metric, std::string_view labels, int64_t minute) {
    return fmt::format("arclamp_{}_seconds{{{}}} {}\n", metric, labels, minute * 60);
  };
  const auto labels = [](std::string_view period, std::string_view entry) {
    return fmt::format(R"(period="{}",profiler="excimer",entry="{}")", period, entry);
  };
  const int64_t last = today + 10 * kHourMinutes + 6;
  for (const std::string_view period : {"hourly", "daily"}) {
    const Minute length = period == "daily" ? kDayMinutes : kHourMinutes;
    const std::string all = labels(period, "all");
    const std::string index = labels(period, "index");
    EXPECT_THAT(text, HasSubstr(line("newest_log", all + R"(,compressed="no")", last)));
    EXPECT_THAT(text, HasSubstr(line("newest_svg", all, last)));
    EXPECT_THAT(text, HasSubstr(line("newest_log", index + R"(,compressed="no")", last - 5)));
    EXPECT_THAT(text, HasSubstr(line("newest_log", index + R"(,compressed="yes")",
                                     kFirst + kDayMinutes + length)));
    EXPECT_THAT(text, HasSubstr(line("oldest_log", all + R"(,compressed="yes")", kFirst + length)));
    EXPECT_THAT(text, HasSubstr(line("oldest_svg", labels(period, "api"), kFirst + length)));
    EXPECT_THAT(text, HasSubstr(fmt::format("arclamp_truncated_svg_files_total{{{}}} 0\n", all)));
    EXPECT_THAT(text, Not(HasSubstr(labels(period, "api") + R"(,compressed="no")")));
  }
  EXPECT_THAT(text, HasSubstr(fmt::format("arclamp_oldest_temporary_file_seconds {}\n",
                                          absl::ToUnixSeconds(now))));
}

}  // namespace
}  // namespace flamekeep::server
