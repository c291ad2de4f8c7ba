#include "storage/deletion.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/civil_time.h"
#include "storage/fault_env.h"
#include "storage/merge_operator.h"
#include "storage/snapshot.h"
#include "storage/store.h"
#include "storage/store_testing.h"

namespace flamekeep::storage {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

absl::Time MomentOf(int month, int day, int hour = 0, int minute = 0) {
  return absl::FromCivil(absl::CivilMinute(2027, month, day, hour, minute), absl::UTCTimeZone());
}

bool Holds(std::string_view bytes, std::string_view wanted) {
  return bytes.find(wanted) != std::string_view::npos;
}

// Every file of a store, tables decoded, that holds `wanted` in a key, a value or a name of a run.
std::vector<std::string> FilesWith(const std::string& directory, std::string_view wanted) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    const std::string path = entry.path().string();
    std::ifstream in(path, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    bool holds = Holds(bytes, wanted);
    if (absl::EndsWith(path, ".sst")) {
      rocksdb::Options options;
      options.merge_operator = std::make_shared<ColumnMergeOperator>();
      rocksdb::SstFileReader reader(options);
      if (!reader.Open(path).ok()) {
        ADD_FAILURE() << path;
        continue;
      }
      const auto it = std::unique_ptr<rocksdb::Iterator>(reader.NewIterator({}));
      for (it->SeekToFirst(); it->Valid(); it->Next()) {
        holds |= Holds(View(it->key()), wanted) || Holds(View(it->value()), wanted);
      }
      EXPECT_TRUE(it->status().ok());
    }
    if (holds) found.push_back(path);
  }
  return found;
}

class DeletionTest : public testing::Test {
 protected:
  DeletionTest() : clock_(MomentOf(3, 10)), store_(Options()) {}

  StoreOptions Options() {
    StoreOptions options = TestOptions(directory_.path(), &clock_);
    options.env = &env_;
    return options;
  }

  absl::StatusOr<DeletionResult> Delete(std::string_view profile, absl::Time begin, absl::Time end,
                                        const std::string& site = "eqiad") {
    return store_->Delete(begin, end, {store_.Series(profile, site)});
  }

  TestDirectory directory_;
  TestClock clock_;
  FaultEnv env_;
  TestStore store_;
};

TEST_F(DeletionTest, TakesTheRangeAtEveryLevelAndNothingElse) {
  for (const char* site : {"eqiad", "codfw"}) {
    for (const char* profile : {"excimer", "excimer-wall"}) {
      for (int day = 1; day < 9; ++day) {
        for (int hour = 0; hour < 24; hour += 6) {
          store_.Append(MomentOf(3, day, hour, 30), profile, fmt::format("main;{}", site), 1,
                        Level::kMinute, site);
        }
      }
    }
  }
  store_.Replace(Level::kHour, MomentOf(3, 5, 1), {{"main;log", 7}}, 1);
  ASSERT_TRUE(store_->RunMaintenance(true).ok());

  const DeletionAmount amount =
      *store_->MeasureDeletion(MomentOf(3, 3, 12), MomentOf(3, 6, 18), {store_.Series("excimer")});
  EXPECT_EQ(amount.series, 1);
  EXPECT_EQ(amount.samples, 2 + 4 + 4 + 3 + 1);
  // Minutes, hours and the log's, two whole days, and the rolled parts of the days that are cut.
  EXPECT_EQ(amount.columns, 13 + 14 + 2 + 2);

  const absl::StatusOr<DeletionResult> result =
      Delete("excimer", MomentOf(3, 3, 12), MomentOf(3, 6, 18));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->amount.samples, amount.samples);
  EXPECT_EQ(result->names_blanked, 1);  // "log"
  EXPECT_FALSE(store_->Status().deleting);
  for (const bool rolled : {false, true}) {
    if (rolled) {
      ASSERT_TRUE(store_->RunMaintenance(true).ok());
    }
    EXPECT_THAT(store_.Sum("excimer", MomentOf(3, 3, 12), MomentOf(3, 6, 18)), IsEmpty());
    EXPECT_EQ(store_.Sum("excimer", MomentOf(1, 1), MomentOf(12, 1)),
              (StackValues{{"main;eqiad", 32 - 13}}));
    EXPECT_EQ(store_.Sum("excimer", MomentOf(3, 3), MomentOf(3, 4)),
              (StackValues{{"main;eqiad", 2}}));
    EXPECT_EQ(store_.Sum("excimer-wall", MomentOf(3, 3, 12), MomentOf(3, 6, 18)),
              (StackValues{{"main;eqiad", 13}}));
    EXPECT_EQ(store_.Sum("excimer", MomentOf(3, 3, 12), MomentOf(3, 6, 18), nullptr, {"codfw"}),
              (StackValues{{"main;codfw", 13}}));
    EXPECT_THAT(*store_->Check(), IsEmpty());
  }
  EXPECT_EQ(Delete("excimer", MomentOf(3, 3, 12), MomentOf(3, 6, 18)).status().code(),
            absl::StatusCode::kNotFound);
  store_.Reopen();
  EXPECT_EQ(store_.Sum("excimer", MomentOf(1, 1), MomentOf(12, 1)),
            (StackValues{{"main;eqiad", 32 - 13}}));
  EXPECT_THAT(*store_->Check(), IsEmpty());
}

