// Real files of a store are damaged and repaired.
#include "storage/repair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "base/status.h"
#include "storage/store_testing.h"

namespace flamekeep::storage {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const absl::Time kRepairedDay = absl::FromCivil(absl::CivilDay(2026, 11, 20), absl::UTCTimeZone());
constexpr int kRepairedHours = 3 * 24;

absl::Time Hour(int hour) { return kRepairedDay + absl::Hours(hour); }

class RepairTest : public testing::Test {
 protected:
  RepairTest() : store_(directory_.path()) {}

  // A sample a minute over three days; the minutes take some blocks.
  void Fill(bool roll_up) {
    Batch batch;
    batch.source = *store_->InternSource({SourceKind::kPush, "eqiad", "client", "", 0});
    for (int i = 0; i < kRepairedHours * 60; ++i) {
      batch.samples.push_back(store_.MakeSample(kRepairedDay + absl::Minutes(i), "excimer",
                                                i % 2 == 0 ? "a" : "a;b", 1 + i));
    }
    ASSERT_TRUE(store_->Append(batch).ok());
    ASSERT_TRUE(store_->Flush().ok());
    if (!roll_up) return;
    ASSERT_TRUE(store_->RunMaintenance(/*force=*/true).ok());
  }

  uint64_t Total(absl::Time begin, absl::Time end, Plan* plan = nullptr) {
    uint64_t total = 0;
    for (const auto& [stack, value] : store_.Sum("excimer", begin, end, plan)) total += value;
    return total;
  }

  // The closed store's `level` gets a damaged block, and the store is repaired and opened.
  std::vector<std::string> RepairAfterDamageOf(Level level, int64_t offset) {
    store_.Close();
    DamageFile(TableOf(directory_.path(), level), offset);
    return Repair();
  }
  std::vector<std::string> Repair() {
    const absl::StatusOr<RepairResult> result = RepairStore(directory_.path());
    EXPECT_TRUE(result.ok()) << result.status();
    if (!result.ok()) return {};
    damaged_ = result->damaged;
    EXPECT_TRUE(std::filesystem::exists(damaged_ + "/rocksdb/CURRENT"));
    store_.Reopen();
    EXPECT_THAT(*store_->Check(), IsEmpty());
    return result->given_up;
  }

