#include "ingest/unpack.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <random>
#include <string>

namespace flamekeep::ingest {
namespace {

std::string Pack(const std::string& text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 1));
  return packed;
}

// A frame that does not tell its size.
std::string PackStreaming(const std::string& text) {
  ZSTD_CStream* stream = ZSTD_createCStream();
  std::string packed(ZSTD_compressBound(text.size()) + 100, '\0');
  ZSTD_outBuffer out{packed.data(), packed.size(), 0};
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  while (in.pos < in.size) ZSTD_compressStream2(stream, &out, &in, ZSTD_e_continue);
  while (ZSTD_compressStream2(stream, &out, &in, ZSTD_e_end) != 0) {
  }
  ZSTD_freeCStream(stream);
  packed.resize(out.pos);
  return packed;
}

TEST(UnpackZstdTest, RoundTrip) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{1000}, size_t{3} << 20}) {
    const std::string text(size, 'a');
    for (const std::string& packed : {Pack(text), PackStreaming(text)}) {
      std::string unpacked = "something";
      ASSERT_TRUE(UnpackZstd(packed, size, &unpacked).ok()) << size;
      EXPECT_TRUE(unpacked == text);
    }
  }
}

TEST(UnpackZstdTest, LimitHoldsWhetherTheSizeIsToldOrNot) {
  const std::string text(5 << 20, 'a');
  for (const std::string& packed : {Pack(text), PackStreaming(text)}) {
    std::string unpacked;
    EXPECT_EQ(UnpackZstd(packed, text.size() - 1, &unpacked).code(),
              absl::StatusCode::kResourceExhausted);
    EXPECT_LE(unpacked.capacity(), text.size() * 2);
    EXPECT_TRUE(UnpackZstd(packed, text.size(), &unpacked).ok());
  }
}

TEST(UnpackZstdTest, ExactlyOneFrame) {
  const std::string packed = Pack("hello");
  std::string unpacked;
  EXPECT_FALSE(UnpackZstd("", 100, &unpacked).ok());
  EXPECT_FALSE(UnpackZstd("plain text", 100, &unpacked).ok());
  EXPECT_FALSE(UnpackZstd(packed + packed, 100, &unpacked).ok());
  EXPECT_FALSE(UnpackZstd(packed + "x", 100, &unpacked).ok());
  for (size_t size = 0; size < packed.size(); ++size) {
    EXPECT_FALSE(UnpackZstd(packed.substr(0, size), 100, &unpacked).ok()) << size;
  }
}

TEST(UnpackZstdTest, DamagedBytesAreAnError) {
  const std::string packed = PackStreaming(std::string(1000, 'a') + "bcd" + std::string(1000, 'e'));
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = packed;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    std::string unpacked;
    const bool good = UnpackZstd(damaged, 1 << 16, &unpacked).ok();
    EXPECT_TRUE(!good || unpacked.size() <= size_t{1} << 16);
  }
}

}  // namespace
}  // namespace flamekeep::ingest
