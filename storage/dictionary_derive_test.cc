// Derived files: when they come and go, what a crash or damage does to them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/write_batch.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "storage/dictionary.h"
#include "storage/dictionary_oracle.h"
#include "storage/format.h"
#include "storage/stack_hash.h"

namespace flamekeep::storage {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

constexpr uint32_t kNodes = 1u << kSmallBlockShift;

class DictionaryDeriveTest : public DictionaryTest {
 protected:
  // Fills whole blocks and a bit, in small commits.
  void Fill(uint32_t blocks) {
    while (oracle_.size() < blocks * kNodes + 10) {
      for (int i = 0; i < 3; ++i) ASSERT_NO_FATAL_FAILURE(InternOne(stacks_));
      ASSERT_EQ(store_.Commit(), absl::OkStatus());
    }
  }
  void FillAndDerive(uint32_t blocks) {
    ASSERT_NO_FATAL_FAILURE(Fill(blocks));
    ASSERT_EQ(store_.DeriveAll(), absl::OkStatus());
  }
  std::string Path(const std::string& name) const {
    return store_.derived_directory() + "/" + name;
  }
  void FlipByte(const std::string& name, int64_t offset) const {
    std::fstream file(Path(name), std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(offset);
    const int byte = file.get();
    file.seekp(offset);
    file.put(static_cast<char>(byte ^ 4));
  }
  // Everything is there, is found again, and is in order.
  void ExpectIntact() {
    ASSERT_NO_FATAL_FAILURE(oracle_.ExpectEqual(dictionary()));
    const StackTreeView tree = dictionary().tree();
    for (uint32_t id = 1; id < tree.size(); ++id) {
      ASSERT_EQ(*dictionary().InternChild(tree.parent(StackId{id}), tree.frame(StackId{id})),
                StackId{id});
    }
    EXPECT_THAT(dictionary().Check(), IsEmpty());
  }

  StackGenerator stacks_{42};
};

TEST_F(DictionaryDeriveTest, OnlyCompleteCommittedBlocksAreDerived) {
  ASSERT_NO_FATAL_FAILURE(InternUpTo(kNodes + 1, stacks_));
  EXPECT_FALSE(dictionary().NeedsDerivation());
  ASSERT_EQ(store_.Commit(), absl::OkStatus());
  EXPECT_TRUE(dictionary().NeedsDerivation());
  ASSERT_EQ(store_.DeriveOnce(), absl::OkStatus());
  EXPECT_FALSE(dictionary().NeedsDerivation());
  EXPECT_THAT(store_.DerivedFiles(),
              ElementsAre("index-00000000-00000001.fki", "nodes-00000000.fkn"));
  EXPECT_EQ(dictionary().stats().derived_stacks, kNodes);
  ExpectIntact();
}

TEST_F(DictionaryDeriveTest, FourIndexesOfOneSizeBecomeOne) {
  ASSERT_NO_FATAL_FAILURE(FillAndDerive(22));
  std::vector<std::string> indexes;
  for (const std::string& name : store_.DerivedFiles()) {
    if (name.starts_with("index-")) indexes.push_back(name);
  }
  EXPECT_THAT(indexes, ElementsAre("index-00000000-00000016.fki", "index-00000016-00000020.fki",
                                   "index-00000020-00000021.fki", "index-00000021-00000022.fki"));
  ExpectIntact();
  ASSERT_EQ(store_.Open(), absl::OkStatus());
  EXPECT_EQ(dictionary().stats().derived_stacks, 22 * kNodes);
  ExpectIntact();
}

TEST_F(DictionaryDeriveTest, SmallRunsArePackedIntoLargeOnes) {
  ASSERT_NO_FATAL_FAILURE(Fill(3));
  const size_t runs_before = store_.RunKeys(RunTag::kStacks).size();
  ASSERT_EQ(store_.DeriveAll(), absl::OkStatus());
  const std::vector<std::string> keys = store_.RunKeys(RunTag::kStacks);
  EXPECT_LT(keys.size(), runs_before / 2);
  EXPECT_THAT(keys, Contains(RunKey(RunTag::kStacks, 1)));
  EXPECT_THAT(keys, Contains(RunKey(RunTag::kStacks, kNodes)));
  EXPECT_THAT(keys, Contains(RunKey(RunTag::kStacks, 2 * kNodes)));
  EXPECT_EQ(*std::upper_bound(keys.begin(), keys.end(), RunKey(RunTag::kStacks, kNodes)),
            RunKey(RunTag::kStacks, 2 * kNodes));
  ExpectIntact();
}

TEST_F(DictionaryDeriveTest, FrameRunsArePackedOnceTheirGroupIsFull) {
  for (int i = 1; i < 10'000; ++i) {
    const std::string name = "f" + std::to_string(i);
    ASSERT_EQ(*dictionary().InternFrame(name), oracle_.InternFrame(name, ""));
    if (i % 50 == 0) {
      ASSERT_EQ(store_.Commit(), absl::OkStatus());
    }
  }
  ASSERT_NO_FATAL_FAILURE(FillAndDerive(1));
  std::vector<std::string> keys = store_.RunKeys(RunTag::kFrames);
  ASSERT_GT(keys.size(), 10u);
  EXPECT_EQ(keys[0], RunKey(RunTag::kFrames, 1));
  EXPECT_EQ(keys[1], RunKey(RunTag::kFrames, 4096));
  EXPECT_EQ(keys[2], RunKey(RunTag::kFrames, 8192));
  // What is packed stays as it is.
  ASSERT_EQ(store_.Open(), absl::OkStatus());
  ASSERT_NO_FATAL_FAILURE(FillAndDerive(2));
  EXPECT_EQ(store_.RunKeys(RunTag::kFrames)[2], RunKey(RunTag::kFrames, 8192));
  ExpectIntact();
}

TEST_F(DictionaryDeriveTest, AFileThatWasNotCommittedIsDeletedAtOpen) {
  ASSERT_NO_FATAL_FAILURE(Fill(1));
  rocksdb::WriteBatch lost;
  ASSERT_EQ(dictionary().DeriveNext(&lost), absl::OkStatus());
  EXPECT_EQ(store_.DerivedFiles().size(), 2u);
  std::ofstream(Path("nodes-00000007.fkn.tmp")) << "cut short";
  std::ofstream(Path("README")) << "not ours";
  ASSERT_EQ(store_.Open(), absl::OkStatus());
  EXPECT_THAT(store_.DerivedFiles(), ElementsAre("README"));
  ExpectIntact();
  ASSERT_EQ(store_.DeriveAll(), absl::OkStatus());
  ExpectIntact();
}

TEST_F(DictionaryDeriveTest, ADerivationThatFailedIsDoneAgain) {
  ASSERT_NO_FATAL_FAILURE(Fill(1));
  rocksdb::WriteBatch lost;
  ASSERT_EQ(dictionary().DeriveNext(&lost), absl::OkStatus());
  EXPECT_TRUE(dictionary().NeedsDerivation());
  ASSERT_EQ(store_.DeriveAll(), absl::OkStatus());
  EXPECT_EQ(dictionary().stats().derived_stacks, kNodes);
  ExpectIntact();
}

TEST_F(DictionaryDeriveTest, ACommitThatWasNotHeardOfCounts) {
  ASSERT_NO_FATAL_FAILURE(Fill(1));
  rocksdb::WriteBatch batch;
  ASSERT_EQ(dictionary().DeriveNext(&batch), absl::OkStatus());
  ASSERT_EQ(store_.Write(&batch), absl::OkStatus());
  ASSERT_EQ(store_.Open(), absl::OkStatus());
  EXPECT_EQ(dictionary().stats().derived_stacks, kNodes);
  ExpectIntact();
}

TEST_F(DictionaryDeriveTest, AMergeThatWasNotCommittedLeavesTheOldIndexes) {
  ASSERT_NO_FATAL_FAILURE(Fill(4));
  for (int i = 0; i < 4; ++i) ASSERT_EQ(store_.DeriveOnce(), absl::OkStatus());
  rocksdb::WriteBatch lost;
  ASSERT_EQ(dictionary().DeriveNext(&lost), absl::OkStatus());
  EXPECT_THAT(store_.DerivedFiles(), Contains("index-00000000-00000004.fki"));
  ASSERT_EQ(store_.Open(), absl::OkStatus());
  EXPECT_THAT(store_.DerivedFiles(), Not(Contains("index-00000000-00000004.fki")));
  ExpectIntact();
  ASSERT_EQ(store_.DeriveAll(), absl::OkStatus());
  EXPECT_THAT(store_.DerivedFiles(), Contains("index-00000000-00000004.fki"));
  ExpectIntact();
}

TEST_F(DictionaryDeriveTest, MissingAndDamagedFilesAreWrittenAgainAtOpen) {
  ASSERT_NO_FATAL_FAILURE(FillAndDerive(6));
  const std::vector<std::string> names = store_.DerivedFiles();
  for (const std::string& name : names) {
    fs::remove(Path(name));
    ASSERT_EQ(store_.Open(), absl::OkStatus()) << name;
    EXPECT_EQ(store_.DerivedFiles(), names);
    ASSERT_NO_FATAL_FAILURE(ExpectIntact());

    FlipByte(name, 20);
    ASSERT_EQ(store_.Open(), absl::OkStatus()) << name;
    ASSERT_NO_FATAL_FAILURE(ExpectIntact());

    fs::resize_file(Path(name), 100);
    ASSERT_EQ(store_.Open(), absl::OkStatus()) << name;
    ASSERT_NO_FATAL_FAILURE(ExpectIntact());
  }
  store_.Close();
  fs::remove_all(store_.derived_directory());
  ASSERT_EQ(store_.Open(), absl::OkStatus());
  EXPECT_EQ(store_.DerivedFiles(), names);
  ExpectIntact();
}

TEST_F(DictionaryDeriveTest, AnIndexIsNotRebuiltFromDamagedNodes) {
  ASSERT_NO_FATAL_FAILURE(FillAndDerive(4));
  FlipByte("nodes-00000002.fkn", 1000);
  fs::remove(Path("index-00000000-00000004.fki"));
  ASSERT_EQ(store_.Open(), absl::OkStatus());
  ExpectIntact();
}

TEST_F(DictionaryDeriveTest, ScrubbingFindsAFlippedByteAndDerivationRepairsIt) {
  ASSERT_NO_FATAL_FAILURE(FillAndDerive(6));
  const std::vector<std::string> names = store_.DerivedFiles();
  for (const std::string& name : names) {
    FlipByte(name, 2000);
    EXPECT_THAT(dictionary().Check(), Contains(HasSubstr(name)));
    std::set<std::string> found;
    for (size_t i = 0; i < names.size(); ++i) {
      const absl::Status status = dictionary().ScrubNext();
      if (!status.ok()) found.insert(std::string(status.message()));
    }
    EXPECT_THAT(found, UnorderedElementsAre(HasSubstr(name)));
    EXPECT_TRUE(dictionary().NeedsDerivation());
    ASSERT_EQ(store_.DeriveAll(), absl::OkStatus());
    ASSERT_NO_FATAL_FAILURE(ExpectIntact());
    for (size_t i = 0; i < names.size(); ++i) EXPECT_EQ(dictionary().ScrubNext(), absl::OkStatus());
  }
}

TEST_F(DictionaryDeriveTest, AFrameThatDoesNotExistInADamagedFileIsTheRootsFrame) {
  ASSERT_NO_FATAL_FAILURE(FillAndDerive(1));
  constexpr StackId kDamaged{7};
  // The highest byte of its frame.
  FlipByte("nodes-00000000.fkn",
           sizeof(DerivedHeader) + (kNodes + Raw(kDamaged)) * sizeof(uint32_t) + 3);
  ASSERT_EQ(store_.Open(), absl::OkStatus());
  const FrameId frame = dictionary().tree().frame(kDamaged);
  ASSERT_GE(Raw(frame), dictionary().frame_count());
  EXPECT_EQ(dictionary().frame(frame).function, "");
  const StackId parent = dictionary().tree().parent(kDamaged);
  EXPECT_TRUE(dictionary().StackHash(kDamaged) ==
              HashChild(dictionary().StackHash(parent), std::string_view("\0", 1)));
  EXPECT_THAT(dictionary().Check(), Contains(HasSubstr("nodes-00000000.fkn")));
}

TEST_F(DictionaryDeriveTest, AMergeRepairsWhatItReads) {
  ASSERT_NO_FATAL_FAILURE(Fill(4));
  for (int i = 0; i < 4; ++i) ASSERT_EQ(store_.DeriveOnce(), absl::OkStatus());
  FlipByte("index-00000001-00000002.fki", 3000);
  FlipByte("nodes-00000001.fkn", 3000);
  ASSERT_EQ(store_.DeriveAll(), absl::OkStatus());
  EXPECT_THAT(store_.DerivedFiles(), Contains("index-00000000-00000004.fki"));
  ExpectIntact();
}

TEST_F(DictionaryDeriveTest, AViewKeepsWhatItLooksAt) {
  ASSERT_NO_FATAL_FAILURE(Fill(5));
  const StackTreeView young = dictionary().tree();
  ASSERT_EQ(store_.DeriveAll(), absl::OkStatus());
  const StackTreeView mapped = dictionary().tree();
  store_.Close();
  fs::remove_all(store_.derived_directory());
  ASSERT_EQ(young.size(), mapped.size());
  for (uint32_t id = 0; id < young.size(); ++id) {
    ASSERT_EQ(young.parent(StackId{id}), mapped.parent(StackId{id}));
    ASSERT_EQ(young.frame(StackId{id}), mapped.frame(StackId{id}));
  }
}

TEST_F(DictionaryDeriveTest, AMissingRunIsNamed) {
  ASSERT_NO_FATAL_FAILURE(FillAndDerive(2));
  const auto erase = [&](RunTag tag, size_t place) {
    store_.db()->Delete({}, store_.family(), store_.RunKeys(tag)[place]);
  };
  erase(RunTag::kStacks, 0);
  EXPECT_THAT(dictionary().Check(), ElementsAre(HasSubstr("the stack run at 1 is missing")));
  // Its block has a derived file, so nobody misses it yet.
  ASSERT_EQ(store_.Open(), absl::OkStatus());
  fs::remove(Path("nodes-00000000.fkn"));
  absl::Status status = store_.Open();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("the stack run at 1 is missing"));

