// Everything that goes on in a dictionary at the same time, without RocksDB: threads intern the
// same stacks, others read, hash, and hand blocks over to derived files.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "storage/dictionary_files.h"
#include "storage/dictionary_index.h"
#include "storage/frame_table.h"
#include "storage/stack_hash.h"
#include "storage/stack_tree.h"

namespace flamekeep::storage {
namespace {

constexpr uint32_t kTreeShift = 9;
constexpr uint32_t kStacks = 4'000;

using Stack = std::vector<std::string>;

std::vector<Stack> RandomStacks() {
  std::mt19937 random(7);
  std::vector<Stack> stacks(kStacks);
  for (Stack& stack : stacks) {
    // Shared near the root, ever new towards the leaves.
    for (uint32_t depth = 0, end = random() % 12; depth < end; ++depth) {
      stack.push_back("f" + std::to_string(random() % (2 + depth * depth * 10)));
    }
  }
  return stacks;
}

class StackTreeConcurrentTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "tree-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  // Interns all stacks, starting at `first`; notes their ids.
  void InternAll(size_t first, std::vector<StackId>* ids) {
    ids->resize(stacks_.size());
    for (size_t i = 0; i < stacks_.size(); ++i) {
      const size_t place = (first + i) % stacks_.size();
      std::vector<FrameId> frames;
      for (const std::string& name : stacks_[place]) frames.push_back(*frames_.Intern(name, ""));
      (*ids)[place] = *tree_.InternStack(frames);
    }
  }

  // Looks at everything, again and again.
  void Read() {
    uint32_t last_size = 1;
    while (!stop_) {
      const StackTreeView view = tree_.view();
      ASSERT_GE(view.size(), last_size);
      last_size = view.size();
      uint64_t name_bytes = 0;
      for (uint32_t id = 1; id < view.size(); ++id) {
        ASSERT_LT(Raw(view.parent(StackId{id})), id);
        name_bytes += frames_.frame(view.frame(StackId{id})).function.size();
      }
      ASSERT_GE(name_bytes, view.size() - 1);
    }
  }

  void Hash() {
    std::mt19937 random(3);
    while (!stop_) {
      const uint32_t size = tree_.size();
      std::vector<uint32_t> ids(100);
      for (uint32_t& id : ids) id = static_cast<uint32_t>(random() % size);
      std::vector<StackHashValue> hashes(ids.size());
      hasher_.Hash(ids, hashes.data());
      for (size_t i = 0; i < ids.size(); ++i) {
        ASSERT_TRUE(hasher_.Hash(StackId{ids[i]}) == hashes[i]);
      }
    }
  }

  absl::Status DeriveBlock(uint32_t number) {
    const StackTreeView view = tree_.view();
    const IndexShape shape{kTreeShift, number, number + 1};
    if (auto status = WriteNodesFile(directory_, kTreeShift, number, view.block(number));
        !status.ok()) {
      return status;
    }
    if (auto status =
            BuildIndex(directory_, shape, [&](uint32_t block) { return view.block(block); });
        !status.ok()) {
      return status;
    }
    auto nodes = DerivedFile::Open(directory_, NodesFileId(kTreeShift, number));
    auto index = DictionaryIndex::Open(directory_, shape);
    if (!nodes.ok() || !index.ok()) return absl::InternalError("can not open");
    DictionaryIndexes indexes = tree_.indexes();
    indexes.push_back(*std::move(index));
    tree_.UseBlock(number, BlockOf(*std::move(nodes), kTreeShift));
    tree_.UseIndexes(std::move(indexes));
    return absl::OkStatus();
  }
  // Goes on until there is no complete block left.
  void Derive() {
    uint32_t derived = 0;
    while (true) {
      const bool last_look = stop_;
      if ((derived + 1) << kTreeShift <= tree_.size()) {
        ASSERT_EQ(DeriveBlock(derived++), absl::OkStatus());
      } else if (last_look) {
        break;
      } else {
        std::this_thread::yield();
      }
    }
    EXPECT_GT(derived, 3u);
  }

  const std::vector<Stack> stacks_ = RandomStacks();
  std::string directory_;
  FrameTable frames_;
  StackTree tree_{kTreeShift, {}, {}};
  StackHasher hasher_{&frames_, &tree_};
  std::atomic<bool> stop_{false};
};

TEST_F(StackTreeConcurrentTest, EveryoneSeesOneTree) {
  std::vector<StackId> ids[2];
  std::vector<std::thread> others;
  others.emplace_back([this] { Read(); });
  others.emplace_back([this] { Hash(); });
  others.emplace_back([this] { Derive(); });
  std::thread second([&] { InternAll(kStacks / 2, &ids[1]); });
  InternAll(0, &ids[0]);
  second.join();
  stop_ = true;
  for (std::thread& thread : others) thread.join();

  EXPECT_EQ(ids[0], ids[1]);
  const StackTreeView view = tree_.view();
  std::map<std::pair<StackId, FrameId>, uint32_t> nodes;
  for (uint32_t id = 1; id < view.size(); ++id) {
    ASSERT_TRUE(
        nodes.emplace(std::pair(view.parent(StackId{id}), view.frame(StackId{id})), id).second)
        << id;
  }
  for (size_t i = 0; i < stacks_.size(); ++i) {
    StackId id = ids[0][i];
    StackHashValue hash = 0;
    for (const std::string& name : stacks_[i]) hash = HashChild(hash, name + '\0');
    EXPECT_TRUE(hasher_.Hash(id) == hash);
    for (size_t depth = stacks_[i].size(); depth-- > 0; id = view.parent(id)) {
      ASSERT_EQ(frames_.frame(view.frame(id)).function, stacks_[i][depth]);
    }
    EXPECT_EQ(id, kRootStack);
  }
}

}  // namespace
}  // namespace flamekeep::storage
