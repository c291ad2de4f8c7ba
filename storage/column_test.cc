#include "storage/column.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>

#include "storage/codec_testing.h"
#include "storage/format.h"

namespace flamekeep::storage {
namespace {

using ColumnContent = std::map<uint32_t, uint64_t, std::greater<>>;

std::vector<Pair> PairsOf(const ColumnContent& content) {
  std::vector<Pair> pairs;
  for (const auto& [stack, value] : content) pairs.push_back({stack, value});
  return pairs;
}

ColumnHeader HeaderOf(const ColumnContent& content) {
  ColumnHeader header;
  header.pairs = static_cast<uint32_t>(content.size());
  for (const auto& [stack, value] : content) {
    header.total = SaturatingAdd(header.total, value, &header.saturated);
    header.digest += Digest{value} * (stack * Digest{0x9E3779B97F4A7C15} + 1);
  }
  header.observations = content.size() % 2 == 0 ? header.total : content.size();
  return header;
}

std::string EncodeContent(const ColumnContent& content) {
  return EncodeColumn(HeaderOf(content), PairsOf(content));
}

// Values are of up to `value_bits` bits; all are multiples of a common unit in every other column.
ColumnContent RandomContent(size_t pairs, uint32_t max_id, int value_bits,
                            std::mt19937_64* random) {
  const uint64_t unit = (*random)() % 2 == 0 ? 1 : RandomNumber(value_bits, random) + 1;
  ColumnContent content;
  while (content.size() < pairs) {
    const auto stack = static_cast<uint32_t>((*random)() % (uint64_t{max_id} + 1));
    const uint64_t value = RandomNumber(value_bits, random) % (UINT64_MAX / unit) + 1;
    content[stack] = value * unit;
  }
  return content;
}

// Decodes through a reader, in memory of exactly the bytes' size.
absl::StatusOr<std::vector<Pair>> Decode(const std::string& bytes, ColumnHeader* header) {
  const ExactCopy exact(bytes);
  return DecodeColumn(exact.view(), header);
}

TEST(ColumnTest, GoldenBytes) {
  ColumnHeader header;
  header.observations = 6;
  header.digest = Digest{0x0102030405060708} << 64 | 0x1112131415161718;
  const std::string digest =
      "1817161514131211"
      "0807060504030201";

  EXPECT_EQ(Hex(EncodeColumn({}, {})),
            "01"
            "00"
            "00" +
                std::string(32, '0'));
  EXPECT_EQ(Hex(EncodeColumn(header, {{1000, 1}, {998, 3}, {997, 1}, {10, 1}})),
            "01"  // format
            "04"
            "02"  // pairs, total - pairs; observations are the total
                + digest +
                "e807"        // first id
                "00470100da"  // ids 998, 997, 10 below 1000
                "02"          // one value is not 1
                "05"          // its place, 1, below 4: parameter 1, gap 2
                "00"
                "0101"
                "01");  // 3 - 2 = 1: parameter 1, unary part 0, low bit 1

  header.observations = 4;
  header.saturated = true;
  EXPECT_EQ(Hex(EncodeColumn(header, {{5, 20'000'000}, {4, 10'000'000}})),
            "31"  // format, saturated, observations
            "02"
            "fe86a70e"
            "04" +
                digest +
                "05"
                "06"  // first id, id 4 below 5: parameter 0, one below log2(5) / 2
                "03"
                "80ade204"  // one value is not the unit, 10,000,000
                "05"
                "0001");  // its place, 0, below 2; 2 - 2 = 0
}

TEST(ColumnTest, RoundTrips) {
  std::mt19937_64 random(1);
  for (const size_t pairs : {1u, 2u, 3u, 17u, 120u, kChunkPairs - 1, kChunkPairs, kChunkPairs + 1,
                             2 * kChunkPairs, 20000u}) {
    for (const uint32_t max_id : {20000u, 1u << 25, UINT32_MAX}) {
      for (const int bits : {0, 1, 8, 32, 33, 40, 64}) {
        const ColumnContent content = RandomContent(pairs, max_id, bits, &random);
        ColumnHeader header;
        const absl::StatusOr<std::vector<Pair>> decoded = Decode(EncodeContent(content), &header);
        ASSERT_TRUE(decoded.ok()) << decoded.status();
        EXPECT_EQ(*decoded, PairsOf(content));
        EXPECT_EQ(header, HeaderOf(content));
        EXPECT_EQ(*DecodeHeader(EncodeContent(content)), HeaderOf(content));
      }
    }
  }
}

TEST(ColumnTest, Empty) {
  ColumnHeader header;
  const absl::StatusOr<std::vector<Pair>> decoded = Decode(EncodeColumn({}, {}), &header);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_TRUE(decoded->empty());
  EXPECT_EQ(header, ColumnHeader());
}

TEST(ColumnTest, Extremes) {
  for (const ColumnContent& content :
       {ColumnContent{{UINT32_MAX, UINT64_MAX}, {0, UINT64_MAX}},
        ColumnContent{{UINT32_MAX, 1}, {0, UINT64_MAX - 1}},
        ColumnContent{{0, uint64_t{UINT32_MAX}}}, ColumnContent{{0, uint64_t{UINT32_MAX} + 1}},
        ColumnContent{{UINT32_MAX, 1}, {UINT32_MAX - 1, 2}}}) {
    ColumnHeader header;
    const absl::StatusOr<std::vector<Pair>> decoded = Decode(EncodeContent(content), &header);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, PairsOf(content));
    EXPECT_EQ(header, HeaderOf(content));
  }
}

TEST(ColumnTest, ReaderGivesChunksAndCanBeOpenedAgain) {
  std::mt19937_64 random(1);
  ColumnContent content = RandomContent(kChunkPairs + 1, 1 << 25, 4, &random);
  content.rbegin()->second = uint64_t{1} << 40;  // the last chunk is wide
  const std::string encoded = EncodeContent(content);
  ColumnReader reader;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(reader.Open(encoded).ok());
    EXPECT_EQ(reader.header(), HeaderOf(content));
    ASSERT_TRUE(reader.Next());
    EXPECT_EQ(reader.size(), kChunkPairs);
    EXPECT_FALSE(reader.wide());
    EXPECT_EQ(reader.stacks()[0], content.begin()->first);
    EXPECT_EQ(reader.values32()[0], content.begin()->second);
    ASSERT_TRUE(reader.Next());
    EXPECT_EQ(reader.size(), 1u);
    EXPECT_TRUE(reader.wide());
    EXPECT_EQ(reader.value(0), uint64_t{1} << 40);
    EXPECT_FALSE(reader.Next());
    EXPECT_TRUE(reader.status().ok());
    EXPECT_EQ(reader.size(), 0u);
  }
}

