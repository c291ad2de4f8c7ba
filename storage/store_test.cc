#include "storage/store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "storage/database.h"
#include "storage/snapshot.h"
#include "storage/store_testing.h"

namespace flamekeep::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr uint32_t kSmallBlockShift = 10;

absl::Time At(int year, int month, int day, int hour = 0, int minute = 0) {
  return absl::FromCivil(absl::CivilMinute(year, month, day, hour, minute), absl::UTCTimeZone());
}

// Gives out the ids of one small block and derives its files.
void FillDictionaryBlock(TestStore* store) {
  Batch batch;
  batch.source = *(*store)->InternSource({SourceKind::kPubSub, "eqiad", "test", "node", 0});
  for (uint32_t i = 0; i < 1u << kSmallBlockShift; ++i) {
    batch.samples.push_back(
        store->MakeSample(At(2026, 11, 20), "excimer", fmt::format("main;f{}", i), 1));
  }
  ASSERT_TRUE((*store)->Append(batch).ok());
  ASSERT_TRUE((*store)->Flush().ok());
  ASSERT_TRUE((*store)->RunMaintenance().ok());
  ASSERT_EQ((*store)->Status().dictionary.derived_stacks, 1u << kSmallBlockShift);
}

// The content of every file below `directory`, by path.
std::map<std::string, std::string> Files(const std::string& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    files[entry.path()].assign(std::istreambuf_iterator<char>(file), {});
  }
  return files;
}

TEST(StoreTest, KeepsWhatWasAppended) {
  TestDirectory directory;
  TestStore store(directory.path());
  store.Append(At(2026, 11, 20, 13, 5), "excimer", "main;run;load", 3);
  store.Append(At(2026, 11, 20, 13, 6), "excimer", "main;run", 2);
  EXPECT_EQ(store.Sum("excimer", At(2026, 11, 20, 13, 5), At(2026, 11, 20, 13, 6)),
            (StackValues{{"main;run;load", 3}}));
  EXPECT_EQ(store.Sum("excimer", At(2026, 11, 20), At(2026, 11, 21)),
            (StackValues{{"main;run", 2}, {"main;run;load", 3}}));
  store.Reopen();
  EXPECT_EQ(store.Sum("excimer", At(2026, 1, 1), At(2027, 1, 1)),
            (StackValues{{"main;run", 2}, {"main;run;load", 3}}));
  EXPECT_THAT(*store->Check(), IsEmpty());
}

TEST(StoreTest, RollupChangesNoAnswer) {
  TestDirectory directory;
  TestStore store(directory.path());
  for (int day = 1; day <= 28; ++day) {
    store.Append(At(2026, 2, day, 23, 59), "excimer", "a;b", 1);
    store.Append(At(2026, 2, day, 0, 0), "excimer", "a;c", 2);
  }
  const StackValues before = store.Sum("excimer", At(2026, 2, 1), At(2026, 3, 1));
  ASSERT_TRUE(store->RunMaintenance(/*force=*/true).ok());
  const StoreStatus status = store->Status();
  for (const LevelStatus& level : status.levels) {
    EXPECT_EQ(level.stale, 0) << LevelName(level.level);
  }
  EXPECT_EQ(store.Sum("excimer", At(2026, 2, 1), At(2026, 3, 1)), before);
  EXPECT_EQ(before, (StackValues{{"a;b", 28}, {"a;c", 56}}));
  // A late sample shows at once, before the month is rolled up again.
  store.Append(At(2026, 2, 3, 12, 0), "excimer", "a;c", 5);
  EXPECT_EQ(store.Sum("excimer", At(2026, 2, 1), At(2026, 3, 1)),
            (StackValues{{"a;b", 28}, {"a;c", 61}}));
  EXPECT_THAT(*store->Check(), IsEmpty());
}

TEST(StoreTest, WidensToTheResolutionOfDirectData) {
  TestDirectory directory;
  TestStore store(directory.path());
  store.Append(At(2026, 11, 20, 13, 5), "excimer", "live", 1);
  store.Append(At(2026, 11, 20, 13, 0), "excimer", "log", 7, Level::kHour);
  Plan plan;
  EXPECT_EQ(store.Sum("excimer", At(2026, 11, 20, 13, 30), At(2026, 11, 20, 14, 30), &plan),
            (StackValues{{"live", 1}, {"log", 7}}));
  EXPECT_TRUE(plan.widened);
  EXPECT_EQ(TimeOf(plan.covered.begin), At(2026, 11, 20, 13, 0));
  EXPECT_EQ(TimeOf(plan.covered.end), At(2026, 11, 20, 14, 30));
}

