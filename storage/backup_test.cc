#include "storage/backup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/utilities/backup_engine.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/store_directory.h"
#include "storage/store_testing.h"

namespace flamekeep::storage {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;

const absl::Time kStart =
    absl::FromCivil(absl::CivilMinute(2027, 1, 14, 12, 0), absl::UTCTimeZone());

absl::StatusCode CodeOf(const absl::Status& status) { return status.code(); }

class BackupTest : public ::testing::Test {
 protected:
  std::unique_ptr<BackupDirectory> Open(BackupDirectory::Access access) {
    absl::StatusOr<std::unique_ptr<BackupDirectory>> opened =
        BackupDirectory::Open(backups(), access);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return opened.ok() ? *std::move(opened) : nullptr;
  }
  std::unique_ptr<BackupDirectory> Writer() { return Open(BackupDirectory::Access::kWrite); }
  std::unique_ptr<BackupDirectory> Reader() { return Open(BackupDirectory::Access::kRead); }
  BackupInfo Create(TestStore& store) {
    const absl::StatusOr<BackupInfo> made = Writer()->Create(*store, nullptr);
    EXPECT_TRUE(made.ok()) << made.status();
    return made.value_or(BackupInfo{});
  }
  std::string backups() const { return directory_.path() + "/backups"; }
  std::string At(const std::string& name) const { return directory_.path() + "/" + name; }
  // Letters that do not compress to nothing.
  std::string Noise(size_t size) {
    std::string noise(size, ' ');
    for (char& c : noise) {
      state_ = state_ * 1664525 + 1013904223;
      c = static_cast<char>('a' + (state_ >> 28));
    }
    return noise;
  }
  // The largest file of a backup.
  std::string LargestFile() const {
    fs::path largest;
    uintmax_t size = 0;
    for (const auto& entry : fs::recursive_directory_iterator(backups())) {
      if (!entry.is_regular_file() || entry.file_size() < size) continue;
      largest = entry.path();
      size = entry.file_size();
    }
    return largest.string();
  }

  TestDirectory directory_;
  uint32_t state_ = 1;
};

TEST_F(BackupTest, ARestoredStoreAnswersTheSame) {
  TestStore store(At("store"));
  for (int i = 0; i < 200; ++i) {
    store.Append(kStart + absl::Minutes(i), "excimer", absl::StrCat("main;f", i % 50, ";g", i),
                 1 + i);
  }
  ASSERT_TRUE(store->RunMaintenance(/*force=*/true).ok());
  store.Append(kStart, "excimer", "main;late", 7);
  const BackupInfo made = Create(store);
  EXPECT_EQ(made.id, 1u);
  EXPECT_GT(made.bytes, 0u);
  EXPECT_EQ(made.last_flush, store->Status().last_flush);
  EXPECT_EQ(made.fault, "");
  // What comes later is not in it.
  const StackValues before = store.Sum("excimer", kStart, kStart + absl::Hours(4));
  store.Append(kStart, "excimer", "main;later", 9);

  ASSERT_TRUE(Reader()->Verify(1).ok());
  const absl::Status restored = Reader()->Restore(1, At("restored"), nullptr);
  ASSERT_TRUE(restored.ok()) << restored;
  TestStore copy(At("restored"));
  EXPECT_EQ(copy.Sum("excimer", kStart, kStart + absl::Hours(4)), before);
  EXPECT_EQ(copy->Check()->size(), 0u);
  EXPECT_GE(copy->Status().last_flush, made.last_flush);
  // And it goes on.
  copy.Append(kStart, "excimer", "main;again", 3);
  EXPECT_EQ(copy.Sum("excimer", kStart, kStart + absl::Hours(4))["main;again"], 3u);
}

TEST_F(BackupTest, WhatWasAcknowledgedBeforeIsInABackupThatIsMadeBesideWriting) {
  TestStore store(At("store"));
  std::vector<uint64_t> acknowledged_at_start;
  uint64_t written = 0;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20; ++i) store.Append(kStart, "excimer", "main;f", 1), ++written;
    acknowledged_at_start.push_back(written);
    std::thread backup([&] { Create(store); });
    for (int i = 0; i < 20; ++i) store.Append(kStart, "excimer", "main;f", 1), ++written;
    backup.join();
  }
  for (uint32_t id = 1; id <= 3; ++id) {
    const std::string target = At(absl::StrCat("restored", id));
    ASSERT_TRUE(Reader()->Restore(id, target, nullptr).ok());
    TestStore copy(target);
    const uint64_t sum = copy.Sum("excimer", kStart, kStart + absl::Hours(1))["main;f"];
    EXPECT_GE(sum, acknowledged_at_start[id - 1]);
    EXPECT_LE(sum, acknowledged_at_start[id - 1] + 20);
  }
}

TEST_F(BackupTest, AFurtherBackupCostsWhatHasChanged) {
  TestStore store(At("store"));
  for (int i = 0; i < 20; ++i) store.Append(kStart, "excimer", "main;" + Noise(20000), 1);
  ASSERT_TRUE(store->Compact().ok());
  Create(store);
  const uint64_t first = DirectoryBytes(backups());
  store.Append(kStart, "excimer", "main;little", 1);
  Create(store);
  EXPECT_LT(DirectoryBytes(backups()) - first, first / 2);
  EXPECT_EQ(Reader()->List().size(), 2u);
}

