#include "base/gzip.h"

#include <gtest/gtest.h>

#include <string>

namespace flamekeep {
namespace {

TEST(GzipTest, UnpacksWhatItPacked) {
  std::string large;
  for (int i = 0; i < 200'000; ++i) large += std::to_string(i * 7919 % 1000);
  for (const std::string& text : {std::string(), std::string("a"), large}) {
    const auto packed = Gzip(text);
    ASSERT_TRUE(packed.ok()) << packed.status();
    EXPECT_TRUE(LooksLikeGzip(*packed));
    const auto back = Gunzip(*packed, text.size());
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, text);
    EXPECT_EQ(*Gzip(text), *packed);
  }
}

TEST(GzipTest, UnpacksSeveralMembers) {
  EXPECT_EQ(Gunzip(*Gzip("main;") + *Gzip("") + *Gzip("run 1\n"), 100).value(), "main;run 1\n");
}

TEST(GzipTest, BoundsWhatAMessageUnpacksTo) {
  const std::string bomb = Gzip(std::string(size_t{64} << 20, 'x')).value();
  EXPECT_LT(bomb.size(), size_t{1} << 20);
  EXPECT_EQ(Gunzip(bomb, 1000).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Gunzip(*Gzip("12345"), 4).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(GzipTest, RefusesWhatIsDamagedOrCut) {
  std::string packed = Gzip("main;run 1\nmain;stop 2\n").value();
  for (size_t bytes = 0; bytes < packed.size(); ++bytes) {
    EXPECT_EQ(Gunzip(packed.substr(0, bytes), 1000).status().code(),
              absl::StatusCode::kInvalidArgument)
        << bytes;
  }
  for (const char* text : {"plain", "\x1f\x8b plain text"}) {
    EXPECT_EQ(Gunzip(text, 1000).status().code(), absl::StatusCode::kInvalidArgument);
  }
  packed[packed.size() - 6] ^= 1;  // of the checksum
  EXPECT_EQ(Gunzip(packed, 1000).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(Gunzip(*Gzip("a") + "behind", 1000).ok());
}

}  // namespace
}  // namespace flamekeep
