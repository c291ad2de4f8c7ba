#include "storage/merge_operator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "storage/codec_testing.h"
#include "storage/column.h"

namespace flamekeep::storage {
namespace {

using rocksdb::Slice;

std::string RandomColumn(std::mt19937_64* random, size_t max_pairs = 6, int value_bits = 3) {
  ColumnSum sum;
  std::vector<Pair> pairs;
  for (uint64_t i = (*random)() % max_pairs + 1; i > 0; --i) {
    pairs.push_back({static_cast<uint32_t>((*random)() % 1000),
                     std::max<uint64_t>(RandomNumber(value_bits, random), 1)});
  }
  sum.Add({.observations = pairs.size(), .digest = (*random)()}, pairs);
  return *sum.Finish();
}

// The value that RocksDB would get; nothing where the merge fails.
std::optional<std::string> FullMerge(const std::string* existing,
                                     const std::vector<std::string>& operands) {
  const ColumnMergeOperator op;
  const Slice key = "key";  // the input refers to it
  const Slice existing_slice = existing == nullptr ? Slice() : Slice(*existing);
  const std::vector<Slice> slices(operands.begin(), operands.end());
  std::string value;
  Slice existing_operand(nullptr, 0);
  rocksdb::MergeOperator::MergeOperationOutput out(value, existing_operand);
  const rocksdb::MergeOperator::MergeOperationInput in(
      key, existing == nullptr ? nullptr : &existing_slice, slices, nullptr);
  if (!op.FullMergeV2(in, &out)) return std::nullopt;
  return existing_operand.data() == nullptr ? value : existing_operand.ToString();
}

std::optional<std::string> PartialMerge(const std::vector<std::string>& operands) {
  const ColumnMergeOperator op;
  std::string value;
  const bool merged =
      operands.size() == 2
          ? op.PartialMerge("key", operands[0], operands[1], &value, nullptr)
          : op.PartialMergeMulti("key", std::deque<Slice>(operands.begin(), operands.end()), &value,
                                 nullptr);
  return merged ? std::optional(value) : std::nullopt;
}

TEST(MergeOperatorTest, NameIsOnDisk) {
  EXPECT_STREQ(ColumnMergeOperator().Name(), "flamekeep.column.v1");
}

TEST(MergeOperatorTest, AddsToTheExistingValue) {
  const std::string existing = EncodeColumn({.observations = 1, .digest = 4}, {{7, 1}, {3, 1}});
  const std::string operand = EncodeColumn({.observations = 2, .digest = 5}, {{5, 9}, {3, 1}});
  const std::string sum = EncodeColumn({.observations = 3, .digest = 9}, {{7, 1}, {5, 9}, {3, 2}});
  EXPECT_EQ(FullMerge(&existing, {operand}), sum);
  EXPECT_EQ(FullMerge(nullptr, {existing, operand}), sum);
  EXPECT_EQ(FullMerge(nullptr, {operand}), operand);
  EXPECT_EQ(PartialMerge({existing, operand}), sum);
}

// Any order and any grouping of operands gives the same bytes, also where sums saturate.
TEST(MergeOperatorTest, IsAssociativeAndCommutative) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> operands;
    const int value_bits = round % 4 == 0 ? 64 : 3;
    for (uint64_t i = random() % 60 + 2; i > 0; --i) {
      operands.push_back(RandomColumn(&random, 6, value_bits));
    }
    const std::optional<std::string> sum = FullMerge(nullptr, operands);
    ASSERT_TRUE(sum.has_value());
    while (operands.size() > 1) {
      std::shuffle(operands.begin(), operands.end(), random);
      const size_t group = std::min<size_t>(random() % 4 + 2, operands.size());
      const std::vector<std::string> merged(operands.end() - static_cast<long>(group),
                                            operands.end());
      operands.resize(operands.size() - group);
      operands.push_back(*PartialMerge(merged));
    }
    EXPECT_EQ(Hex(operands.front()), Hex(*sum));
  }
}

TEST(MergeOperatorTest, DamageFails) {
  std::mt19937_64 random(1);
  const std::string good = RandomColumn(&random);
  for (const std::string& damaged :
       {std::string(), std::string("x"), good + 'x', good.substr(0, good.size() - 1)}) {
    EXPECT_EQ(FullMerge(nullptr, {good, damaged}), std::nullopt);
    EXPECT_EQ(FullMerge(&damaged, {good}), std::nullopt);
    EXPECT_EQ(FullMerge(nullptr, {damaged}), std::nullopt);
    EXPECT_EQ(PartialMerge({damaged, good}), std::nullopt);
    EXPECT_EQ(PartialMerge({good, good, damaged}), std::nullopt);
  }
}

class MergeInRocksDbTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = testing::TempDir() + "/merge_operator_test." + std::to_string(::getpid());
    std::filesystem::remove_all(path_);
    rocksdb::Options options;
    options.create_if_missing = true;
    options.merge_operator = std::make_shared<ColumnMergeOperator>();
    rocksdb::DB* db;
    ASSERT_TRUE(rocksdb::DB::Open(options, path_, &db).ok());
    db_.reset(db);
  }
  void TearDown() override {
    db_.reset();
    std::filesystem::remove_all(path_);
  }
  std::string Get() {
    std::string value;
    status_ = db_->Get({}, "key", &value);
    return value;
  }

  std::string path_;
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::Status status_;
};

TEST_F(MergeInRocksDbTest, SumsSurviveFlushesAndCompaction) {
  std::mt19937_64 random(1);
  std::vector<std::string> operands;
  for (int i = 0; i < 60; ++i) {
    operands.push_back(RandomColumn(&random));
    ASSERT_TRUE(db_->Merge({}, "key", operands.back()).ok());
    if (i % 10 == 9) {
      ASSERT_TRUE(db_->Flush({}).ok());
    }
  }
  const std::string sum = *FullMerge(nullptr, operands);
  EXPECT_EQ(Hex(Get()), Hex(sum));
  ASSERT_TRUE(db_->CompactRange({}, nullptr, nullptr).ok());
  EXPECT_EQ(Hex(Get()), Hex(sum));
}

TEST_F(MergeInRocksDbTest, DamageIsCorruption) {
  std::mt19937_64 random(1);
  ASSERT_TRUE(db_->Merge({}, "key", RandomColumn(&random)).ok());
  ASSERT_TRUE(db_->Merge({}, "key", "damaged").ok());
  Get();
  EXPECT_TRUE(status_.IsCorruption()) << status_.ToString();
}

}  // namespace
}  // namespace flamekeep::storage
