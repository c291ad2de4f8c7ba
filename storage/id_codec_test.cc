#include "storage/id_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include "storage/codec_testing.h"

namespace flamekeep::storage {
namespace {

std::string Pack(uint32_t above, const std::vector<uint32_t>& ids) {
  std::string out;
  PackIds(above, ids, &out);
  return out;
}

// `count` ids below `above` whose gaps are of very different sizes.
std::vector<uint32_t> RandomIds(uint32_t above, size_t count, std::mt19937_64* random) {
  std::vector<uint32_t> ids;
  const int bits = static_cast<int>((*random)() % 29);
  while (ids.size() < count) {
    const uint64_t gap = (*random)() % 4 == 0 ? 0 : RandomNumber(bits, random);
    const uint32_t left = ids.empty() ? above : ids.back();
    // Leaves room for the rest.
    if (gap + count - ids.size() > left) {
      ids.push_back(left - 1);
    } else {
      ids.push_back(static_cast<uint32_t>(left - gap - 1));
    }
  }
  return ids;
}

TEST(IdCodecTest, GoldenBytes) {
  EXPECT_EQ(Hex(Pack(1000, {})), "");
  // Gaps 1, 0, 986: parameter log2(329) = 8, four above log2(1000 / 3) / 2 = 4.
  EXPECT_EQ(Hex(Pack(1000, {998, 997, 10})),
            "0047"      // 8 zeros, a one | 1 | 1 | 0001
            "0100da");  // low bits
  // A block without gaps, parameter 0; then gaps 33 and 46, parameter 5.
  EXPECT_EQ(Hex(Pack(100, {99, 98, 97, 96, 95, 94, 93, 92, 91, 90, 89, 88, 87, 86, 85, 84, 50, 3})),
            "feff035001"  // 01 | 16 ones | 00000000001 | 01 | 01
            "c101");      // 1, 14 of 5 bits
}

TEST(IdCodecTest, RoundTrips) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 3000; ++i) {
    const size_t count = i % 3 == 0 ? random() % (kMaxPackedIds + 1) : random() % 50;
    const auto above = static_cast<uint32_t>(
        std::max<uint64_t>(RandomNumber(32, &random), std::max<size_t>(count, 1)));
    const std::vector<uint32_t> ids = RandomIds(above, count, &random);
    const ExactCopy packed(Pack(above, ids) + "rest");
    std::vector<uint32_t> unpacked(count);
    std::string_view in = packed.view();
    ASSERT_TRUE(UnpackIds(&in, above, absl::MakeSpan(unpacked)));
    EXPECT_EQ(unpacked, ids);
    EXPECT_EQ(in, "rest");
  }
}

TEST(IdCodecTest, Extremes) {
  const std::vector<std::vector<uint32_t>> cases = {
      {0}, {UINT32_MAX - 1}, {UINT32_MAX - 1, 0}, {UINT32_MAX - 1, UINT32_MAX - 2}, {1, 0},
  };
  for (const std::vector<uint32_t>& ids : cases) {
    const std::string packed = Pack(UINT32_MAX, ids);
    std::vector<uint32_t> unpacked(ids.size());
    std::string_view in = packed;
    ASSERT_TRUE(UnpackIds(&in, UINT32_MAX, absl::MakeSpan(unpacked)));
    EXPECT_EQ(unpacked, ids);
  }
}

void ExpectRoundTrip(uint32_t above, const std::vector<uint32_t>& ids) {
  const ExactCopy packed(Pack(above, ids) + "rest");
  std::vector<uint32_t> unpacked(ids.size());
  std::string_view in = packed.view();
  ASSERT_TRUE(UnpackIds(&in, above, absl::MakeSpan(unpacked)));
  EXPECT_EQ(unpacked, ids);
  EXPECT_EQ(in, "rest");
}

// `count` ids right below `above`, then `rest`.
std::vector<uint32_t> DenseThen(uint32_t above, uint32_t count, std::vector<uint32_t> rest) {
  std::vector<uint32_t> ids;
  for (uint32_t i = 1; i <= count; ++i) ids.push_back(above - i);
  ids.insert(ids.end(), rest.begin(), rest.end());
  return ids;
}

