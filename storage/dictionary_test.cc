#include "storage/dictionary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <xxhash.h>

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "storage/dictionary_test_store.h"

namespace flamekeep::storage {
namespace {

using ::testing::IsEmpty;

constexpr uint32_t kSmallBlockShift = 10;

// What a dictionary is, in the plainest form.
class Oracle {
 public:
  FrameId InternFrame(const std::string& function, const std::string& file) {
    const auto [it, added] = frame_ids_.try_emplace({function, file}, frames_.size());
    if (added) frames_.push_back(it->first);
    return FrameId{it->second};
  }
  StackId InternChild(StackId parent, FrameId frame) {
    const auto [it, added] = ids_.try_emplace({Raw(parent), Raw(frame)}, nodes_.size());
    if (added) nodes_.push_back(it->first);
    return StackId{it->second};
  }
  StackId InternStack(const std::vector<FrameId>& root_first) {
    StackId id = kRootStack;
    for (const FrameId frame : root_first) id = InternChild(id, frame);
    return id;
  }

  void ExpectEqual(const Dictionary& dictionary) const {
    ASSERT_EQ(dictionary.frame_count(), frames_.size());
    for (uint32_t id = 0; id < frames_.size(); ++id) {
      const Frame frame = dictionary.frame(FrameId{id});
      ASSERT_EQ(frame.function, frames_[id].first);
      ASSERT_EQ(frame.file, frames_[id].second);
    }
    const StackTreeView tree = dictionary.tree();
    ASSERT_EQ(tree.size(), nodes_.size());
    for (uint32_t id = 0; id < nodes_.size(); ++id) {
      ASSERT_EQ(Raw(tree.parent(StackId{id})), nodes_[id].first) << id;
      ASSERT_EQ(Raw(tree.frame(StackId{id})), nodes_[id].second) << id;
    }
  }

  unsigned __int128 Hash(StackId id) const {
    if (id == kRootStack) return 0;
    const auto [parent, frame] = nodes_[Raw(id)];
    const unsigned __int128 above = Hash(StackId{parent});
    std::string bytes(reinterpret_cast<const char*>(&above), sizeof(above));
    bytes += frames_[frame].first + '\0' + frames_[frame].second;
    const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
    return static_cast<unsigned __int128>(hash.high64) << 64 | hash.low64;
  }

  uint32_t size() const { return static_cast<uint32_t>(nodes_.size()); }

 private:
  std::vector<std::pair<std::string, std::string>> frames_ = {{"", ""}};
  std::map<std::pair<std::string, std::string>, uint32_t> frame_ids_ = {{{"", ""}, 0}};
  std::vector<std::pair<uint32_t, uint32_t>> nodes_ = {{0, 0}};
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> ids_;
};

// Stacks with shared prefixes and a long tail.
class StackGenerator {
 public:
  explicit StackGenerator(uint32_t seed) : random_(seed) {}

  std::pair<std::string, std::string> FrameName() {
    // Few names at the front, ever new ones at the back.
    const uint32_t number = random_() % (1 + random_() % 3000);
    return {"function" + std::to_string(number), number % 3 == 0 ? "file.php" : ""};
  }
  uint32_t Depth() { return random_() % 30; }
  uint32_t Below(uint32_t end) { return random_() % end; }

 private:
  std::mt19937 random_;
};

class DictionaryTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(store_.Open(), absl::OkStatus()); }

  Dictionary& dictionary() { return store_.dictionary(); }

  // Interns one random stack in both.
  void InternOne(StackGenerator& stacks) {
    std::vector<FrameId> frames;
    for (uint32_t depth = stacks.Depth(); depth > 0; --depth) {
      const auto [function, file] = stacks.FrameName();
      const auto id = dictionary().InternFrame(function, file);
      ASSERT_EQ(id.status(), absl::OkStatus());
      ASSERT_EQ(*id, oracle_.InternFrame(function, file));
      frames.push_back(*id);
    }
    const auto id = dictionary().InternStack(frames);
    ASSERT_EQ(id.status(), absl::OkStatus());
    ASSERT_EQ(*id, oracle_.InternStack(frames));
  }
  void InternUpTo(uint32_t size, StackGenerator& stacks) {
    while (oracle_.size() < size) ASSERT_NO_FATAL_FAILURE(InternOne(stacks));
  }

  DictionaryTestStore store_{kSmallBlockShift};
  Oracle oracle_;
};

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
  for (int step = 0; step < 200; ++step) {
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

INSTANTIATE_TEST_SUITE_P(Seeds, DictionaryPropertyTest, ::testing::Range(1, 7));

}  // namespace
}  // namespace flamekeep::storage
