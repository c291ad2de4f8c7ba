// Pins the bytes of keys and records: they must never change under the same format number.
#include "storage/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "storage/format_testing.h"

namespace flamekeep::storage {
namespace {

using ::testing::ElementsAre;

std::string Bytes(const char* hex) { return absl::HexStringToBytes(hex); }

TEST(FormatTest, Numbers) {
  EXPECT_EQ(kStoreFormat, 1u);
  EXPECT_EQ(kMetaFormat, 1);
  EXPECT_EQ(kColumnFormat, 1);
  EXPECT_EQ(static_cast<int>(Part::kDirect), 0);
  EXPECT_EQ(static_cast<int>(Part::kRolled), 1);
  EXPECT_EQ(static_cast<int>(SourceKind::kPubSub), 1);
  EXPECT_EQ(static_cast<int>(SourceKind::kImport), 4);
  EXPECT_THAT(kLevelFamilies, ElementsAre("minute", "hour", "day", "month", "year"));
}

TEST(FormatTest, Varints) {
  const std::pair<uint64_t, const char*> cases[] = {
      {0, "00"},
      {1, "01"},
      {127, "7f"},
      {128, "8001"},
      {300, "ac02"},
      {UINT32_MAX, "ffffffff0f"},
      {UINT64_MAX, "ffffffffffffffffff01"},
  };
  for (const auto& [value, hex] : cases) {
    std::string bytes;
    PutVarint(value, &bytes);
    EXPECT_EQ(Hex(bytes), hex);
    std::string_view in = bytes;
    uint64_t decoded;
    ASSERT_TRUE(GetVarint(&in, &decoded));
    EXPECT_EQ(decoded, value);
    EXPECT_TRUE(in.empty());
  }
}

TEST(FormatTest, MalformedVarints) {
  for (const char* hex : {"", "80", "ffffffffffffffffff", "8000", "ff00", "ffffffffffffffffff02",
                          "ffffffffffffffffff8001", "80808080808080808000"}) {
    const std::string bytes = Bytes(hex);
    std::string_view in = bytes;
    uint64_t decoded;
    EXPECT_FALSE(GetVarint(&in, &decoded)) << hex;
    EXPECT_EQ(in, bytes) << "nothing is taken";
  }
}

TEST(FormatTest, StringsAndFixedNumbers) {
  std::string bytes;
  PutString("abc", &bytes);
  PutFixed32(0x01020304, &bytes);
  PutFixed64(0x0102030405060708, &bytes);
  EXPECT_EQ(Hex(bytes),
            "03616263"
            "04030201"
            "0807060504030201");

  std::string_view in = bytes;
  std::string_view text;
  uint32_t small;
  uint64_t large;
  ASSERT_TRUE(GetString(&in, &text) && GetFixed32(&in, &small) && GetFixed64(&in, &large));
  EXPECT_EQ(text, "abc");
  EXPECT_EQ(small, 0x01020304u);
  EXPECT_EQ(large, 0x0102030405060708u);
  EXPECT_FALSE(GetFixed32(&in, &small) || GetFixed64(&in, &large) || GetString(&in, &text));

  // A length that promises more than there is, also one close to 2^64.
  for (const char* hex : {"04616263", "ffffffffffffffffff01616263"}) {
    const std::string malformed = Bytes(hex);
    in = malformed;
    EXPECT_FALSE(GetString(&in, &text)) << hex;
    EXPECT_EQ(in, malformed) << "nothing is taken";
  }
}

const ColumnKey kKey = {.site = SiteId{0x0102},
                        .start = 0x03040506,
                        .series = SeriesId{0x0708090a},
                        .source = SourceId{0x0b0c0d0e},
                        .part = Part::kRolled};

TEST(FormatTest, ColumnKeys) {
  EXPECT_EQ(Hex(EncodeColumnKey(kKey)),
            "0102"
            "03040506"
            "0708090a"
            "0b0c0d0e"
            "01"
            "00");
  EXPECT_EQ(Hex(BucketPrefix(kKey.site, kKey.start)),
            "0102"
            "03040506");
  EXPECT_EQ(Hex(SeriesPrefix(kKey.site, kKey.start, kKey.series)),
            "0102"
            "03040506"
            "0708090a");
  EXPECT_EQ(*DecodeColumnKey(EncodeColumnKey(kKey)), kKey);
  TestMalformed(EncodeColumnKey(kKey), DecodeColumnKey, EncodeColumnKey);
}

TEST(FormatTest, ColumnKeysSortAsTheirFields) {
  std::mt19937 random(1);
  const auto key = [&random] {
    // Few different values, at both ends of each field's range and around a sign bit.
    const auto number = [&random] {
      constexpr uint32_t kNumbers[] = {0, 1, 255, 256, 0x7fffffff, 0x80000000, UINT32_MAX};
      return kNumbers[random() % std::size(kNumbers)];
    };
    return ColumnKey{.site = SiteId{static_cast<uint16_t>(number())},
                     .start = number(),
                     .series = SeriesId{number()},
                     .source = SourceId{number()},
                     .part = static_cast<Part>(random() % 2)};
  };
  for (int i = 0; i < 20000; ++i) {
    const ColumnKey a = key();
    const ColumnKey b = key();
    EXPECT_EQ(a < b, EncodeColumnKey(a) < EncodeColumnKey(b));
  }
}

TEST(FormatTest, MetaKeys) {
  EXPECT_EQ(MetaKey(MetaTag::kFlush), "f");
  EXPECT_EQ(MetaKey(MetaTag::kDerived), "d");
  EXPECT_EQ(Hex(MetaKey(MetaTag::kSite, uint16_t{0x0102})),
            "73"
            "0102");
  EXPECT_EQ(Hex(MetaKey(MetaTag::kSeries, uint32_t{0x01020304})),
            "65"
            "01020304");
  EXPECT_EQ(Hex(MetaKey(MetaTag::kSource, uint32_t{5})),
            "6f"
            "00000005");
  EXPECT_EQ(Hex(MetaKey(MetaTag::kPosition, uint32_t{5})),
            "70"
            "00000005");
  EXPECT_EQ(Hex(FloorKey(SiteId{7}, Level::kDay)),
            "6c"
            "02"
            "0007");
  EXPECT_EQ(Hex(RunKey(RunTag::kFrames, 0x01020304)),
            "46"
            "01020304");
  EXPECT_EQ(Hex(RunKey(RunTag::kStacks, 1)),
            "53"
            "00000001");
}

TEST(FormatTest, MetaKeysThatAreRead) {
  const std::string floor = FloorKey(SiteId{7}, Level::kDay);
  EXPECT_EQ(*DecodeFloorKey(floor), (std::pair{SiteId{7}, Level::kDay}));
  TestMalformed(
      floor, [](std::string_view key) { return DecodeFloorKey(key); },
      [](const auto& key) { return FloorKey(key.first, key.second); });
  const std::string position = MetaKey(MetaTag::kPosition, uint32_t{0x01020304});
  EXPECT_EQ(*DecodePositionKey(position), SourceId{0x01020304});
  TestMalformed(position, DecodePositionKey,
                [](SourceId source) { return MetaKey(MetaTag::kPosition, Raw(source)); });
}

TEST(FormatTest, StaleKeys) {
  const Bucket hour{Level::kHour, 28'000'020};
  const std::string key = StaleKey(SiteId{3}, hour);
  EXPECT_EQ(Hex(key),
            "6d"
            "01"
            "0003"
            "01ab3f14");
  const auto decoded = DecodeStaleKey(key);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->first, SiteId{3});
  EXPECT_EQ(decoded->second, hour);
  TestMalformed(key, DecodeStaleKey,
                [](const auto& mark) { return StaleKey(mark.first, mark.second); });
  EXPECT_TRUE(IsDataLoss(DecodeStaleKey(StaleKey(SiteId{3}, {Level::kHour, 61})).status()));
  EXPECT_TRUE(
      IsDataLoss(DecodeStaleKey(StaleKey(SiteId{3}, {Level::kMinute, kMaxMinute + 1})).status()));
}

TEST(FormatTest, Series) {
  const SeriesRecord series = {.site = SiteId{1},
                               .profile_type = "wall:samples:count::",
                               .labels = {{"a", "b"}, {"entry_point", "index"}}};
  EXPECT_EQ(Hex(EncodeSeries(series)),
            "01"                                          // format
            "0001"                                        // site
            "1477616c6c3a73616d706c65733a636f756e743a3a"  // profile type
            "02"                                          // labels
            "0161"
            "0162"  // a, b
            "0b656e7472795f706f696e74"
            "05696e646578");  // entry_point, index
  EXPECT_EQ(*DecodeSeries(EncodeSeries(series)), series);
  TestMalformed(EncodeSeries(series), DecodeSeries, EncodeSeries);
}

TEST(FormatTest, SeriesLabelsHaveOneOrder) {
  SeriesRecord series = {
      .site = SiteId{1}, .profile_type = "wall", .labels = {{"b", "1"}, {"a", "1"}}};
  EXPECT_TRUE(IsDataLoss(DecodeSeries(EncodeSeries(series)).status()));
  series.labels = {{"a", "1"}, {"a", "2"}};
  EXPECT_TRUE(IsDataLoss(DecodeSeries(EncodeSeries(series)).status()));
  series.labels = {{"a", ""}};
  EXPECT_TRUE(IsDataLoss(DecodeSeries(EncodeSeries(series)).status()));
}

TEST(FormatTest, StaleMarks) {
  const StaleMark mark = {.generation = 130, .first_unix_ms = 1, .last_unix_ms = -2};
  EXPECT_EQ(Hex(EncodeStaleMark(mark)),
            "01"
            "8201"
            "0100000000000000"
            "feffffffffffffff");
  EXPECT_EQ(*DecodeStaleMark(EncodeStaleMark(mark)), mark);
  TestMalformed(EncodeStaleMark(mark), DecodeStaleMark, EncodeStaleMark);
}

}  // namespace
}  // namespace flamekeep::storage
