#include "storage/dictionary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "storage/dictionary_oracle.h"

namespace flamekeep::storage {
namespace {

using ::testing::IsEmpty;

TEST_F(DictionaryTest, StartsWithTheRoot) {
  EXPECT_EQ(dictionary().frame_count(), 1u);
  EXPECT_EQ(dictionary().frame(kRootFrame).function, "");
  const StackTreeView tree = dictionary().tree();
  EXPECT_EQ(tree.size(), 1u);
  EXPECT_EQ(tree.parent(kRootStack), kRootStack);
  EXPECT_EQ(dictionary().StackHash(kRootStack), 0u);
}

TEST_F(DictionaryTest, EmptyStackIsTheRootAndAnEmptyFrameIsNot) {
  EXPECT_EQ(*dictionary().InternStack({}), kRootStack);
  EXPECT_EQ(*dictionary().InternFrame(""), kRootFrame);
  EXPECT_EQ(*dictionary().InternChild(kRootStack, kRootFrame), StackId{1});
  EXPECT_EQ(*dictionary().InternChild(kRootStack, kRootFrame), StackId{1});
}

TEST_F(DictionaryTest, FunctionAndFileTogetherMakeAFrame) {
  const FrameId bare = *dictionary().InternFrame("main");
  EXPECT_NE(*dictionary().InternFrame("main", "a.php"), bare);
  EXPECT_NE(*dictionary().InternFrame("maina.php"), *dictionary().InternFrame("main", "a.php"));
  EXPECT_EQ(*dictionary().InternFrame("main"), bare);
}

TEST_F(DictionaryTest, UnknownIdsAreRefused) {
  EXPECT_EQ(dictionary().InternChild(StackId{7}, kRootFrame).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(dictionary().InternChild(kRootStack, FrameId{7}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(dictionary().InternStack({FrameId{7}}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(DictionaryTest, WhatIsNotCommittedIsGone) {
  ASSERT_TRUE(dictionary().InternChild(kRootStack, *dictionary().InternFrame("a")).ok());
  ASSERT_EQ(store_.Commit(), absl::OkStatus());
  ASSERT_TRUE(dictionary().InternChild(kRootStack, *dictionary().InternFrame("b")).ok());
  ASSERT_EQ(store_.Open(), absl::OkStatus());
  EXPECT_EQ(dictionary().frame_count(), 2u);
  EXPECT_EQ(dictionary().tree().size(), 2u);
  EXPECT_EQ(*dictionary().InternFrame("c"), FrameId{2});
}

TEST_F(DictionaryTest, RunsAreTheSameWhenTakenAgain) {
  StackGenerator stacks(1);
  ASSERT_NO_FATAL_FAILURE(InternUpTo(3000, stacks));
  rocksdb::WriteBatch first, second;
  dictionary().TakePending(&first);
  store_.ReopenDatabase();
  dictionary().TakePending(&second);
  EXPECT_EQ(first.Data(), second.Data());
  ASSERT_EQ(store_.Write(&second), absl::OkStatus());
  dictionary().Committed();
  rocksdb::WriteBatch nothing;
  dictionary().TakePending(&nothing);
  EXPECT_EQ(nothing.Count(), 0u);
  ASSERT_EQ(store_.Open(), absl::OkStatus());
  oracle_.ExpectEqual(dictionary());
}

TEST_F(DictionaryTest, HashesFollowTheirDefinition) {
  StackGenerator stacks(2);
  ASSERT_NO_FATAL_FAILURE(InternUpTo(5000, stacks));
  std::vector<uint32_t> ids;
  for (uint32_t i = 0; i < 2000; ++i) ids.push_back(stacks.Below(oracle_.size()));
  std::vector<unsigned __int128> hashes(ids.size());
  dictionary().StackHashes(ids, hashes.data());
  for (size_t i = 0; i < ids.size(); ++i) {
    ASSERT_TRUE(hashes[i] == oracle_.Hash(StackId{ids[i]})) << ids[i];
    ASSERT_TRUE(hashes[i] == dictionary().StackHash(StackId{ids[i]})) << ids[i];
  }
}

TEST_F(DictionaryTest, LongNamesAreHashedAsShortOnesAre) {
  const std::string function(700, 'f'), file(300, 'x');
  const FrameId frame = *dictionary().InternFrame(function, file);
  oracle_.InternFrame(function, file);
  const StackId id = *dictionary().InternStack({frame, frame});
  oracle_.InternStack({frame, frame});
  EXPECT_TRUE(dictionary().StackHash(id) == oracle_.Hash(id));
}

// Random interning, commits, derivations, reopenings of the dictionary and of RocksDB against the
// oracle. Everything is committed before it is reopened: the oracle forgets nothing.
class DictionaryPropertyTest : public DictionaryTest, public ::testing::WithParamInterface<int> {};

TEST_P(DictionaryPropertyTest, IsWhatTheOracleIs) {
  StackGenerator stacks(static_cast<uint32_t>(GetParam()));
  for (int step = 0; step < 120; ++step) {
    for (uint32_t count = stacks.Below(60); count > 0; --count) {
      ASSERT_NO_FATAL_FAILURE(InternOne(stacks));
    }
    switch (stacks.Below(8)) {
      case 0:
        ASSERT_EQ(store_.Commit(), absl::OkStatus());
        ASSERT_EQ(store_.Open(), absl::OkStatus());
        ASSERT_NO_FATAL_FAILURE(oracle_.ExpectEqual(dictionary()));
        break;
      case 1:
        store_.ReopenDatabase();
        break;
      case 2:
        ASSERT_EQ(store_.DeriveAll(), absl::OkStatus());
        break;
      case 3:
        ASSERT_EQ(store_.DeriveOnce(), absl::OkStatus());
        break;
      case 4: {
        const StackId id{stacks.Below(oracle_.size())};
        ASSERT_TRUE(dictionary().StackHash(id) == oracle_.Hash(id));
        break;
      }
      default:
        ASSERT_EQ(store_.Commit(), absl::OkStatus());
    }
  }
  ASSERT_NO_FATAL_FAILURE(oracle_.ExpectEqual(dictionary()));
  EXPECT_THAT(dictionary().Check(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Seeds, DictionaryPropertyTest, ::testing::Range(1, 5));

}  // namespace
}  // namespace flamekeep::storage
