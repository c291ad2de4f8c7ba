// A store whose files are damaged while it is in use: what does not need the damaged block goes on.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/time/civil_time.h"
#include "base/metrics.h"
#include "storage/fault_env.h"
#include "storage/store_testing.h"

namespace flamekeep::storage {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const absl::Time kDamagedDay = absl::FromCivil(absl::CivilDay(2026, 11, 20), absl::UTCTimeZone());
constexpr int kDamagedMinutes = 3 * 24 * 60;  // some blocks of 32 KiB

class DamageTest : public testing::Test {
 protected:
  DamageTest() : options_(TestOptions(directory_.path())) {
    // Blocks are read again from the damaged file.
    options_.block_cache_bytes = 0;
    options_.env = &env_;
    options_.metrics = &metrics_;
    TestStore store(options_);
    Batch batch;
    batch.source = *store->InternSource({SourceKind::kPush, "eqiad", "client", "", 0});
    for (int i = 0; i < kDamagedMinutes; ++i) {
      batch.samples.push_back(store.MakeSample(kDamagedDay + absl::Minutes(i), "excimer",
                                               i % 2 == 0 ? "a" : "a;b", 1 + i));
    }
    if (!store->Append(batch).ok() || !store->Flush().ok()) abort();
    for (int day = 0; day < 3; ++day) {
      store.Replace(Level::kHour, kDamagedDay + absl::Hours(24 * day), {{"log", 1}}, 1);
    }
  }

  absl::Status Read(TestStore* store, absl::Time begin, absl::Time end) {
    const auto snapshot = store->operator->()->NewSnapshot();
    const Plan plan = *(*snapshot)->MakePlan(begin, end, {store->Series("excimer")});
    return (*snapshot)->Read(
        plan, [](std::unique_ptr<ColumnHandle>) { return absl::OkStatus(); },
        [] { return absl::OkStatus(); });
  }

  TestDirectory directory_;
  FaultEnv env_;
  Metrics metrics_;
  StoreOptions options_;
};

// The first block of the minutes is damaged.
TEST_F(DamageTest, OnlyWhoReadsTheBlockIsToldOfIt) {
  DamageFile(TableOf(directory_.path(), Level::kMinute), 100);
  TestStore store(options_);
  const absl::Status status = Read(&store, kDamagedDay, kDamagedDay + absl::Hours(1));
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(status.ToString(),
              AllOf(HasSubstr("the minutes of site \"eqiad\" from 2026-11-20T00:00Z on"),
                    HasSubstr(".sst"), HasSubstr("flamekeep store check --repair")));
  EXPECT_TRUE(Read(&store, kDamagedDay + absl::Hours(48), kDamagedDay + absl::Hours(72)).ok());

  // The other days and hours are rolled up, and writing goes on.
  EXPECT_FALSE(store->RunMaintenance(/*force=*/true).ok());
  const absl::Time later = kDamagedDay + absl::Hours(48);
  Plan plan;
  EXPECT_EQ(store.Sum("excimer", later, later + absl::Hours(24), &plan).size(), 3u);
  EXPECT_EQ(plan.pieces.front().level, Level::kDay);
  store.Append(kDamagedDay, "excimer", "late", 7);
}

// RocksDB would refuse all writes after a compaction that met a damaged block.
TEST_F(DamageTest, ACompactionThatFailsStopsNoWrites) {
  DamageFile(TableOf(directory_.path(), Level::kMinute), 100);
  TestStore store(options_);
  store.Append(kDamagedDay, "excimer", "late", 7);
  EXPECT_FALSE(store->Compact().ok());
  const uint64_t failures =
      metrics_.GetCounter("storage_flush_failures_total", Severity::kError, "").value();
  store.Append(kDamagedDay + absl::Hours(60), "excimer", "later", 7);
  EXPECT_EQ(metrics_.GetCounter("storage_flush_failures_total", Severity::kError, "").value(),
            failures);
}

TEST_F(DamageTest, AReplacementOfDamagedColumnsIsRefused) {
  DamageFile(TableOf(directory_.path(), Level::kHour), 10);
  TestStore store(options_);
  const absl::Status status = store.TryReplace(Level::kHour, kDamagedDay, {{"log", 2}}, 2, false);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(status.ToString(),
              AllOf(HasSubstr("the hour 2026-11-20T00:00Z"), HasSubstr("flamekeep store check")));
  // And one that takes hours out.
  EXPECT_EQ(store.TryReplace(Level::kDay, kDamagedDay, {{"log", 2}}, 1, true).code(),
            absl::StatusCode::kDataLoss);
  store.Append(kDamagedDay, "excimer", "late", 7);
}

// The damage comes when the replacement has been taken in: it is left out, and the rest goes on.
TEST_F(DamageTest, AnAcceptedReplacementOfDamagedColumnsHoldsUpNobody) {
  const std::string table = TableOf(directory_.path(), Level::kHour);
  options_.flush_interval = absl::InfiniteDuration();
  TestStore store(options_);
  Replacement replacement;
  replacement.bucket = {Level::kHour, MinuteOf(kDamagedDay).value()};
  replacement.source = *store->InternSource({SourceKind::kImport, "eqiad", "log", "", 0});
  replacement.samples = {store.MakeSample(kDamagedDay, "excimer", "log", 5)};
  ASSERT_TRUE(store->Replace(std::move(replacement)).ok());
  DamageFile(table, 10);
  store.Append(kDamagedDay + absl::Hours(1), "excimer", "late", 7);
  EXPECT_EQ(metrics_.GetCounter("storage_refused_replacements_total", Severity::kLoss, "").value(),
            1u);
  EXPECT_TRUE(store->Status().write_status.ok());
}

}  // namespace
}  // namespace flamekeep::storage