TEST(ColumnTest, EveryTruncationAndAddition) {
  std::mt19937_64 random(1);
  for (const size_t pairs : {0u, 1u, 120u, kChunkPairs + 1}) {
    const std::string encoded = EncodeContent(RandomContent(pairs, 1 << 25, 40, &random));
    for (size_t size = 0; size < encoded.size(); ++size) {
      EXPECT_TRUE(absl::IsDataLoss(Decode(encoded.substr(0, size), nullptr).status())) << size;
    }
    EXPECT_TRUE(absl::IsDataLoss(Decode(encoded + '\0', nullptr).status()));
  }
}

TEST(ColumnTest, DamageIsAnErrorOrAnotherColumn) {
  std::mt19937_64 random(1);
  int columns = 0;
  for (int i = 0; i < 60000; ++i) {
    const size_t pairs = i % 500 == 0 ? kChunkPairs + 100 : random() % 60;
    const ColumnContent content = RandomContent(pairs, i % 2 == 0 ? 1 << 13 : 1 << 27,
                                                static_cast<int>(random() % 10), &random);
    std::string bytes = EncodeContent(content);
    // Not in the digest, where nothing can be seen.
    const std::string end = Damaged(bytes.substr(std::min<size_t>(bytes.size(), 19)), &random);
    bytes = (i % 4 == 0 ? Damaged(bytes.substr(0, 3), &random) : bytes.substr(0, 3)) +
            bytes.substr(3, 16) + end;
    ColumnHeader header;
    const absl::StatusOr<std::vector<Pair>> decoded = Decode(bytes, &header);
    if (!decoded.ok()) {
      EXPECT_TRUE(absl::IsDataLoss(decoded.status()));
      continue;
    }
    ++columns;
    EXPECT_EQ(decoded->size(), header.pairs);
    EXPECT_EQ(Hex(EncodeColumn(header, *decoded)), Hex(bytes));
  }
  EXPECT_GT(columns, 100);
}

TEST(ColumnTest, PromisesOfAHeaderAreNotTrusted) {
  std::string bytes(1, static_cast<char>(kColumnFormat));
  PutVarint(UINT32_MAX, &bytes);  // pairs
  PutVarint(0, &bytes);
  bytes.append(sizeof(Digest), '\0');
  EXPECT_TRUE(absl::IsDataLoss(Decode(bytes, nullptr).status()));
  EXPECT_TRUE(absl::IsDataLoss(Decode(bytes + std::string(100, '\xff'), nullptr).status()));
}

TEST(ColumnTest, TotalIsChecked) {
  const std::string encoded = EncodeColumn({}, {{7, 5}, {3, 2}});
  std::string other = encoded;
  other[2] = 4;  // total - pairs was 5
  EXPECT_TRUE(DecodeHeader(other).ok());
  EXPECT_TRUE(absl::IsDataLoss(Decode(other, nullptr).status()));
}

TEST(ColumnTest, UnknownFormats) {
  std::string encoded = EncodeColumn({}, {{7, 5}});
  for (const int first : {0, 2, 0x41, 0x81, 0xff}) {
    encoded[0] = static_cast<char>(first);
    EXPECT_TRUE(absl::IsDataLoss(DecodeHeader(encoded).status()));
  }
}

TEST(ColumnTest, HeadersAddUp) {
  ColumnHeader sum;
  AddHeader({.pairs = 2, .total = 5, .observations = 3, .digest = ~Digest{0}}, &sum);
  AddHeader({.pairs = 3, .total = 7, .observations = 4, .digest = 3}, &sum);
  EXPECT_EQ(sum, (ColumnHeader{.pairs = 5, .total = 12, .observations = 7, .digest = 2}));
  AddHeader({.pairs = UINT32_MAX, .total = UINT64_MAX}, &sum);
  EXPECT_EQ(sum.pairs, UINT32_MAX);
  EXPECT_EQ(sum.total, UINT64_MAX);
  EXPECT_TRUE(sum.saturated);
}

}  // namespace
}  // namespace flamekeep::storage
