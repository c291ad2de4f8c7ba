// Pins the bytes of what upkeep keeps (format_upkeep.cc): they must never change under the same
// format number.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "storage/format.h"
#include "storage/format_testing.h"

namespace flamekeep::storage {
namespace {

TEST(FormatUpkeepTest, Upkeep) {
  const std::string capped = FloorKey(SiteId{7}, Level::kHour, MetaTag::kCapped);
  EXPECT_EQ(Hex(capped),
            "6b"
            "01"
            "0007");
  EXPECT_EQ(*DecodeFloorKey(capped, MetaTag::kCapped), (std::pair{SiteId{7}, Level::kHour}));
  EXPECT_TRUE(IsDataLoss(DecodeFloorKey(capped).status()));

  const std::string growth = MetaKey(MetaTag::kGrowth, uint32_t{20'000});
  EXPECT_EQ(Hex(growth),
            "6e"
            "00004e20");
  EXPECT_EQ(*DecodeGrowthKey(growth), 20'000);
  TestMalformed(growth, DecodeGrowthKey,
                [](uint32_t day) { return MetaKey(MetaTag::kGrowth, day); });
  const DictionaryRecord record = {
      .unix_ms = 0x0102030405, .frames = 3, .stacks = 300, .bytes = 128};
  EXPECT_EQ(Hex(EncodeDictionaryRecord(record)),
            "01"
            "0504030201000000"
            "03"
            "ac02"
            "8001");
  EXPECT_EQ(*DecodeDictionaryRecord(EncodeDictionaryRecord(record)), record);
  TestMalformed(EncodeDictionaryRecord(record), DecodeDictionaryRecord, EncodeDictionaryRecord);
}

TEST(FormatUpkeepTest, Deletions) {
  const DeletionRecord deletion = {.phase = DeletionPhase::kNames,
                                   .range = {60, 0x01020304},
                                   .series = {SeriesId{1}, SeriesId{200}}};
  EXPECT_EQ(Hex(MetaKey(MetaTag::kDeletion)), "78");
  EXPECT_EQ(Hex(EncodeDeletion(deletion)),
            "01"
            "02"
            "3c000000"
            "04030201"
            "02"
            "01"
            "c801");
  EXPECT_EQ(*DecodeDeletion(EncodeDeletion(deletion)), deletion);
  TestMalformed(EncodeDeletion(deletion), DecodeDeletion, EncodeDeletion);
  DeletionRecord empty = deletion;
  empty.range.end = empty.range.begin;
  EXPECT_TRUE(IsDataLoss(DecodeDeletion(EncodeDeletion(empty)).status()));
  DeletionRecord unordered = deletion;
  std::swap(unordered.series[0], unordered.series[1]);
  EXPECT_TRUE(IsDataLoss(DecodeDeletion(EncodeDeletion(unordered)).status()));

  const auto covers = [&](Level level, Minute start, uint32_t series) {
    return deletion.Covers(level, {SiteId{0}, start, SeriesId{series}, SourceId{1}});
  };
  EXPECT_TRUE(covers(Level::kHour, 60, 200));
  EXPECT_FALSE(covers(Level::kHour, 60, 2));
  EXPECT_FALSE(covers(Level::kHour, 0, 1));
  EXPECT_FALSE(covers(Level::kDay, 0x01020304 - 10, 1));
  EXPECT_TRUE(covers(Level::kMinute, 0x01020303, 1));
}

}  // namespace
}  // namespace flamekeep::storage