  erase(RunTag::kFrames, 1);
  status = store_.Open();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("the frame run at "));
}

TEST_F(DictionaryDeriveTest, AWrongRunIsNamed) {
  ASSERT_NO_FATAL_FAILURE(FillAndDerive(2));
  const std::string key = RunKey(RunTag::kStacks, kNodes);
  std::string run;
  store_.db()->Get({}, store_.family(), key, &run);
  store_.db()->Put({}, store_.family(), key, run.substr(1));
  EXPECT_THAT(dictionary().Check(), ElementsAre(HasSubstr("the stack run at 1024")));
  run.back() = static_cast<char>(run.back() ^ 1);
  store_.db()->Put({}, store_.family(), key, run);
  EXPECT_THAT(dictionary().Check(), ElementsAre(HasSubstr("the stack run at 1024")));

  const std::string last = store_.RunKeys(RunTag::kStacks).back();
  store_.db()->Put({}, store_.family(), last, "\1\1\1");
  EXPECT_EQ(store_.Open().code(), absl::StatusCode::kDataLoss);
}

TEST_F(DictionaryDeriveTest, AStackWithoutItsFrameIsDataLoss) {
  store_.db()->Put({}, store_.family(), RunKey(RunTag::kStacks, 1), EncodeStackRun(1, {0}, {9}));
  const absl::Status status = store_.Open();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("the stack run at 1"));
}

TEST_F(DictionaryDeriveTest, ReadingOnlyChangesNothing) {
  ASSERT_NO_FATAL_FAILURE(FillAndDerive(6));
  fs::remove(Path("nodes-00000001.fkn"));
  FlipByte("index-00000004-00000005.fki", 10);
  std::ofstream(Path("nodes-00000009.fkn")) << "not named";
  const std::vector<std::string> names = store_.DerivedFiles();
  store_.options().read_only = true;
  ASSERT_EQ(store_.Open(), absl::OkStatus());
  EXPECT_EQ(store_.DerivedFiles(), names);
  ASSERT_NO_FATAL_FAILURE(oracle_.ExpectEqual(dictionary()));
  EXPECT_THAT(dictionary().Check(), UnorderedElementsAre(HasSubstr("nodes-00000001.fkn"),
                                                         HasSubstr("index-00000004-00000005.fki")));
  EXPECT_FALSE(dictionary().NeedsDerivation());
  EXPECT_EQ(dictionary().InternFrame("new").status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace flamekeep::storage