TEST(StoreTest, CountsANumberedBatchOnce) {
  TestDirectory directory;
  TestStore store(directory.path());
  const SourceId source = *store->InternSource({SourceKind::kPush, "eqiad", "client", "", 1});
  const auto batch = [&](uint64_t number) {
    Batch made;
    made.source = source;
    made.samples = {store.MakeSample(At(2026, 11, 20), "excimer", "a", 1)};
    made.position = Position{number, "cursor " + std::to_string(number)};
    return made;
  };
  ASSERT_TRUE(store->Append(batch(1)).ok());
  ASSERT_TRUE(store->Append(batch(2)).ok());
  ASSERT_TRUE(store->Append(batch(2)).ok());
  EXPECT_THAT(store->Append(batch(4)).status().ToString(), HasSubstr("send 3 next"));
  ASSERT_TRUE(store->Flush().ok());
  store.Reopen();
  EXPECT_EQ(store->AcceptedPosition(source), (Position{2, "cursor 2"}));
  ASSERT_TRUE(store->Append(batch(2)).ok());
  EXPECT_EQ(store.Sum("excimer", At(2026, 11, 20), At(2026, 11, 21)), (StackValues{{"a", 2}}));
}

TEST(StoreTest, ReplacesAndSubtractsFinerContent) {
  TestDirectory directory;
  TestStore store(directory.path());
  const absl::Time hour = At(2026, 11, 20, 13);
  const absl::Time day = At(2026, 11, 20);
  store.Replace(Level::kHour, hour, {{"a", 2}, {"b", 1}}, 1);
  store.Replace(Level::kHour, hour, {{"a", 3}, {"c", 1}}, 2);
  EXPECT_EQ(store.Sum("excimer", hour, hour + absl::Hours(1)), (StackValues{{"a", 3}, {"c", 1}}));
  store.Replace(Level::kDay, day, {{"a", 10}, {"c", 1}, {"d", 4}}, 1, /*subtract_finer=*/true);
  EXPECT_EQ(store.Sum("excimer", day, day + absl::Hours(24)),
            (StackValues{{"a", 10}, {"c", 1}, {"d", 4}}));
  ASSERT_TRUE(store->RunMaintenance(true).ok());
  EXPECT_EQ(store.Sum("excimer", day, day + absl::Hours(24)),
            (StackValues{{"a", 10}, {"c", 1}, {"d", 4}}));
  EXPECT_THAT(*store->Check(), IsEmpty());
}

TEST(StoreTest, RefusesADayThatDoesNotHoldItsHours) {
  TestDirectory directory;
  TestStore store(directory.path());
  const absl::Time day = At(2026, 11, 20);
  store.Replace(Level::kHour, At(2026, 11, 20, 13), {{"a;b", 2}, {"c", 1}}, 1);
  const StackValues renamed = {{"a;z", 5}, {"c", 1}};
  const absl::Status status =
      store.TryReplace(Level::kDay, day, renamed, 1, /*subtract_finer=*/true);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.ToString(), HasSubstr("imported under other rules"));
  EXPECT_EQ(store.Sum("excimer", day, day + absl::Hours(24)), (StackValues{{"a;b", 2}, {"c", 1}}));
  store.Replace(Level::kHour, At(2026, 11, 20, 13), {{"a;z", 2}, {"c", 1}}, 2);
  store.Replace(Level::kDay, day, renamed, 1, /*subtract_finer=*/true);
  EXPECT_EQ(store.Sum("excimer", day, day + absl::Hours(24)), renamed);
}

TEST(StoreTest, ExpiredLevelsKeepTheirSums) {
  TestDirectory directory;
  TestClock clock(At(2026, 11, 20));
  StoreOptions options = TestOptions(directory.path(), &clock);
  options.retention.keep[0] = absl::Hours(24 * 7);
  options.retention.keep[1] = absl::Hours(24 * 30);
  TestStore store(std::move(options));
  store.Append(At(2026, 11, 19, 3, 4), "excimer", "a", 1);
  clock.Set(At(2026, 12, 24));
  ASSERT_TRUE(store->RunMaintenance(true).ok());
  Plan plan;
  EXPECT_EQ(store.Sum("excimer", At(2026, 11, 19, 3, 4), At(2026, 11, 19, 3, 5), &plan),
            (StackValues{{"a", 1}}));
  EXPECT_EQ(TimeOf(plan.covered.begin), At(2026, 11, 19));
  EXPECT_EQ(TimeOf(plan.covered.end), At(2026, 11, 20));
  // A late sample goes to the finest level that is left.
  store.Append(At(2026, 11, 19, 3, 4), "excimer", "b", 2);
  EXPECT_EQ(store.Sum("excimer", At(2026, 11, 19, 3, 4), At(2026, 11, 19, 3, 5)),
            (StackValues{{"a", 1}, {"b", 2}}));
  EXPECT_THAT(*store->Check(), IsEmpty());
}