  std::vector<std::string> Files(std::string_view extension) const {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path() + "/rocksdb")) {
      if (entry.path().extension() == extension) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  TestDirectory directory_;
  TestStore store_;
  std::string damaged_;
};

// The hours still hold what the lost minutes held: all totals stay, now and after later rollups.
TEST_F(RepairTest, LostMinutesAreKeptInTheirHours) {
  Fill(/*roll_up=*/true);
  std::vector<uint64_t> hours;
  for (int hour = 0; hour < kRepairedHours; ++hour)
    hours.push_back(Total(Hour(hour), Hour(hour + 1)));
  EXPECT_THAT(RepairAfterDamageOf(Level::kMinute, 100),
              ElementsAre(testing::AllOf(HasSubstr("some minutes"), HasSubstr("\"eqiad\""),
                                         HasSubstr("up to 2026-11-20T"), HasSubstr(".sst")),
                          HasSubstr("samples of these minutes are kept in")));
  const auto check = [&] {
    uint64_t all = 0;
    for (int hour = 0; hour < kRepairedHours; ++hour) {
      EXPECT_EQ(Total(Hour(hour), Hour(hour + 1)), hours[hour]) << hour;
      all += hours[hour];
    }
    EXPECT_EQ(Total(Hour(0), Hour(kRepairedHours)), all);
    EXPECT_EQ(Total(Hour(0), Hour(24 * 365)), all);
  };
  check();
  // A finer range widens where minutes were lost, and only there.
  Plan plan;
  EXPECT_EQ(Total(Hour(0), Hour(0) + absl::Minutes(10), &plan), hours[0]);
  EXPECT_TRUE(plan.widened);
  Total(Hour(70), Hour(70) + absl::Minutes(10), &plan);
  EXPECT_FALSE(plan.widened);
  // What comes late is added, before and after it is rolled up.
  store_.Append(Hour(0), "excimer", "late", 1000);
  hours[0] += 1000;
  check();
  ASSERT_TRUE(store_->RunMaintenance(/*force=*/true).ok());
  check();
  EXPECT_THAT(*store_->Check(), IsEmpty());
}

TEST_F(RepairTest, AnotherBlockLater) {
  Fill(/*roll_up=*/true);
  const uint64_t all = Total(Hour(0), Hour(kRepairedHours));
  RepairAfterDamageOf(Level::kMinute, 100);
  // Again, in another block: the hours of both keep what they had.
  RepairAfterDamageOf(Level::kMinute, 20'000);
  EXPECT_THAT(damaged_, HasSubstr("damaged-2"));
  EXPECT_EQ(Total(Hour(0), Hour(kRepairedHours)), all);
}

TEST_F(RepairTest, MinutesThatWereNotSummedAreLost) {
  Fill(/*roll_up=*/false);
  const uint64_t last = Total(Hour(kRepairedHours - 1), Hour(kRepairedHours));
  EXPECT_THAT(RepairAfterDamageOf(Level::kMinute, 100),
              ElementsAre(HasSubstr("are given up"),
                          testing::ContainsRegex("site \"eqiad\" between 2026-11-20T00:00Z and "
                                                 "2026-11-2.T..:00Z had not been summed")));
  EXPECT_EQ(Total(Hour(kRepairedHours - 1), Hour(kRepairedHours)), last);
  EXPECT_EQ(Total(Hour(0), Hour(1)), 0u);
  const uint64_t left = Total(Hour(0), Hour(kRepairedHours));
  ASSERT_TRUE(store_->RunMaintenance(/*force=*/true).ok());
  EXPECT_EQ(Total(Hour(0), Hour(kRepairedHours)), left);
}

TEST_F(RepairTest, LostHoursAreSummedAgain) {
  Fill(/*roll_up=*/true);
  // Known to the hour only: the day still has it.
  store_.Append(Hour(1), "excimer", "log", 500, Level::kHour);
  ASSERT_TRUE(store_->RunMaintenance(/*force=*/true).ok());
  const uint64_t hour = Total(Hour(5), Hour(6));
  const uint64_t day = Total(Hour(0), Hour(24));
  EXPECT_THAT(RepairAfterDamageOf(Level::kHour, 20),
              ElementsAre(HasSubstr("some hours"), HasSubstr("summed again from their minutes"),
                          HasSubstr("1 samples of these hours are kept in 1 day of")));
  EXPECT_EQ(Total(Hour(0), Hour(24)), day);
  // Finer ranges widen to the day that holds a direct part.
  Plan plan;
  EXPECT_EQ(Total(Hour(5), Hour(6), &plan), day);
  EXPECT_TRUE(plan.widened);
  EXPECT_EQ(Total(Hour(29), Hour(30)), hour + 60 * 60 * 24);
}

TEST_F(RepairTest, LostYearsAreSummedAgain) {
  Fill(/*roll_up=*/true);
  const uint64_t all = Total(Hour(0), Hour(kRepairedHours));
  EXPECT_THAT(RepairAfterDamageOf(Level::kYear, 20),
              ElementsAre(HasSubstr("some years"), HasSubstr("summed again from their months")));
  EXPECT_EQ(Total(Hour(0), Hour(kRepairedHours)), all);
}

// The acknowledged flushes before the damage stay, those behind it go: they may use names that it
// defined.
TEST_F(RepairTest, ADamagedLogIsCutAtTheDamage) {
  constexpr int kFlushes = 500;  // some blocks of the log
  for (int i = 1; i <= kFlushes; ++i) {
    store_.Append(kRepairedDay, "excimer", fmt::format("main;f{}", i), static_cast<uint64_t>(i));
  }
  store_.Close();
  const std::string log = Files(".log").back();
  DamageFile(log, static_cast<int64_t>(std::filesystem::file_size(log) / 2));
  EXPECT_EQ(Store::Open(TestOptions(directory_.path())).status().code(),
            absl::StatusCode::kDataLoss);
  const std::vector<std::string> given_up = Repair();
  ASSERT_EQ(given_up.size(), 1u);
  EXPECT_THAT(given_up[0],
              testing::AllOf(HasSubstr("flushes "), HasSubstr("to 501 are given up"),
                             HasSubstr("is the last one kept"), HasSubstr(".log: dropping ")));
  // A beginning of what was written, in whole.
  const StackValues left = store_.Sum("excimer", Hour(0), Hour(60));
  EXPECT_GT(left.size(), 100u);
  EXPECT_LT(left.size(), 400u);
  for (size_t i = 1; i <= left.size(); ++i) {
    EXPECT_THAT(left, Contains(testing::Pair(fmt::format("main;f{}", i), i)));
  }
  store_.Append(Hour(50), "excimer", "main;new", 1);
}

TEST_F(RepairTest, ATableThatCanNotBeOpened) {
  Fill(/*roll_up=*/true);
  const uint64_t all = Total(Hour(0), Hour(kRepairedHours));
  EXPECT_THAT(RepairAfterDamageOf(Level::kDay, -20), Contains(HasSubstr("some days")));
  EXPECT_EQ(Total(Hour(0), Hour(kRepairedHours)), all);
}

TEST_F(RepairTest, ALostManifestNeedsABackup) {
  Fill(/*roll_up=*/true);
  ASSERT_TRUE(store_->Compact().ok());
  store_.Close();
  std::filesystem::remove(directory_.path() + "/rocksdb/CURRENT");
  // RocksDB would make a new database and delete the files of this one.
  EXPECT_EQ(Store::Open(TestOptions(directory_.path())).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_FALSE(Files(".sst").empty());
  for (int i = 0; i < 2; ++i) {
    const absl::Status status = RepairStore(directory_.path()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    EXPECT_THAT(status.ToString(), HasSubstr("restore a backup"));
  }
}

TEST_F(RepairTest, LostNamesNeedABackup) {
  Fill(/*roll_up=*/true);
  store_.Close();
  DamageFile(TableOfFamily(directory_.path(), "dictionary"), 10);
  const absl::Status status = RepairStore(directory_.path()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_THAT(status.ToString(),
              testing::AllOf(HasSubstr("dictionary is damaged"), HasSubstr("restore a backup")));
}

TEST_F(RepairTest, LostStacksAreMadeFromDerivedFiles) {
  StoreOptions options = TestOptions(directory_.path());
  options.dictionary.block_shift = 12;
  store_.Reopen(options);
  Batch batch;
  batch.source = *store_->InternSource({SourceKind::kPush, "eqiad", "client", "", 0});
  for (int i = 0; i < 100'000; ++i) {
    batch.samples.push_back(store_.MakeSample(kRepairedDay, "excimer",
                                              fmt::format("f{};f{}", i / 400, i % 400), 1 + i));
  }
  ASSERT_TRUE(store_->Append(batch).ok());
  ASSERT_TRUE(store_->Flush().ok());
  ASSERT_TRUE(store_->RunMaintenance(/*force=*/true).ok());
  const StackValues all = store_.Sum("excimer", Hour(0), Hour(1));
  store_.Close();
  const std::string table = TableOfFamily(directory_.path(), "dictionary");
  DamageFile(table, static_cast<int64_t>(std::filesystem::file_size(table) / 2));
  const absl::StatusOr<RepairResult> result = RepairStore(directory_.path(), options.dictionary);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->given_up, ElementsAre(HasSubstr("made again from derived files")));
  store_.Reopen(options);
  EXPECT_EQ(store_.Sum("excimer", Hour(0), Hour(1)), all);
  EXPECT_THAT(*store_->Check(), IsEmpty());
}

TEST_F(RepairTest, ADamagedColumn) {
  Fill(/*roll_up=*/true);
  const uint64_t all = Total(Hour(0), Hour(kRepairedHours));
  store_.Close();
  EditDatabase(directory_.path(), [](const Database& database) {
    OverwriteColumn(database, Level::kMinute, Hour(2), "garbage");
  });
  EXPECT_THAT(Repair(), ElementsAre(HasSubstr("a column is damaged"), HasSubstr("are kept in")));
  EXPECT_EQ(Total(Hour(0), Hour(kRepairedHours)), all);
}

TEST_F(RepairTest, AStoreInUseIsLeftAlone) {
  Fill(/*roll_up=*/false);
  EXPECT_THAT(RepairStore(directory_.path()).status().ToString(), HasSubstr("in use"));
}

}  // namespace
}  // namespace flamekeep::storage
