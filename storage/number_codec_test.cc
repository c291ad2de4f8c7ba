#include "storage/number_codec.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "storage/codec_testing.h"

namespace flamekeep::storage {
namespace {

std::string Pack(const std::vector<uint64_t>& numbers) {
  std::string out;
  PackNumbers(numbers, &out);
  return out;
}

std::vector<uint64_t> RandomNumbers(size_t count, std::mt19937_64* random) {
  const int bits = static_cast<int>((*random)() % 65);
  std::vector<uint64_t> numbers(count);
  for (uint64_t& number : numbers) {
    number = RandomNumber((*random)() % 50 == 0 ? 64 : bits, random);
    if (number == UINT64_MAX) --number;
  }
  return numbers;
}

TEST(NumberCodecTest, GoldenBytes) {
  EXPECT_EQ(Hex(Pack({})), "");
  EXPECT_EQ(Hex(Pack({0, 0, 0})),
            "00"
            "07");
  // The median has 2 bits. 100 >> 2 is 25: of 26 the unary part has 4 zeros, the rest 4 bits.
  EXPECT_EQ(Hex(Pack({0, 1, 2, 3, 100})),
            "02"
            "0f01"    // 1 | 1 | 1 | 1 | 00001
            "e428");  // 00 | 10 | 01 | 11 | 00 0101, lowest bits first
}

TEST(NumberCodecTest, RoundTrips) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 3000; ++i) {
    const size_t count = i % 3 == 0 ? random() % (kMaxPackedNumbers + 1) : random() % 50;
    const std::vector<uint64_t> numbers = RandomNumbers(count, &random);
    const ExactCopy packed(Pack(numbers) + "rest");
    std::vector<uint64_t> unpacked(count);
    std::string_view in = packed.view();
    ASSERT_TRUE(UnpackNumbers(&in, absl::MakeSpan(unpacked)));
    EXPECT_EQ(unpacked, numbers);
    EXPECT_EQ(in, "rest");
  }
}

TEST(NumberCodecTest, Extremes) {
  for (const std::vector<uint64_t>& numbers : {std::vector<uint64_t>{UINT64_MAX - 1},
                                               {UINT64_MAX - 1, UINT64_MAX - 2, UINT64_MAX - 1},
                                               {0, 0, UINT64_MAX - 1},
                                               {uint64_t{1} << 63},
                                               {(uint64_t{1} << 63) - 1},
                                               {0, 0, 0, 1}}) {
    const std::string packed = Pack(numbers);
    std::vector<uint64_t> unpacked(numbers.size());
    std::string_view in = packed;
    ASSERT_TRUE(UnpackNumbers(&in, absl::MakeSpan(unpacked)));
    EXPECT_EQ(unpacked, numbers);
  }
}

TEST(NumberCodecTest, CutShort) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100; ++i) {
    const std::vector<uint64_t> numbers = RandomNumbers(random() % 100 + 1, &random);
    const std::string packed = Pack(numbers);
    for (size_t size = 0; size < packed.size(); ++size) {
      const ExactCopy cut(packed.substr(0, size));
      std::vector<uint64_t> unpacked(numbers.size());
      std::string_view in = cut.view();
      EXPECT_FALSE(UnpackNumbers(&in, absl::MakeSpan(unpacked)));
    }
  }
}

// Whatever the bytes are: if they are taken, the numbers would be written as these bytes.
TEST(NumberCodecTest, DamagedBytes) {
  std::mt19937_64 random(1);
  int taken = 0;
  for (int i = 0; i < 100000; ++i) {
    std::vector<uint64_t> numbers = RandomNumbers(random() % 100 + 1, &random);
    const ExactCopy damaged(Damaged(Pack(numbers), &random));
    std::string_view in = damaged.view();
    if (!UnpackNumbers(&in, absl::MakeSpan(numbers))) continue;
    ++taken;
    const size_t used = damaged.view().size() - in.size();
    EXPECT_EQ(Hex(Pack(numbers)), Hex(damaged.view().substr(0, used)));
  }
  EXPECT_GT(taken, 1000);
}

}  // namespace
}  // namespace flamekeep::storage
