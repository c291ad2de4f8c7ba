// Pins the bytes of what is kept of sources (format_source.cc): they must never change under the
// same format number.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "storage/format.h"
#include "storage/format_testing.h"

namespace flamekeep::storage {
namespace {

TEST(FormatSourceTest, Sources) {
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

TEST(FormatSourceTest, Positions) {
  const Position position = {.number = 300, .cursor = "1-0"};
  EXPECT_EQ(Hex(EncodePosition(position)),
            "01"
            "ac02"
            "03312d30");
  EXPECT_EQ(*DecodePosition(EncodePosition(position)), position);
  TestMalformed(EncodePosition(position), DecodePosition, EncodePosition);

  const Position timed = {.number = 300, .cursor = "1-0", .accepted_s = 1'795'132'800};
  EXPECT_EQ(Hex(EncodePosition(timed)),
            "01"
            "ac02"
            "03312d30"
            "809bfed706");  // 2026-11-20
  EXPECT_EQ(*DecodePosition(EncodePosition(timed)), timed);
  EXPECT_TRUE(IsDataLoss(DecodePosition(EncodePosition(timed) + '\1').status()));
  EXPECT_TRUE(IsDataLoss(DecodePosition(EncodePosition(position) + '\0').status()));
}

TEST(FormatSourceTest, BatchIds) {
  const BatchIdRecord record = {1'795'132'800'123, absl::MakeUint128(0x0102030405060708, 0x0a0b)};
  EXPECT_EQ(Hex(BatchIdKey(record)),
            "69"
            "000001a1f640bc7b"
            "0102030405060708"
            "0000000000000a0b");
  EXPECT_EQ(*DecodeBatchIdKey(BatchIdKey(record)), record);
  TestMalformed(BatchIdKey(record), DecodeBatchIdKey, BatchIdKey);
  // XXH3-128 of the source, little endian, and the id.
  EXPECT_EQ(MakeBatchId(SourceId{7}, "a"), MakeBatchId(SourceId{7}, "a"));
  EXPECT_NE(MakeBatchId(SourceId{7}, "a"), MakeBatchId(SourceId{8}, "a"));
  EXPECT_EQ(Hex(BatchIdKey({1, MakeBatchId(SourceId{7}, "batch-1")})),
            "69"
            "0000000000000001"
            "7dd34aa607a91a7d364789715a9dbc7a");
}

TEST(FormatSourceTest, ProgressRecords) {
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
  ProgressRecord pushed = record;
  pushed.final_before_ms = {{"b:c", 300}};
  EXPECT_EQ(Hex(EncodeProgress(pushed)), Hex(EncodeProgress(record)) +
                                             "00"
                                             "ac02");
  EXPECT_EQ(*DecodeProgress(EncodeProgress(pushed)), pushed);
  EXPECT_TRUE(IsDataLoss(DecodeProgress(EncodeProgress(record) + std::string("\0", 1)).status()));
  EXPECT_TRUE(IsDataLoss(DecodeProgress(EncodeProgress(record) + std::string("\0\0", 2)).status()));
  EXPECT_EQ(*DecodeProgressKey(MetaKey(MetaTag::kProgress, uint32_t{7})), SourceId{7});
  EXPECT_TRUE(IsDataLoss(DecodeProgressKey(MetaKey(MetaTag::kPosition, uint32_t{7})).status()));
}

TEST(FormatSourceTest, Gaps) {
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

TEST(FormatSourceTest, UnknownRecordFormats) {
  for (const char first : {'\0', '\2', '\xff'}) {
    const std::string bytes = first + EncodePosition(Position()).substr(1);
    EXPECT_TRUE(IsDataLoss(DecodePosition(bytes).status()));
  }
}

}  // namespace
}  // namespace flamekeep::storage
