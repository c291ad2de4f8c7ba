#include "cli/store_stats_text.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

namespace flamekeep::cli {
namespace {

using ::testing::HasSubstr;

v1::StoreStatsResponse Parse(const std::string& text) {
  v1::StoreStatsResponse stats;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &stats));
  return stats;
}

constexpr char kStats[] = R"pb(
  sites: {
    site: "eqiad"
    bytes: 3000000
    levels: {
      level: LEVEL_MINUTE
      bytes: 2000000
      bytes_per_day: 250000
      oldest: { seconds: 1795132800 }
      keep: { seconds: 7776000 }
    }
    levels: { level: LEVEL_DAY bytes: 1000000 bytes_per_day: 1000 }
  }
  families: { name: "minute" bytes: 2000000 keys: 1234 }
  log_bytes: 5000
  derived_bytes: 7000
  dictionary: {
    frames: 12345
    stacks: 67890
    bytes: 400000
    frames_per_day: 10.6
    stacks_per_day: 1000
    bytes_per_day: 2000
    over: { seconds: 604800 }
    measured: true
  }
)pb";

TEST(StoreStatsText, ShowsLevelsFamiliesAndTheDictionary) {
  const std::string text = StoreStatsText(Parse(kStats));
  EXPECT_THAT(text, testing::ContainsRegex("eqiad +minute +2.0 MB +250.0 kB +2026-11-20"));
  EXPECT_THAT(text, testing::ContainsRegex("minute +2.0 MB +about 1,234"));
  EXPECT_THAT(text, testing::ContainsRegex("frames +12,345 +10\n"));
  EXPECT_THAT(text, HasSubstr("measured over 7d"));
  EXPECT_THAT(text, HasSubstr("give --config FILE"));
}

TEST(StoreStatsText, TellsWhenItIsFull) {
  v1::StoreStatsResponse stats = Parse(kStats);
  v1::StoreStatsResponse::Forecast* forecast = stats.mutable_forecast();
  forecast->set_bytes(5'000'000'000);
  forecast->set_bytes_per_day(10'000'000);
  forecast->set_limit_bytes(40'000'000'000);
  EXPECT_THAT(StoreStatsText(stats),
              HasSubstr("The store has 5.0 GB and grows by 10.0 MB a day. It does not reach the "
                        "disk's end of 40.0 GB within ten years."));
  EXPECT_THAT(StoreStatsText(stats), testing::ContainsRegex("minute .* 90d"));
  EXPECT_THAT(StoreStatsText(stats), testing::ContainsRegex("day .* ever"));
  forecast->mutable_to_limit()->set_seconds(100 * 86400);
  forecast->set_limit_is_max_bytes(true);
  forecast->set_bytes_per_day(-1);
  EXPECT_THAT(StoreStatsText(stats),
              HasSubstr("grows by -1 bytes a day. It reaches max_bytes of 40.0 GB in 100d."));
  forecast->mutable_to_limit()->set_seconds(0);
  EXPECT_THAT(StoreStatsText(stats), HasSubstr("It is at max_bytes of 40.0 GB."));
}

}  // namespace
}  // namespace flamekeep::cli