// The parameter rises by more than one load of unary bits can tell.
TEST(IdCodecTest, WideGapsAfterDenseIds) {
  ExpectRoundTrip(540'000'000, DenseThen(540'000'000, 32, {3}));
  ExpectRoundTrip(UINT32_MAX, DenseThen(UINT32_MAX, 16, {0}));
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const auto above = static_cast<uint32_t>(
        std::max<uint64_t>(RandomNumber(i % 2 == 0 ? 32 : 31, &random), uint64_t{1} << 20));
    const auto dense = static_cast<uint32_t>(random() % 8 * 16 + (i % 4 == 0 ? random() % 16 : 0));
    std::set<uint32_t, std::greater<>> rest;
    for (uint64_t count = random() % 20 + 1; count > 0; --count) {
      rest.insert(static_cast<uint32_t>(RandomNumber(32, &random) % (above - dense)));
    }
    ASSERT_NO_FATAL_FAILURE(
        ExpectRoundTrip(above, DenseThen(above, dense, {rest.begin(), rest.end()})));
  }
}

TEST(IdCodecTest, TakesAboutTheEntropyOfGeometricGaps) {
  std::mt19937_64 random(1);
  std::set<uint32_t, std::greater<>> ids;
  while (ids.size() < kMaxPackedIds) ids.insert(static_cast<uint32_t>(random() % (1 << 22)));
  const std::string packed = Pack(1 << 22, {ids.begin(), ids.end()});
  // log2(e x mean gap) = 11.44 bits.
  EXPECT_LT(static_cast<double>(packed.size()) * 8 / kMaxPackedIds, 11.8);
}

TEST(IdCodecTest, CutShort) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100; ++i) {
    const std::vector<uint32_t> ids = RandomIds(1 << 30, random() % 100 + 1, &random);
    const std::string packed = Pack(1 << 30, ids);
    for (size_t size = 0; size < packed.size(); ++size) {
      const ExactCopy cut(packed.substr(0, size));
      std::vector<uint32_t> unpacked(ids.size());
      std::string_view in = cut.view();
      EXPECT_FALSE(UnpackIds(&in, 1 << 30, absl::MakeSpan(unpacked)));
    }
  }
}

// Whatever the bytes are: if they are taken, the ids descend and would be written as these bytes.
TEST(IdCodecTest, DamagedBytes) {
  std::mt19937_64 random(1);
  int taken = 0;
  for (int i = 0; i < 100000; ++i) {
    const auto above = static_cast<uint32_t>(RandomNumber(31, &random) + 200);
    std::vector<uint32_t> ids = RandomIds(above, random() % 100 + 1, &random);
    const ExactCopy damaged(Damaged(Pack(above, ids), &random));
    std::string_view in = damaged.view();
    if (!UnpackIds(&in, above, absl::MakeSpan(ids))) continue;
    ++taken;
    EXPECT_LT(ids.front(), above);
    EXPECT_TRUE(std::is_sorted(ids.rbegin(), ids.rend(), std::less_equal<>()));
    const size_t used = damaged.view().size() - in.size();
    EXPECT_EQ(Hex(Pack(above, ids)), Hex(damaged.view().substr(0, used)));
  }
  EXPECT_GT(taken, 1000);
}

TEST(IdCodecTest, RandomBytes) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100000; ++i) {
    std::string bytes(random() % 100, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() & random());
    const ExactCopy exact(bytes);
    std::vector<uint32_t> ids(random() % 100 + 1);
    const auto above = static_cast<uint32_t>(random());
    std::string_view in = exact.view();
    if (!UnpackIds(&in, above, absl::MakeSpan(ids))) continue;
    EXPECT_LT(ids.front(), above);
    EXPECT_TRUE(std::is_sorted(ids.rbegin(), ids.rend(), std::less_equal<>()));
  }
}

}  // namespace
}  // namespace flamekeep::storage
