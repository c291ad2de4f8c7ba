#include "storage/column_scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "storage/codec_testing.h"

namespace flamekeep::storage {
namespace {

using testing::ElementsAre;
using Content = std::map<uint32_t, uint64_t>;
using Sums = std::map<uint32_t, unsigned __int128>;

std::string EncodeScanned(const Content& content) {
  std::vector<Pair> pairs;
  for (auto it = content.rbegin(); it != content.rend(); ++it) {
    pairs.push_back({it->first, it->second});
  }
  return EncodeColumn({}, pairs);
}

// Sums that saturate, as a scan gives them.
Content Saturated(const Sums& sums) {
  Content content;
  for (const auto& [stack, value] : sums) {
    content[stack] = value > UINT64_MAX ? UINT64_MAX : static_cast<uint64_t>(value);
  }
  return content;
}

absl::StatusOr<Content> SumAll(ColumnScan* scan) {
  Content content;
  WindowSums sums;
  uint32_t last_window = UINT32_MAX;
  while (const std::optional<uint32_t> window = scan->NextWindow()) {
    EXPECT_LT(*window, last_window);
    last_window = *window;
    const absl::Status status = scan->AddWindow(*window, &sums);
    if (!status.ok()) return status;
    uint32_t last = kWindowIds;
    sums.TakeDescending([&](uint32_t offset, uint64_t value) {
      EXPECT_LT(offset, last);
      last = offset;
      content[*window * kWindowIds + offset] = value;
    });
    EXPECT_LT(last, kWindowIds) << "a window without pairs";
  }
  return content;
}

TEST(WindowSumsTest, AddsAndGivesAway) {
  WindowSums sums;
  sums.Add(5, 2);
  sums.Add(kWindowIds - 1, 1);
  sums.Add(5, 3);
  sums.Add(64, 0);
  std::vector<std::pair<uint32_t, uint64_t>> seen;
  const auto visit = [&seen](uint32_t offset, uint64_t value) { seen.emplace_back(offset, value); };
  sums.TakeDescending(visit);
  EXPECT_THAT(seen, ElementsAre(std::pair(kWindowIds - 1, 1), std::pair(64, 0), std::pair(5, 5)));
  EXPECT_EQ(sums.value(5), 0u);
  seen.clear();
  sums.TakeDescending(visit);
  EXPECT_TRUE(seen.empty());
  sums.Add(5, 4);
  sums.Clear();
  sums.TakeDescending(visit);
  EXPECT_TRUE(seen.empty());
}

TEST(WindowSumsTest, Saturates) {
  WindowSums sums;
  sums.Add(1, UINT64_MAX);
  EXPECT_FALSE(sums.saturated());
  sums.Add(1, 1);
  EXPECT_TRUE(sums.saturated());
  EXPECT_EQ(sums.value(1), UINT64_MAX);
  sums.Clear();
  EXPECT_FALSE(sums.saturated());
}

TEST(ColumnScanTest, Nothing) {
  ColumnScan scan;
  EXPECT_EQ(scan.NextWindow(), std::nullopt);
  const std::string empty = EncodeColumn({}, {});
  ASSERT_TRUE(scan.Add(empty).ok());
  EXPECT_EQ(scan.NextWindow(), std::nullopt);
  EXPECT_EQ(scan.header(), ColumnHeader());
}

TEST(ColumnScanTest, EqualsANaiveMap) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 60; ++i) {
    // Dense and sparse, and at both ends of the ids.
    const uint64_t ids = std::array{70'000u, 3'000'000u, UINT32_MAX}[random() % 3];
    const int value_bits = std::array{0, 6, 40, 63}[random() % 4];
    std::vector<std::string> columns;
    Sums sums;
    ColumnHeader header;
    for (uint64_t count = random() % 8; count > 0; --count) {
      Content content;
      // A few of several chunks, most small.
      const uint64_t pairs = random() % 6 == 0 ? random() % 60'000 : random() % 300;
      while (content.size() < pairs) {
        content[static_cast<uint32_t>(random() % (ids + 1))] =
            RandomNumber(value_bits, &random) | 1;
      }
      for (const auto& [stack, value] : content) sums[stack] += value;
      columns.push_back(EncodeScanned(content));
      AddHeader(*DecodeHeader(columns.back()), &header);
    }
    ColumnScan scan;
    for (const std::string& column : columns) ASSERT_TRUE(scan.Add(column).ok());
    EXPECT_EQ(scan.header(), header);
    const absl::StatusOr<Content> content = SumAll(&scan);
    ASSERT_TRUE(content.ok()) << content.status();
    EXPECT_TRUE(*content == Saturated(sums));
  }
}

// The most that a scan may take, by the columns' headers.
size_t BoundOf(const std::vector<std::string>& columns, uint32_t last_id) {
  constexpr size_t kRounding = size_t{256} << 10;  // memory comes in pieces
  constexpr size_t kBytesPerWindow = 64;           // where each window's pairs begin
  size_t bound =
      kRounding + (last_id / kWindowIds + 1) * (ColumnScan::kSlackBytes + kBytesPerWindow);
  for (const std::string& column : columns) bound += ColumnScan::MaxBytes(*DecodeHeader(column));
  return bound;
}

TEST(ColumnScanTest, TakesNoMoreThanItsHeadersTell) {
  std::mt19937_64 random(3);
  for (const int value_bits : {1, 15, 17, 46, 48, 64}) {
    for (const uint32_t last_id : {9'999u, 999'999u, 79'999'999u}) {
      std::vector<std::string> columns;
      for (const size_t pairs : {10, 1000, 16'000, 40'000, 900, 9000}) {
        Content content;
        while (content.size() < std::min<size_t>(pairs, last_id / 2)) {
          content[static_cast<uint32_t>(random() % last_id)] =
              RandomNumber(value_bits, &random) | 1;
        }
        columns.push_back(EncodeScanned(content));
      }
      ColumnScan scan;
      for (const std::string& column : columns) ASSERT_TRUE(scan.Add(column).ok());
      EXPECT_LE(scan.memory_bytes(), BoundOf(columns, last_id)) << value_bits << " " << last_id;
    }
  }
}

TEST(ColumnScanTest, ManySmallColumns) {
  std::mt19937_64 random(1);
  std::vector<std::string> columns;
  Sums sums;
  for (int i = 0; i < 1500; ++i) {
    Content content;
    while (content.size() < 100) content[static_cast<uint32_t>(random() % 80'000'000)] = 1;
    for (const auto& [stack, value] : content) sums[stack] += value;
    columns.push_back(EncodeScanned(content));
  }
  ColumnScan scan;
  for (const std::string& column : columns) ASSERT_TRUE(scan.Add(column).ok());
  EXPECT_LT(scan.memory_bytes(), 4u << 20);
  EXPECT_TRUE(*SumAll(&scan) == Saturated(sums));
}

TEST(ColumnScanTest, WideValues) {
  // At the limits of how a small column's values are held.
  std::vector<std::string> columns;
  Sums sums;
  for (const uint64_t value : {uint64_t{1} << 32, (uint64_t{1} << 47) - 1, uint64_t{1} << 47,
                               uint64_t{1} << 63, UINT64_MAX}) {
    columns.push_back(EncodeScanned({{3, value}, {200'000, value}, {UINT32_MAX, 1}}));
    sums[3] += value;
    sums[200'000] += value;
    sums[UINT32_MAX] += 1;
  }
  ColumnScan scan;
  for (const std::string& column : columns) ASSERT_TRUE(scan.Add(column).ok());
  EXPECT_TRUE(scan.header().saturated);
  EXPECT_TRUE(*SumAll(&scan) == Saturated(sums));
}

TEST(ColumnScanTest, DamageIsAnError) {
  std::mt19937_64 random(1);
  Content small;
  while (small.size() < 100) small[static_cast<uint32_t>(random() % 80'000'000)] = 1;
  Content large;
  while (large.size() < 100'000) large[static_cast<uint32_t>(random() % 80'000'000)] = 1;
  for (const Content& content : {small, large}) {
    const std::string encoded = EncodeScanned(content);
    for (const size_t cut : {size_t{1}, encoded.size() / 2, encoded.size() - 5}) {
      const ExactCopy damaged(encoded.substr(0, encoded.size() - cut));
      ColumnScan scan;
      absl::Status status = scan.Add(damaged.view());
      if (status.ok()) status = SumAll(&scan).status();
      EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    }
  }
}

TEST(ColumnScanTest, MovesWithItsColumns) {
  const std::string column = EncodeScanned({{7, 1}, {70'000, 2}});
  ColumnScan scan;
  ASSERT_TRUE(scan.Add(column).ok());
  ColumnScan moved = std::move(scan);
  EXPECT_THAT(*SumAll(&moved), ElementsAre(std::pair(7u, 1u), std::pair(70'000u, 2u)));
}

}  // namespace
}  // namespace flamekeep::storage
