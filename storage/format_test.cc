// Pins the bytes of keys and records: they must never change under the same format number.
#include "storage/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>

#include "absl/strings/escaping.h"

namespace flamekeep::storage {
namespace {

using ::testing::ElementsAre;

std::string Hex(const std::string& bytes) { return absl::BytesToHexString(bytes); }
std::string Bytes(const char* hex) { return absl::HexStringToBytes(hex); }

// Cutting `good` short, lengthening it and random bytes all must end in DATA_LOSS or in a value
// that encodes to the same bytes.
template <typename Decode, typename Encode>
void TestMalformed(const std::string& good, const Decode& decode, const Encode& encode) {
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_TRUE(IsDataLoss(decode(good.substr(0, size)).status())) << size;
  }
  EXPECT_TRUE(IsDataLoss(decode(good + '\0').status()));
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = good;
    for (unsigned flips = random() % 4 + 1; flips > 0; --flips) {
      bytes[random() % bytes.size()] =
          static_cast<char>(random() % 4 == 0 ? random() : random() % 4);
    }
    const auto decoded = decode(bytes);
    if (decoded.ok()) {
      EXPECT_EQ(Hex(encode(*decoded)), Hex(bytes));
    } else {
      EXPECT_TRUE(IsDataLoss(decoded.status()));
    }
  }
}

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

TEST(FormatTest, Sources) {
  const SourceKey source = {.kind = SourceKind::kStream,
                            .site = "eqiad",
                            .name = "x",
                            .node = "",
                            .rules_hash = 0x0102030405060708};
  EXPECT_EQ(Hex(EncodeSource(source)),
            "01"            // format
            "02"            // kind
            "056571696164"  // site
            "0178"
            "00"                  // name, node
            "0807060504030201");  // rules
  EXPECT_EQ(*DecodeSource(EncodeSource(source)), source);
  TestMalformed(EncodeSource(source), DecodeSource, EncodeSource);
}

TEST(FormatTest, Positions) {
  const Position position = {.number = 300, .cursor = "1-0"};
  EXPECT_EQ(Hex(EncodePosition(position)),
            "01"
            "ac02"
            "03312d30");
  EXPECT_EQ(*DecodePosition(EncodePosition(position)), position);
  TestMalformed(EncodePosition(position), DecodePosition, EncodePosition);
}

TEST(FormatTest, ProgressRecords) {
  const ProgressRecord record = {.recorded_from_ms = 1,
                                 .complete_through_ms = 300,
                                 .retired = true,
                                 .profile_types = {"a", "b:c"}};
  EXPECT_EQ(Hex(EncodeProgress(record)),
            "01"        // format
            "01"        // recorded from
            "ac02"      // complete through
            "01"        // retired
            "02"        // profile types
            "0161"      // a
            "03623a63"  // b:c
  );
  EXPECT_EQ(*DecodeProgress(EncodeProgress(record)), record);
  TestMalformed(EncodeProgress(record), DecodeProgress, EncodeProgress);
  EXPECT_EQ(*DecodeProgressKey(MetaKey(MetaTag::kProgress, uint32_t{7})), SourceId{7});
  EXPECT_TRUE(IsDataLoss(DecodeProgressKey(MetaKey(MetaTag::kPosition, uint32_t{7})).status()));
}

TEST(FormatTest, Gaps) {
  const Gap gap = {
      .begin_ms = 0x010203040506, .end_ms = 0x010203040507, .reason = GapReason::kReplaced};
  const std::string key = GapKey(SourceId{5}, gap.begin_ms);
  EXPECT_EQ(Hex(key),
            "67"
            "00000005"
            "0000010203040506");
  EXPECT_EQ(Hex(EncodeGap(gap)),
            "0705040302010000"
            "03");
  const auto decoded = DecodeGap(key, EncodeGap(gap));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->first, SourceId{5});
  EXPECT_EQ(decoded->second, gap);
  for (size_t size = 0; size < key.size(); ++size) {
    EXPECT_TRUE(IsDataLoss(DecodeGap(key.substr(0, size), EncodeGap(gap)).status()));
  }
  for (size_t size = 0; size < EncodeGap(gap).size(); ++size) {
    EXPECT_TRUE(IsDataLoss(DecodeGap(key, EncodeGap(gap).substr(0, size)).status()));
  }
  EXPECT_TRUE(IsDataLoss(DecodeGap(key, EncodeGap({.end_ms = gap.begin_ms})).status()));
  EXPECT_TRUE(IsDataLoss(
      DecodeGap(key, EncodeGap({.end_ms = gap.end_ms, .reason = GapReason{9}})).status()));
}

TEST(FormatTest, Upkeep) {
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

TEST(FormatTest, Deletions) {
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

TEST(FormatTest, UnknownRecordFormats) {
  for (const char first : {'\0', '\2', '\xff'}) {
    const std::string bytes = first + EncodePosition(Position()).substr(1);
    EXPECT_TRUE(IsDataLoss(DecodePosition(bytes).status()));
  }
}

}  // namespace
}  // namespace flamekeep::storage