TEST(StoreTest, AnOpenSnapshotKeepsWhatExpires) {
  TestDirectory directory;
  TestClock clock(At(2026, 11, 20));
  StoreOptions options = TestOptions(directory.path(), &clock);
  options.retention.keep[0] = absl::Hours(24 * 7);
  TestStore store(std::move(options));
  for (int minute = 0; minute < 60; ++minute) {
    store.Append(At(2026, 11, 18, 3, minute), "excimer", fmt::format("a;{}", minute), 1);
  }
  ASSERT_TRUE(store->Compact().ok());
  std::unique_ptr<Snapshot> snapshot = *store->NewSnapshot();
  const absl::StatusOr<Plan> plan =
      snapshot->MakePlan(At(2026, 11, 18, 3, 7), At(2026, 11, 18, 3, 9), {store.Series("excimer")});
  ASSERT_TRUE(plan.ok()) << plan.status();
  const auto columns = [&] {
    int count = 0;
    const auto visit = [&](std::unique_ptr<ColumnHandle>) {
      ++count;
      return absl::OkStatus();
    };
    EXPECT_TRUE(snapshot->Read(*plan, visit, [] { return absl::OkStatus(); }).ok());
    return count;
  };
  EXPECT_EQ(columns(), 2);
  const auto minute_bytes = [&] { return store->Status().levels[0].bytes; };
  EXPECT_GT(minute_bytes(), 0u);

  clock.Set(At(2026, 12, 24));
  ASSERT_TRUE(store->RunMaintenance(true).ok());
  EXPECT_EQ(columns(), 2);
  snapshot.reset();
  ASSERT_TRUE(store->RunMaintenance(true).ok());
  EXPECT_EQ(minute_bytes(), 0u);
  EXPECT_EQ(store.Sum("excimer", At(2026, 11, 18), At(2026, 11, 19)).size(), 60u);
}

// A bucket that can not be rolled up stays stale, and all others are rolled up and expire.
TEST(StoreTest, OneBadBucketDoesNotStopMaintenance) {
  TestDirectory directory;
  TestClock clock(At(2026, 11, 20));
  StoreOptions options = TestOptions(directory.path(), &clock);
  options.dictionary.block_shift = kSmallBlockShift;
  options.retention.keep[0] = absl::Hours(24 * 7);
  TestStore store(options);
  store.Append(At(2026, 11, 17, 3, 4), "excimer", "a", 1);
  store.Append(At(2026, 11, 18, 3, 4), "excimer", "a", 1);
  store.Append(At(2026, 11, 19, 3, 4), "excimer", "a", 1);
  store.Append(At(2026, 11, 17, 3, 4), "excimer", "a", 1, Level::kMinute, "codfw");
  store.Close();
  EditDatabase(directory.path(), [](const Database& database) {
    OverwriteColumn(database, Level::kMinute, At(2026, 11, 18, 3, 4), "garbage");
  });
  store.Reopen();
  clock.Set(At(2026, 12, 24));
  for (int run = 0; run < 2; ++run) {
    EXPECT_EQ(store->RunMaintenance(true).code(), absl::StatusCode::kDataLoss);
    const StoreStatus status = store->Status();
    EXPECT_EQ(status.levels[static_cast<size_t>(Level::kHour)].stale, 1);
    EXPECT_EQ(status.levels[static_cast<size_t>(Level::kDay)].stale, 1);
  }
  Plan plan;
  // The floors: at one site before the bad bucket, at the other where retention has it.
  EXPECT_EQ(store.Sum("excimer", At(2026, 11, 17, 3, 4), At(2026, 11, 17, 3, 5), &plan),
            (StackValues{{"a", 1}}));
  EXPECT_EQ(TimeOf(plan.covered.begin), At(2026, 11, 17, 3));
  EXPECT_EQ(store.Sum("excimer", At(2026, 11, 19, 3, 4), At(2026, 11, 19, 3, 5), &plan),
            (StackValues{{"a", 1}}));
  EXPECT_EQ(TimeOf(plan.covered.begin), At(2026, 11, 19, 3, 4));
  store.Sum("excimer", At(2026, 12, 1, 3, 4), At(2026, 12, 1, 3, 5), &plan, {"codfw"});
  EXPECT_EQ(TimeOf(plan.covered.begin), At(2026, 12, 1, 3));
}

