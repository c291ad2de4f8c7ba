#include "storage/column.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

namespace flamekeep::storage {
namespace {

using Content = std::map<uint32_t, uint64_t, std::greater<>>;

std::vector<Pair> PairsOf(const Content& content) {
  std::vector<Pair> pairs;
  for (const auto& [stack, value] : content) pairs.push_back({stack, value});
  return pairs;
}

ColumnHeader HeaderOf(const Content& content) {
  ColumnHeader header;
  header.pairs = static_cast<uint32_t>(content.size());
  for (const auto& [stack, value] : content) {
    header.total = SaturatingAdd(header.total, value, &header.saturated);
    header.digest += Digest{value} * (stack * Digest{0x9E3779B97F4A7C15} + 1);
  }
  header.observations = content.size();
  return header;
}

std::string Encode(const Content& content) {
  return EncodeColumn(HeaderOf(content), PairsOf(content));
}

Content RandomContent(std::mt19937_64* random, size_t pairs, uint32_t max_id, int value_bits) {
  Content content;
  while (content.size() < pairs) {
    const auto stack = static_cast<uint32_t>((*random)() % (uint64_t{max_id} + 1));
    const int bits = static_cast<int>((*random)() % static_cast<uint64_t>(value_bits));
    content[stack] = ((*random)() >> (63 - bits)) | 1;
  }
  return content;
}

TEST(Column, RoundTrips) {
  std::mt19937_64 random(1);
  for (const size_t pairs : {1u, 2u, 3u, 4u, 5u, 120u, 4095u, 4096u, 4097u, 8192u, 20000u}) {
    for (const uint32_t max_id : {20000u, 1u << 25, UINT32_MAX}) {
      for (const int bits : {1, 8, 31, 40}) {
        const Content content = RandomContent(&random, pairs, max_id, bits);
        ColumnHeader header;
        const absl::StatusOr<std::vector<Pair>> decoded = DecodeColumn(Encode(content), &header);
        ASSERT_TRUE(decoded.ok()) << decoded.status();
        EXPECT_EQ(*decoded, PairsOf(content));
        EXPECT_EQ(header, HeaderOf(content));
      }
    }
  }
}

}  // namespace
}  // namespace flamekeep::storage