TEST_F(BackupTest, PruneKeepsTheNewest) {
  TestStore store(At("store"));
  for (int i = 0; i < 4; ++i) {
    store.Append(kStart, "excimer", "main;f", 1);
    Create(store);
  }
  EXPECT_EQ(CodeOf(Writer()->Prune(0).status()), absl::StatusCode::kInvalidArgument);
  const absl::StatusOr<std::vector<BackupInfo>> gone = Writer()->Prune(2);
  ASSERT_TRUE(gone.ok()) << gone.status();
  ASSERT_EQ(gone->size(), 2u);
  EXPECT_EQ((*gone)[0].id, 1u);
  const std::vector<BackupInfo> left = Reader()->List();
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ(left[0].id, 3u);
  EXPECT_TRUE(Reader()->Verify(4).ok());
  EXPECT_EQ(CodeOf(Reader()->Verify(1)), absl::StatusCode::kNotFound);
}

TEST_F(BackupTest, AWrongByteIsFound) {
  TestStore store(At("store"));
  for (int i = 0; i < 50; ++i) {
    store.Append(kStart, "excimer", "main;" + Noise(1000), 1);
  }
  Create(store);
  const std::string path = LargestFile();
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(100);
    const char byte = static_cast<char>(file.get());
    file.seekp(100);
    file.put(static_cast<char>(byte ^ 1));
  }
  const absl::Status verified = Reader()->Verify(1);
  EXPECT_EQ(CodeOf(verified), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(verified.message()), HasSubstr(fs::path(path).filename().string()));
  // Again, as nothing is left in the way.
  for (int i = 0; i < 2; ++i) {
    const absl::Status restored = Reader()->Restore(1, At("restored"), nullptr);
    EXPECT_EQ(CodeOf(restored), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(restored.message()), HasSubstr("restore another"));
    EXPECT_TRUE(fs::is_empty(At("restored")));
  }

  // A file that is missing shows at once.
  fs::remove(path);
  const std::vector<BackupInfo> list = Reader()->List();
  ASSERT_EQ(list.size(), 1u);
  EXPECT_NE(list[0].fault, "");
  const absl::StatusOr<std::vector<BackupInfo>> gone = Writer()->Prune(1);
  ASSERT_TRUE(gone.ok()) << gone.status();
  EXPECT_EQ(gone->size(), 1u);
  EXPECT_TRUE(Reader()->List().empty());
}

TEST_F(BackupTest, DirectoriesThatAreSomethingElseAreLeftAlone) {
  TestStore store(At("store"));
  store.Append(kStart, "excimer", "main;f", 1);
  EXPECT_EQ(CodeOf(BackupDirectory::Open(At("store"), BackupDirectory::Access::kWrite).status()),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(CodeOf(BackupDirectory::Open(At("nowhere"), BackupDirectory::Access::kRead).status()),
            absl::StatusCode::kNotFound);
  Create(store);
  EXPECT_EQ(CodeOf(Reader()->Restore(1, At("store"), nullptr)),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(CodeOf(Reader()->Restore(2, At("restored"), nullptr)), absl::StatusCode::kNotFound);
}

TEST_F(BackupTest, OneWriterAtATime) {
  const std::unique_ptr<BackupDirectory> writer = Writer();
  EXPECT_EQ(CodeOf(BackupDirectory::Open(backups(), BackupDirectory::Access::kWrite).status()),
            absl::StatusCode::kAborted);
  EXPECT_EQ(CodeOf(BackupDirectory::Open(backups(), BackupDirectory::Access::kRead).status()),
            absl::StatusCode::kAborted);
}

TEST_F(BackupTest, ABackupThatIsStoppedIsNone) {
  TestStore store(At("store"));
  // More than the engine copies before it asks.
  for (int i = 0; i < 600; ++i) {
    const Sample sample = store.MakeSample(kStart, "excimer", "main;" + Noise(20000), 1);
    ASSERT_TRUE(store
                    ->Append({.source = *store->InternSource({.site = "eqiad", .name = "x"}),
                              .samples = {sample}})
                    .ok());
  }
  ASSERT_TRUE(store->Flush().ok());
  const absl::StatusOr<BackupInfo> made = Writer()->Create(*store, [](uint64_t) { return false; });
  EXPECT_EQ(CodeOf(made.status()), absl::StatusCode::kCancelled) << made.status();
  EXPECT_TRUE(Reader()->List().empty());
  EXPECT_EQ(Create(store).fault, "");
}

TEST_F(BackupTest, AnotherFormatIsRefused) {
  TestStore store(At("store"));
  store.Close();
  EditDatabase(At("store"), [&](const Database& database) {
    rocksdb::BackupEngine* engine = nullptr;
    ASSERT_TRUE(rocksdb::BackupEngine::Open(rocksdb::BackupEngineOptions(backups()),
                                            rocksdb::Env::Default(), &engine)
                    .ok());
    const std::unique_ptr<rocksdb::BackupEngine> owned(engine);
    ASSERT_TRUE(engine->CreateNewBackupWithMetadata(database.db(), "format 999 flush 1").ok());
    ASSERT_TRUE(engine->CreateNewBackupWithMetadata(database.db(), "something").ok());
  });
  const absl::Status newer = Reader()->Restore(1, At("restored"), nullptr);
  EXPECT_EQ(CodeOf(newer), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(newer.message()), HasSubstr("\"999\""));
  EXPECT_NE(Reader()->List()[1].fault, "");
  EXPECT_EQ(CodeOf(Reader()->Restore(2, At("restored"), nullptr)),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(CodeOf(Writer()->Prune(1).status()), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Reader()->List().size(), 2u);
}

}  // namespace
}  // namespace flamekeep::storage