TEST(StoreTest, SaturatesAndSaysSo) {
  TestDirectory directory;
  TestStore store(directory.path());
  store.Append(At(2026, 11, 20), "excimer", "a", UINT64_MAX);
  store.Append(At(2026, 11, 20), "excimer", "a", 5);
  EXPECT_EQ(store.Sum("excimer", At(2026, 11, 20), At(2026, 11, 21)),
            (StackValues{{"a", UINT64_MAX}}));
  store.Reopen();
  EXPECT_EQ(store.Sum("excimer", At(2026, 11, 20), At(2026, 11, 21)),
            (StackValues{{"a", UINT64_MAX}}));
}

TEST(StoreOpenTest, RefusesASecondProcess) {
  TestDirectory directory;
  TestStore store(directory.path());
  const absl::Status status = Store::Open(TestOptions(directory.path())).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.ToString(), HasSubstr("in use by another process"));
}

TEST(StoreOpenTest, RefusesAnUnknownFormat) {
  TestDirectory directory;
  {
    TestStore store(directory.path());
  }
  std::ofstream(directory.path() + "/FORMAT") << "flamekeep store 99\n";
  const absl::Status status = Store::Open(TestOptions(directory.path())).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.ToString(), HasSubstr("has format \"99\""));
  std::ofstream(directory.path() + "/FORMAT") << "garbage";
  EXPECT_EQ(Store::Open(TestOptions(directory.path())).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(StoreOpenTest, RefusesADirectoryOfSomethingElse) {
  TestDirectory directory;
  std::ofstream(directory.path() + "/notes.txt") << "mine";
  EXPECT_THAT(Store::Open(TestOptions(directory.path())).status().ToString(),
              HasSubstr("holds other files (\"notes.txt\")"));
}

TEST(StoreOpenTest, NamesACorruptStore) {
  TestDirectory directory;
  {
    TestStore store(directory.path());
    store.Append(At(2026, 11, 20), "excimer", "a", 1);
  }
  for (const auto& entry : std::filesystem::directory_iterator(directory.path() + "/rocksdb")) {
    if (entry.path().filename().string().starts_with("MANIFEST")) {
      std::filesystem::resize_file(entry.path(), 10);
    }
  }
  const absl::Status status = Store::Open(TestOptions(directory.path())).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(status.ToString(), HasSubstr(directory.path()));
}

TEST(StoreOpenTest, ReadsOnlyWhereToldSo) {
  TestDirectory directory;
  StoreOptions options = TestOptions(directory.path());
  options.dictionary.block_shift = kSmallBlockShift;
  {
    TestStore store(options);
    FillDictionaryBlock(&store);
  }
  std::filesystem::remove(directory.path() + "/derived/nodes-00000000.fkn");
  const std::map<std::string, std::string> before = Files(directory.path());
  options.read_only = true;
  {
    TestStore store(options);
    EXPECT_THAT(*store->Check(), ElementsAre(HasSubstr("nodes-00000000.fkn")));
    EXPECT_EQ(store->Status().series, 1);
    EXPECT_EQ(store->Sites(), std::vector<std::string>{"eqiad"});
    EXPECT_EQ(store->Sources().size(), 2);
    EXPECT_EQ(store->dictionary().InternFrame("new").status().code(),
              absl::StatusCode::kFailedPrecondition);
  }
  EXPECT_EQ(Files(directory.path()), before);
}

TEST(StoreTest, MaintenanceRepairsADamagedDictionaryFile) {
  TestDirectory directory;
  StoreOptions options = TestOptions(directory.path());
  options.dictionary.block_shift = kSmallBlockShift;
  TestStore store(options);
  ASSERT_NO_FATAL_FAILURE(FillDictionaryBlock(&store));
  const std::string derived = directory.path() + "/derived";
  const std::map<std::string, std::string> sound = Files(derived);
  for (const auto& [path, content] : sound) {
    {
      std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(1000);
      file.put(static_cast<char>(~content[1000]));
    }
    ASSERT_NE(Files(derived), sound);
    for (size_t i = 0; i < sound.size(); ++i) ASSERT_TRUE(store->RunMaintenance().ok());
    EXPECT_EQ(Files(derived), sound);
  }
  EXPECT_THAT(*store->Check(), IsEmpty());
}

TEST(StoreTest, RefusesBadNamesAndRanges) {
  TestDirectory directory;
  TestStore store(directory.path());
  EXPECT_EQ(store->InternSite("no spaces").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(store->InternSeries({"eqiad", "excimer:samples:count::", {{"b", "1"}, {"a", "2"}}})
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
  const auto snapshot = *store->NewSnapshot();
  EXPECT_THAT(snapshot->MakePlan(At(2026, 2, 1), At(2026, 1, 1), {}).status().ToString(),
              HasSubstr("upside down"));
}

}  // namespace
}  // namespace flamekeep::storage
