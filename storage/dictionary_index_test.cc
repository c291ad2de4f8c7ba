#include "storage/dictionary_index.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "storage/node_hash.h"
#include "storage/young_block.h"

namespace flamekeep::storage {
namespace {

constexpr uint32_t kShift = 6;
constexpr uint32_t kIndexedNodes = 1u << kShift;

class DictionaryIndexTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "index-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    std::mt19937 random(1);
    for (uint32_t number = 0; number < 16; ++number) {
      blocks_.push_back(std::make_unique<NodeArrays>(kIndexedNodes));
      for (uint32_t i = 0; i < kIndexedNodes; ++i) {
        const uint32_t id = number * kIndexedNodes + i;
        blocks_[number]->parent()[i] = id == 0 ? 0 : static_cast<uint32_t>(random() % id);
        // With the id in it no pair of parent and frame comes twice.
        blocks_[number]->frame()[i] = id;
      }
    }
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  StackBlock Block(uint32_t number) const { return blocks_[number]->block(); }
  std::shared_ptr<const DictionaryIndex> Build(uint32_t first, uint32_t end) const {
    const IndexShape shape{kShift, first, end};
    EXPECT_TRUE(shape.valid());
    EXPECT_EQ(BuildIndex(directory_, shape, [&](uint32_t n) { return Block(n); }),
              absl::OkStatus());
    return *DictionaryIndex::Open(directory_, shape);
  }
  std::string FileBytes(const DictionaryIndex& index) const {
    std::ifstream in(index.file().path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::optional<uint32_t> Find(const DictionaryIndex& index, uint32_t parent,
                               uint32_t frame) const {
    return index.Find(NodeHash(parent, frame), [&](uint32_t id) {
      const StackBlock block = Block(id / kIndexedNodes);
      return block.parent[id % kIndexedNodes] == parent && block.frame[id % kIndexedNodes] == frame;
    });
  }
  void ExpectHolds(const DictionaryIndex& index, uint32_t first, uint32_t end) const {
    for (uint32_t id = 1; id < 16 * kIndexedNodes; ++id) {
      const bool inside = id >= first * kIndexedNodes && id < end * kIndexedNodes;
      const StackBlock block = Block(id / kIndexedNodes);
      ASSERT_EQ(Find(index, block.parent[id % kIndexedNodes], block.frame[id % kIndexedNodes]),
                inside ? std::optional(id) : std::nullopt)
          << id;
    }
  }

  std::string directory_;
  std::vector<std::unique_ptr<NodeArrays>> blocks_;
};

TEST_F(DictionaryIndexTest, HoldsItsBlocksAndNothingElse) {
  ExpectHolds(*Build(0, 1), 0, 1);
  ExpectHolds(*Build(5, 6), 5, 6);
  ExpectHolds(*Build(4, 8), 4, 8);
  ExpectHolds(*Build(0, 16), 0, 16);
}

TEST_F(DictionaryIndexTest, DoesNotHoldTheRoot) {
  EXPECT_EQ(Find(*Build(0, 1), 0, 0), std::nullopt);
}

TEST_F(DictionaryIndexTest, CollidingHashesAreToldApartByTheNodes) {
  const auto index = Build(0, 1);
  std::vector<uint32_t> asked;
  const StackBlock block = Block(0);
  index->Find(NodeHash(block.parent[7], block.frame[7]), [&](uint32_t id) {
    asked.push_back(id);
    return false;
  });
  EXPECT_EQ(asked, std::vector<uint32_t>{7});
}

TEST_F(DictionaryIndexTest, MergingIsTheSameAsBuilding) {
  DictionaryIndexes quarters;
  for (uint32_t first = 0; first < 16; first += 4) {
    DictionaryIndexes singles;
    for (uint32_t i = 0; i < 4; ++i) singles.push_back(Build(first + i, first + i + 1));
    const IndexShape shape{kShift, first, first + 4};
    ASSERT_EQ(MergeIndexes(directory_, shape, singles), absl::OkStatus());
    quarters.push_back(*DictionaryIndex::Open(directory_, shape));
    const std::string merged = FileBytes(*quarters.back());
    EXPECT_EQ(merged, FileBytes(*Build(first, first + 4)));
  }
  const IndexShape shape{kShift, 0, 16};
  ASSERT_EQ(MergeIndexes(directory_, shape, quarters), absl::OkStatus());
  const auto all = *DictionaryIndex::Open(directory_, shape);
  const std::string merged = FileBytes(*all);
  ExpectHolds(*all, 0, 16);
  EXPECT_EQ(merged, FileBytes(*Build(0, 16)));
}

TEST_F(DictionaryIndexTest, MergingDamagedIndexesIsRefused) {
  DictionaryIndexes singles;
  for (uint32_t i = 0; i < 4; ++i) singles.push_back(Build(i, i + 1));
  {
    std::fstream file(singles[2]->file().path(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(200);
    file.put('\xff');
  }
  EXPECT_EQ(MergeIndexes(directory_, {kShift, 0, 4}, singles).code(), absl::StatusCode::kDataLoss);
}

TEST_F(DictionaryIndexTest, DamagedFilesGiveNoIdsOutside) {
  const auto index = Build(4, 8);
  const std::string good = FileBytes(*index);
  std::mt19937 random(2);
  for (int round = 0; round < 200; ++round) {
    std::string bad = good;
    for (int i = 0; i < 20; ++i) {
      bad[64 + random() % (bad.size() - 64)] = static_cast<char>(random());
    }
    std::ofstream(index->file().path(), std::ios::binary | std::ios::in | std::ios::out) << bad;
    for (uint32_t probe = 0; probe < 500; ++probe) {
      index->Find(NodeHash(probe, probe), [&](uint32_t id) {
        EXPECT_GE(id, 4 * kIndexedNodes);
        EXPECT_LT(id, 8 * kIndexedNodes);
        return false;
      });
    }
  }
}

TEST(IndexShapeTest, OnlyAlignedPowersOfTheFanInAreValid) {
  EXPECT_TRUE((IndexShape{20, 0, 1}).valid());
  EXPECT_TRUE((IndexShape{20, 7, 8}).valid());
  EXPECT_TRUE((IndexShape{20, 64, 128}).valid());
  EXPECT_TRUE((IndexShape{20, 0, 4096}).valid());
  EXPECT_FALSE((IndexShape{20, 0, 2}).valid());
  EXPECT_FALSE((IndexShape{20, 2, 6}).valid());
  EXPECT_FALSE((IndexShape{20, 3, 3}).valid());
  EXPECT_FALSE((IndexShape{20, 4, 3}).valid());
  EXPECT_FALSE((IndexShape{20, 0, 16384}).valid());
}

TEST(IndexShapeTest, TwoYearsOfWikimediaTakeFiveAndAHalfBytesANode) {
  const IndexShape shape{20, 0, 64};
  EXPECT_LE(shape.payload_bytes(), shape.ids() * 11 / 2 + 64);
}

TEST(NodeHashTest, IsOnDisk) {
  EXPECT_EQ(NodeHash(0, 1), 0x4179b061e0c0e0d0u);
  EXPECT_EQ(NodeHash(123456789, 4242), 0x8b6196c1db2f0002u);
}

}  // namespace
}  // namespace flamekeep::storage
