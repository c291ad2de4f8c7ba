// Pins the bytes of runs and of the derived files' record: they must never change under the same
// format number.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "storage/codec_testing.h"
#include "storage/format.h"

namespace flamekeep::storage {
namespace {

constexpr absl::StatusCode kDataLoss = absl::StatusCode::kDataLoss;

TEST(FrameRunTest, GoldenBytes) {
  const std::vector<FrameNames> frames = {{"main", "a.c"}, {"", "b"}, {"f", ""}};
  const std::string encoded = EncodeFrameRun(frames);
  EXPECT_EQ(Hex(encoded),
            "01"          // format
            "03"          // count
            "046d61696e"  // "main"
            "03612e63"    // "a.c"
            "00"
            "0162"  // "", "b"
            "0166"
            "00");  // "f", ""
  EXPECT_EQ(*DecodeFrameRun(encoded), frames);
}

TEST(FrameRunTest, MalformedIsDataLoss) {
  const std::string good = EncodeFrameRun({{"main", "a.c"}, {"f", ""}});
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(DecodeFrameRun(good.substr(0, size)).status().code(), kDataLoss) << size;
  }
  EXPECT_EQ(DecodeFrameRun(good + "x").status().code(), kDataLoss);
  EXPECT_EQ(DecodeFrameRun("\x02" + good.substr(1)).status().code(), kDataLoss);
}

TEST(StackRunTest, GoldenBytes) {
  const std::vector<uint32_t> parents = {0, 100, 101, 0, 7};
  const std::vector<uint32_t> frames = {1, 2, 300, 70'000, 20'000'000};
  const std::string encoded = EncodeStackRun(100, parents, frames);
  EXPECT_EQ(Hex(encoded),
            "01"    // format
            "05"    // count
            "07"    // bytes of the distances to the parents
            "0000"  // their sizes: one byte each
            "64010167"
            "61"    // 100, 1, 1, 103, 97
            "9003"  // sizes of the frames: 1, 1, 2, 3, 4 bytes
            "0102"
            "2c01"
            "701101"
            "002d3101");
  std::vector<uint32_t> decoded_parents, decoded_frames;
  ASSERT_EQ(DecodeStackRun(100, encoded, &decoded_parents, &decoded_frames), absl::OkStatus());
  EXPECT_EQ(decoded_parents, parents);
  EXPECT_EQ(decoded_frames, frames);
}

TEST(StackRunTest, DecodingAppends) {
  std::vector<uint32_t> parents, frames;
  ASSERT_EQ(DecodeStackRun(1, EncodeStackRun(1, {0}, {5}), &parents, &frames), absl::OkStatus());
  ASSERT_EQ(DecodeStackRun(2, EncodeStackRun(2, {1}, {6}), &parents, &frames), absl::OkStatus());
  EXPECT_EQ(parents, (std::vector<uint32_t>{0, 1}));
  EXPECT_EQ(frames, (std::vector<uint32_t>{5, 6}));
}

TEST(StackRunTest, LargeRunsSurvive) {
  std::vector<uint32_t> parents, frames;
  for (uint32_t i = 0; i < 65'536; ++i) {
    parents.push_back(i * 2654435761u % (4'000'000'000u + i));
    frames.push_back(i * 40503u);
  }
  std::vector<uint32_t> decoded_parents, decoded_frames;
  ASSERT_EQ(DecodeStackRun(4'000'000'000u, EncodeStackRun(4'000'000'000u, parents, frames),
                           &decoded_parents, &decoded_frames),
            absl::OkStatus());
  EXPECT_EQ(decoded_parents, parents);
  EXPECT_EQ(decoded_frames, frames);
}

TEST(StackRunTest, MalformedIsDataLoss) {
  const std::string good = EncodeStackRun(100, {0, 100, 101}, {1, 2, 300});
  std::vector<uint32_t> parents, frames;
  const auto code = [&](uint32_t first_id, std::string_view encoded) {
    return DecodeStackRun(first_id, encoded, &parents, &frames).code();
  };
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(code(100, good.substr(0, size)), kDataLoss) << size;
  }
  EXPECT_EQ(code(100, good + "x"), kDataLoss);
  EXPECT_EQ(code(100, "\x02" + good.substr(1)), kDataLoss);
  // The first node's parent is 100 ids away.
  EXPECT_EQ(code(99, good), kDataLoss);
  EXPECT_EQ(code(UINT32_MAX - 1, good), kDataLoss);
}

TEST(DerivedRecordTest, GoldenBytes) {
  const DerivedRecord derived{.node_blocks = 149,
                              .indexes = {{0, 64}, {64, 128}, {128, 144}, {144, 148}, {148, 149}}};
  const std::string encoded = EncodeDerived(derived);
  EXPECT_EQ(Hex(encoded),
            "01"    // format
            "9501"  // blocks
            "05"
            "4040100401");  // indexes: their sizes in blocks
  EXPECT_EQ(*DecodeDerived(encoded), derived);
  EXPECT_EQ(*DecodeDerived(EncodeDerived({})), DerivedRecord{});
}

TEST(DerivedRecordTest, MalformedIsDataLoss) {
  const std::string good = EncodeDerived({.node_blocks = 5, .indexes = {{0, 4}, {4, 5}}});
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(DecodeDerived(good.substr(0, size)).status().code(), kDataLoss) << size;
  }
  EXPECT_EQ(DecodeDerived(good + '\1').status().code(), kDataLoss);
  EXPECT_EQ(DecodeDerived(std::string("\1\2\1\1", 4)).status().code(), kDataLoss);    // a gap
  EXPECT_EQ(DecodeDerived(std::string("\1\2\2\2\1", 5)).status().code(), kDataLoss);  // beyond
  EXPECT_EQ(DecodeDerived(std::string("\1\0\1\0", 4)).status().code(), kDataLoss);  // an empty one
}

}  // namespace
}  // namespace flamekeep::storage