TEST_F(DeletionTest, RefusesEdgesThatCanNotBeMet) {
  StoreOptions options = Options();
  options.retention.keep[0] = absl::Hours(24);
  store_.Reopen(options);
  store_.Append(MomentOf(3, 5, 1, 10), "excimer", "a", 1);
  store_.Append(MomentOf(3, 7, 5), "excimer", "a", 1, Level::kDay);
  ASSERT_TRUE(store_->RunMaintenance(true).ok());
  const absl::Status hour =
      Delete("excimer", MomentOf(3, 5, 1, 10), MomentOf(3, 5, 4, 20)).status();
  EXPECT_EQ(hour.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(hour.ToString(), HasSubstr("delete 2027-03-05T01:00Z to 2027-03-05T05:00Z, or within "
                                         "it 2027-03-05T02:00Z to 2027-03-05T04:00Z"));
  const absl::Status day = Delete("excimer", MomentOf(3, 7, 1), MomentOf(3, 8)).status();
  EXPECT_THAT(day.ToString(), HasSubstr("delete 2027-03-07T00:00Z to 2027-03-08T00:00Z"));
  EXPECT_EQ(Delete("excimer", MomentOf(3, 7), MomentOf(3, 7)).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(store_.Sum("excimer", MomentOf(3, 1), MomentOf(4, 1)), (StackValues{{"a", 2}}));
  ASSERT_TRUE(Delete("excimer", MomentOf(3, 5, 1), MomentOf(3, 5, 5)).ok());
  ASSERT_TRUE(Delete("excimer", MomentOf(3, 7), MomentOf(3, 8)).ok());
  EXPECT_THAT(store_.Sum("excimer", MomentOf(3, 1), MomentOf(4, 1)), IsEmpty());
}

TEST_F(DeletionTest, NothingOfItIsLeftInAnyFile) {
  constexpr std::string_view kSecret = "Secret\\Function::call";
  // Values that no other column has, to find them by: as totals, bytes stand in column headers.
  for (int minute = 0; minute < 30; ++minute) {
    store_.Append(MomentOf(3, 5, 1, minute), "excimer",
                  fmt::format("main;{};leaf{}", kSecret, minute), 1'000'003);
    store_.Append(MomentOf(3, 5, 1, minute), "excimer-wall",
                  fmt::format("main;open;leaf{}", minute % 2), 3);
  }
  ASSERT_TRUE(store_->RunMaintenance(true).ok());
  ASSERT_TRUE(store_->Compact().ok());
  store_.Append(MomentOf(3, 5, 2, 1), "excimer", fmt::format("main;{};late", kSecret), 1'000'003);
  ASSERT_THAT(FilesWith(directory_.path(), kSecret), Not(IsEmpty()));
  // The bytes of the columns as they stand in files, of minutes and of an hour.
  std::vector<std::string> columns;
  std::set<Level> levels;
  const auto visit = [&](std::unique_ptr<ColumnHandle> column) {
    columns.emplace_back(column->encoded());
    levels.insert(column->level);
    return absl::OkStatus();
  };
  for (const absl::Time end : {MomentOf(3, 5, 1, 30), MomentOf(3, 5, 2), MomentOf(3, 6)}) {
    const auto snapshot = *store_->NewSnapshot();
    const Plan plan = *snapshot->MakePlan(MomentOf(3, 5, 1), end, {store_.Series("excimer")});
    ASSERT_TRUE(snapshot->Read(plan, visit, [] { return absl::OkStatus(); }).ok());
  }
  EXPECT_THAT(levels, testing::ElementsAre(Level::kMinute, Level::kHour));
  ASSERT_FALSE(columns.empty());
  ASSERT_THAT(FilesWith(directory_.path(), columns.front()), Not(IsEmpty()));

  const absl::StatusOr<DeletionResult> result = Delete("excimer", MomentOf(3, 5), MomentOf(3, 6));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->names_blanked, 1 + 28 + 1);  // the secret, leaves, "late"
  EXPECT_THAT(FilesWith(directory_.path(), kSecret), IsEmpty());
  EXPECT_THAT(FilesWith(directory_.path(), "leaf7"), IsEmpty());
  EXPECT_THAT(FilesWith(directory_.path(), "leaf1"), Not(IsEmpty()));
  for (const std::string& column : columns) {
    EXPECT_THAT(FilesWith(directory_.path(), column), IsEmpty());
  }
  store_.Close();
  EXPECT_THAT(FilesWith(directory_.path(), kSecret), IsEmpty());
  store_.Reopen();
  EXPECT_EQ(store_.Sum("excimer-wall", MomentOf(3, 5), MomentOf(3, 6)),
            (StackValues{{"main;open;leaf0", 45}, {"main;open;leaf1", 45}}));
  EXPECT_THAT(*store_->Check(), IsEmpty());
  // The name may come again, under another id.
  store_.Append(MomentOf(3, 7, 2, 1), "excimer", fmt::format("main;{};late", kSecret), 5);
  EXPECT_EQ(store_.Sum("excimer", MomentOf(3, 7), MomentOf(3, 8)),
            (StackValues{{fmt::format("main;{};late", kSecret), 5}}));
  store_.Reopen();
  EXPECT_EQ(store_.Sum("excimer", MomentOf(3, 7), MomentOf(3, 8)),
            (StackValues{{fmt::format("main;{};late", kSecret), 5}}));
  EXPECT_THAT(*store_->Check(), IsEmpty());
}

// Some cache still has the id of a stack whose names were blanked.
TEST_F(DeletionTest, ABlankedNameThatComesAgainIsWrittenAgain) {
  store_.Append(MomentOf(3, 5, 1, 1), "excimer", "main;gone;leaf", 1);
  store_.Append(MomentOf(3, 5, 1, 1), "excimer", "main;stays", 1);
  const Sample old = store_.MakeSample(MomentOf(3, 8, 1, 1), "excimer", "main;gone;leaf", 9);
  const Sample fresh = store_.MakeSample(MomentOf(3, 8, 1, 1), "excimer", "main;gone;other", 4);
  ASSERT_EQ(Delete("excimer", MomentOf(3, 5), MomentOf(3, 6))->names_blanked, 4);
  EXPECT_THAT(FilesWith(directory_.path(), "gone"), IsEmpty());
  Batch batch;
  batch.source = *store_->InternSource({SourceKind::kPubSub, "eqiad", "test", "node", 0});
  batch.samples = {old};
  ASSERT_TRUE(store_->WaitDurable(*store_->Append(batch)).ok());
  store_.Reopen();
  EXPECT_EQ(store_.Sum("excimer", MomentOf(3, 8), MomentOf(3, 9)),
            (StackValues{{"main;gone;leaf", 9}}));
  EXPECT_THAT(*store_->Check(), IsEmpty());
  batch.samples = {fresh};
  ASSERT_TRUE(store_->WaitDurable(*store_->Append(batch)).ok());
  store_.Reopen();
  EXPECT_THAT(store_.Sum("excimer", MomentOf(3, 8), MomentOf(3, 9)).size(), 2);
  EXPECT_THAT(*store_->Check(), IsEmpty());
}

TEST_F(DeletionTest, ANewStackOnABlankedFrameInTheSameProcess) {
  store_.Append(MomentOf(3, 5, 1, 1), "excimer", "main;gone;leaf", 1);
  ASSERT_TRUE(Delete("excimer", MomentOf(3, 5), MomentOf(3, 6)).ok());
  store_.Append(MomentOf(3, 8, 1, 1), "excimer", "start;gone", 2);
  store_.Append(MomentOf(3, 8, 1, 2), "excimer", "main;gone;leaf;deeper", 3);
  const StackValues expected = {{"start;gone", 2}, {"main;gone;leaf;deeper", 3}};
  EXPECT_EQ(store_.Sum("excimer", MomentOf(3, 8), MomentOf(3, 9)), expected);
  EXPECT_THAT(*store_->Check(), IsEmpty());
  store_.Reopen();
  EXPECT_EQ(store_.Sum("excimer", MomentOf(3, 8), MomentOf(3, 9)), expected);
  EXPECT_THAT(*store_->Check(), IsEmpty());
}

TEST_F(DeletionTest, SnapshotsSeeAllOfItOrNothing) {
  for (int minute = 0; minute < 60; ++minute) {
    store_.Append(MomentOf(3, 5, 1, minute), "excimer", fmt::format("onlyinminute{}x", minute), 1);
  }
  ASSERT_TRUE(store_->RunMaintenance(true).ok());
  std::unique_ptr<Snapshot> before = *store_->NewSnapshot();
  const Plan plan =
      *before->MakePlan(MomentOf(3, 5, 1), MomentOf(3, 5, 1, 30), {store_.Series("excimer")});
  const auto columns = [&] {
    int count = 0;
    const auto visit = [&](std::unique_ptr<ColumnHandle>) {
      ++count;
      return absl::OkStatus();
    };
    EXPECT_TRUE(before->Read(plan, visit, [] { return absl::OkStatus(); }).ok());
    return count;
  };
  EXPECT_EQ(columns(), 30);
  // It waits for the snapshot; the caller need not.
  const absl::Status waits = store_
                                 ->Delete(MomentOf(3, 5, 1), MomentOf(3, 5, 1, 30),
                                          {store_.Series("excimer")}, [] { return true; })
                                 .status();
  EXPECT_EQ(waits.code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(store_->Status().deleting);
  EXPECT_EQ(columns(), 30);
  EXPECT_THAT(store_.Sum("excimer", MomentOf(3, 5, 1), MomentOf(3, 5, 1, 30)), IsEmpty());
  EXPECT_THAT(FilesWith(directory_.path(), "onlyinminute7x"), Not(IsEmpty()));
  before.reset();
  ASSERT_TRUE(store_->RunMaintenance().ok());
  EXPECT_FALSE(store_->Status().deleting);
  EXPECT_THAT(FilesWith(directory_.path(), "onlyinminute7x"), IsEmpty());
  EXPECT_EQ(store_.Sum("excimer", MomentOf(3, 5), MomentOf(3, 6)).size(), 30);
}

// A power cut after every write in turn: all of it is there, or nothing, and it goes on by itself.
TEST_F(DeletionTest, IsFinishedAfterACrash) {
  StoreOptions options = Options();
  options.background_maintenance = true;
  options.append_timeout = absl::Milliseconds(300);
  store_.Reopen(options);
  int cuts = 0;
  for (int writes = 0;; writes += 1 + writes / 8) {
    SCOPED_TRACE(writes);
    ASSERT_LT(writes, 400);
    const std::string name = fmt::format("secret{}x", writes);
    for (int hour = 0; hour < 3; ++hour) {
      for (int minute = 0; minute < 60; minute += 20) {
        store_.Append(MomentOf(3, 5, hour, minute), "excimer", fmt::format("main;{}", name), 1);
        store_.Append(MomentOf(3, 5, hour, minute), "excimer-wall", "main;other", 1);
      }
    }
    ASSERT_TRUE(store_->RunMaintenance(true).ok());
    env_.Fail(writes, FaultEnv::kForever);
    const absl::Status deleted =
        store_
            ->Delete(MomentOf(3, 5, 0, 20), MomentOf(3, 5, 2), {store_.Series("excimer")},
                     [&] { return env_.changes() > writes; })
            .status();
    const bool frozen = env_.changes() > writes;
    store_.Close();
    env_.LoseUnsynced();
    env_.Thaw();
    store_.Reopen();
    const bool going_on = store_->Status().deleting;
    const StackValues sum = store_.Sum("excimer", MomentOf(3, 5, 0, 20), MomentOf(3, 5, 2));
    if (deleted.ok() || going_on) {
      EXPECT_THAT(sum, IsEmpty());
    }
    if (!sum.empty()) {
      EXPECT_EQ(sum, (StackValues{{"main;" + name, 5}}));
    }
    EXPECT_THAT(*store_->Check(), IsEmpty());
    ASSERT_TRUE(store_->RunMaintenance(true).ok());
    EXPECT_FALSE(store_->Status().deleting);
    if (going_on) {
      ++cuts;
      EXPECT_THAT(store_.Sum("excimer", MomentOf(3, 5, 0, 20), MomentOf(3, 5, 2)), IsEmpty());
    }
    if (!sum.empty()) {
      ASSERT_TRUE(Delete("excimer", MomentOf(3, 5, 0, 20), MomentOf(3, 5, 2)).ok());
    }
    EXPECT_EQ(store_.Sum("excimer", MomentOf(3, 5), MomentOf(3, 6)),
              (StackValues{{"main;" + name, 4}}));
    ASSERT_TRUE(Delete("excimer", MomentOf(3, 5), MomentOf(3, 6)).ok());
    EXPECT_THAT(FilesWith(directory_.path(), name), IsEmpty());
    ASSERT_TRUE(store_->RunMaintenance(true).ok());
    EXPECT_THAT(*store_->Check(), IsEmpty());
    if (!frozen) break;
  }
  EXPECT_GT(cuts, 3);
}

}  // namespace
}  // namespace flamekeep::storage
