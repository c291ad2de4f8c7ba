#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "storage/codec_testing.h"
#include "storage/column.h"

namespace flamekeep::storage {
namespace {

using SumContent = std::map<uint32_t, unsigned __int128, std::greater<>>;

// What a column of these true sums looks like: the oracle.
std::string EncodeSummand(const SumContent& content, uint64_t observations, Digest digest) {
  ColumnHeader header;
  header.observations = observations;
  header.digest = digest;
  std::vector<Pair> pairs;
  for (const auto& [stack, value] : content) {
    header.saturated |= value > UINT64_MAX;
    pairs.push_back({stack, static_cast<uint64_t>(std::min<Digest>(value, UINT64_MAX))});
  }
  return EncodeColumn(header, pairs);
}

struct SumPart {
  SumContent content;
  Digest digest = 0;
  std::string encoded;
};

SumPart RandomPart(size_t pairs, uint32_t max_id, int value_bits, std::mt19937_64* random) {
  SumPart part;
  while (part.content.size() < pairs) {
    part.content[static_cast<uint32_t>((*random)() % (uint64_t{max_id} + 1))] =
        std::max<uint64_t>(RandomNumber(value_bits, random), 1);
  }
  part.digest = Digest{(*random)()} << 64 | (*random)();
  part.encoded = EncodeSummand(part.content, pairs, part.digest);
  return part;
}

std::string Sum(const std::vector<SumPart>& parts) {
  ColumnSum sum;
  for (const SumPart& part : parts) EXPECT_TRUE(sum.Add(part.encoded).ok());
  absl::StatusOr<std::string> encoded = sum.Finish();
  EXPECT_TRUE(encoded.ok()) << encoded.status();
  return *encoded;
}

std::string NaiveSum(const std::vector<SumPart>& parts) {
  SumContent content;
  uint64_t observations = 0;
  Digest digest = 0;
  for (const SumPart& part : parts) {
    for (const auto& [stack, value] : part.content) content[stack] += value;
    observations += part.content.size();
    digest += part.digest;
  }
  return EncodeSummand(content, observations, digest);
}

TEST(ColumnSumTest, Nothing) {
  ColumnSum sum;
  EXPECT_EQ(*sum.Finish(), "");
}

TEST(ColumnSumTest, EqualsTheNaiveSum) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200; ++i) {
    std::vector<SumPart> parts;
    const size_t pairs = i % 20 == 0 ? 30'000 : 40;
    const uint32_t max_id = i % 2 == 0 ? 100'000 : 5'000'000;
    for (uint64_t count = random() % 6; count > 0; --count) {
      parts.push_back(RandomPart(random() % pairs, max_id, i % 3 == 0 ? 60 : 6, &random));
    }
    if (parts.empty()) continue;
    EXPECT_EQ(Hex(Sum(parts)), Hex(NaiveSum(parts)));
  }
}

TEST(ColumnSumTest, OrderDoesNotShow) {
  std::mt19937_64 random(1);
  for (const size_t pairs : {20u, 20'000u}) {
    std::vector<SumPart> parts;
    for (int i = 0; i < 5; ++i) parts.push_back(RandomPart(pairs, 200'000, 63, &random));
    const std::string sum = Sum(parts);
    for (int i = 0; i < 5; ++i) {
      std::shuffle(parts.begin(), parts.end(), random);
      EXPECT_EQ(Hex(Sum(parts)), Hex(sum));
    }
  }
}

TEST(ColumnSumTest, Pairs) {
  ColumnSum sum;
  sum.Add({.observations = 3, .digest = 10}, {{5, 1}, {9, 2}, {5, 4}});
  sum.Add({.observations = 1, .digest = 5}, {{7, 1}});
  const std::string column = EncodeColumn({.observations = 2, .digest = 1}, {{9, 1}, {1, 1}});
  ASSERT_TRUE(sum.Add(column).ok());
  ColumnHeader header;
  const std::string encoded = *sum.Finish();
  EXPECT_THAT(*DecodeColumn(encoded, &header),
              testing::ElementsAre(Pair{9, 3}, Pair{7, 1}, Pair{5, 5}, Pair{1, 1}));
  EXPECT_EQ(header, (ColumnHeader{.pairs = 4, .total = 10, .observations = 6, .digest = 16}));
  EXPECT_EQ(*sum.Finish(), "") << "Finish() leaves it empty";
}

TEST(ColumnSumTest, ManyPairs) {
  std::vector<Pair> pairs;
  for (uint32_t i = 0; i < 100'000; ++i) pairs.push_back({i * 7919 % 300'000, 1});
  ColumnSum sum;
  sum.Add({.observations = 100'000}, pairs);
  ColumnHeader header;
  const std::string encoded = *sum.Finish();
  const absl::StatusOr<std::vector<Pair>> decoded = DecodeColumn(encoded, &header);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(header.total, 100'000u);
  EXPECT_EQ(decoded->size(), 100'000u);
}

// Saturation is by what the true sums are, whatever was added first; small and large columns alike.
TEST(ColumnSumTest, Saturates) {
  std::mt19937_64 random(1);
  for (const size_t others : {0u, 20'000u}) {
    std::vector<SumPart> parts;
    for (const uint64_t value : {UINT64_MAX - 5, uint64_t{3}, uint64_t{4}}) {
      SumPart part = RandomPart(others, 1'000'000, 1, &random);
      part.content[77] = value;
      part.encoded = EncodeSummand(part.content, part.content.size(), part.digest);
      parts.push_back(part);
    }
    const std::string sum = Sum(parts);
    EXPECT_EQ(Hex(sum), Hex(NaiveSum(parts)));
    ColumnHeader header;
    const absl::StatusOr<std::vector<Pair>> decoded = DecodeColumn(sum, &header);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_THAT(*decoded, testing::Contains(Pair{77, UINT64_MAX}));
    EXPECT_TRUE(header.saturated);
    EXPECT_EQ(header.total, UINT64_MAX);
    EXPECT_EQ(header.digest, parts[0].digest + parts[1].digest + parts[2].digest);
    std::shuffle(parts.begin(), parts.end(), random);
    EXPECT_EQ(Hex(Sum(parts)), Hex(sum));

    // A saturated column stays so.
    ColumnSum again;
    ASSERT_TRUE(again.Add(sum).ok());
    EXPECT_EQ(Hex(*again.Finish()), Hex(sum));
  }
}

TEST(ColumnSumTest, SaturatesInAddedPairs) {
  ColumnSum sum;
  sum.Add({.observations = 2}, {{5, UINT64_MAX}, {5, 1}});
  ColumnHeader header;
  const std::string encoded = *sum.Finish();
  EXPECT_THAT(*DecodeColumn(encoded, &header), testing::ElementsAre(Pair{5, UINT64_MAX}));
  EXPECT_TRUE(header.saturated);
}

TEST(ColumnSumTest, DamageIsAnError) {
  std::mt19937_64 random(1);
  for (const size_t pairs : {20u, 40'000u}) {
    const SumPart part = RandomPart(pairs, 1'000'000, 6, &random);
    ColumnSum sum;
    EXPECT_TRUE(absl::IsDataLoss(sum.Add(part.encoded.substr(0, 10))));
    ASSERT_TRUE(sum.Add(part.encoded).ok());
    const std::string cut = part.encoded.substr(0, part.encoded.size() - 1);
    ASSERT_TRUE(sum.Add(cut).ok()) << "only the header is read";
    EXPECT_TRUE(absl::IsDataLoss(sum.Finish().status()));
    EXPECT_EQ(*sum.Finish(), "");
  }
}

}  // namespace
}  // namespace flamekeep::storage
