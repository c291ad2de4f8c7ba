#include "storage/batch_ids.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/metrics.h"
#include "base/status.h"
#include "storage/store.h"
#include "storage/store_testing.h"

namespace flamekeep::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const absl::Time kNoon = absl::FromUnixSeconds(1'795'176'000);

TEST(BatchIdsTest, AreForgottenWhenTheirTimeIsOver) {
  Metrics metrics;
  BatchIds ids(absl::Hours(24), 10, &metrics);
  std::vector<BatchIdRecord> forgotten;
  const BatchIdRecord first = ids.Add(1, kNoon, &forgotten);
  ids.Add(2, kNoon + absl::Hours(1), &forgotten);
  ids.Expire(kNoon, &forgotten);
  EXPECT_THAT(forgotten, IsEmpty());
  ids.Expire(kNoon + absl::Milliseconds(1), &forgotten);
  EXPECT_THAT(forgotten, ElementsAre(first));
  EXPECT_FALSE(ids.Contains(1));
  EXPECT_TRUE(ids.Contains(2));
}

TEST(BatchIdsTest, AreBoundedInNumber) {
  Metrics metrics;
  BatchIds ids(absl::Hours(24), 3, &metrics);
  std::vector<BatchIdRecord> forgotten;
  for (int id = 1; id <= 5; ++id) ids.Add(id, kNoon, &forgotten);
  EXPECT_EQ(ids.size(), 3u);
  EXPECT_EQ(forgotten.size(), 2u);
  EXPECT_FALSE(ids.Contains(2));
  EXPECT_TRUE(ids.Contains(3));
  for (const Metrics::Row& row : metrics.Rows()) {
    if (row.name.ends_with("_total")) {
      EXPECT_EQ(row.value, 2) << row.name;
    }
  }
}

TEST(BatchIdsTest, AClockThatGoesBackForgetsNothing) {
  Metrics metrics;
  BatchIds ids(absl::Hours(24), 10, &metrics);
  std::vector<BatchIdRecord> forgotten;
  ids.Add(1, kNoon, &forgotten);
  const BatchIdRecord second = ids.Add(2, kNoon - absl::Hours(48), &forgotten);
  EXPECT_EQ(second.unix_ms, absl::ToUnixMillis(kNoon));
  ids.Expire(kNoon - absl::Hours(24), &forgotten);
  EXPECT_THAT(forgotten, IsEmpty());
}

class BatchIdStoreTest : public testing::Test {
 protected:
  StoreOptions Options() {
    StoreOptions options = TestOptions(directory_.path(), &clock_);
    options.max_batch_ids = 100;
    options.now = [this] { return clock_.Now() + step_; };
    return options;
  }

  // Whether it was known.
  bool Push(std::string_view id) {
    const SourceId source = *store_->InternSource({.site = "eqiad", .name = "client"});
    AppendTold told;
    const auto ticket = store_->Append({.source = source,
                                        .samples = {store_.MakeSample(kNoon, "cpu", "a;b", 1)},
                                        .id = MakeBatchId(source, id)},
                                       &told);
    EXPECT_TRUE(ticket.ok()) << ticket.status();
    EXPECT_TRUE(store_->WaitDurable(*ticket).ok());
    return told.duplicate;
  }
  uint64_t Total() {
    return store_.Sum("cpu", kNoon - absl::Hours(1), kNoon + absl::Hours(1))["a;b"];
  }
  // The ids on disk.
  int Stored() {
    int count = 0;
    store_.Close();
    EditDatabase(directory_.path(), [&](const Database& database) {
      const auto it = std::unique_ptr<rocksdb::Iterator>(
          database.db()->NewIterator(rocksdb::ReadOptions(), database.meta()));
      for (it->Seek("i"); it->Valid() && it->key().starts_with("i"); it->Next()) ++count;
    });
    store_.Reopen(Options());
    return count;
  }

  TestDirectory directory_;
  TestClock clock_{kNoon};  // steady
  absl::Duration step_;     // of the time of day
  TestStore store_{Options()};
};

TEST_F(BatchIdStoreTest, ABatchCountsOnceWithinTheWindow) {
  EXPECT_FALSE(Push("one"));
  EXPECT_TRUE(Push("one"));
  store_.Reopen(Options());
  EXPECT_TRUE(Push("one"));
  EXPECT_FALSE(Push("two"));
  EXPECT_EQ(Total(), 2u);
  EXPECT_EQ(Stored(), 2);

  clock_.Set(kNoon + absl::Hours(25));
  EXPECT_FALSE(Push("three"));
  EXPECT_EQ(Stored(), 1);
  EXPECT_FALSE(Push("one"));
  EXPECT_EQ(Total(), 4u);
}

TEST_F(BatchIdStoreTest, ATimeOfDayThatIsSetForwardForgetsNothing) {
  EXPECT_FALSE(Push("one"));
  step_ = absl::Hours(48);
  clock_.Set(kNoon + absl::Hours(23));
  EXPECT_TRUE(Push("one"));
  EXPECT_FALSE(Push("two"));
  // Also where it is set forward while nothing runs: what came in the last half of the window
  // stays.
  step_ = absl::Hours(1000);
  store_.Reopen(Options());
  EXPECT_TRUE(Push("two"));
  EXPECT_FALSE(Push("one"));
  clock_.Set(kNoon + absl::Hours(23 + 11));
  EXPECT_TRUE(Push("two"));
  clock_.Set(kNoon + absl::Hours(23 + 13));
  EXPECT_FALSE(Push("two"));
}

TEST_F(BatchIdStoreTest, StoresNoMoreThanTheBound) {
  for (int i = 0; i < 130; ++i) EXPECT_FALSE(Push(std::to_string(i)));
  EXPECT_TRUE(Push("129"));
  EXPECT_TRUE(Push("30"));
  EXPECT_EQ(Stored(), 100);
  EXPECT_FALSE(Push("29"));
}

class ForgottenPositionTest : public BatchIdStoreTest {
 protected:
  absl::Status Push(SourceId source, uint64_t number, bool forgettable = true) {
    const auto ticket = store_->Append(
        {.source = source,
         .samples = {store_.MakeSample(kNoon, "cpu", "a;b", 1)},
         .position =
             Position{number, "c", forgettable ? absl::ToUnixSeconds(store_->PositionTime()) : 0}});
    return ticket.ok() ? store_->WaitDurable(*ticket) : ticket.status();
  }
};

TEST_F(ForgottenPositionTest, WhoIsSilentBeginsAnew) {
  const SourceId silent = *store_->InternSource({.site = "eqiad", .name = "silent"});
  const SourceId busy = *store_->InternSource({.site = "eqiad", .name = "busy"});
  const SourceId file =
      *store_->InternSource({.kind = SourceKind::kImport, .site = "eqiad", .name = "file"});
  for (uint64_t number : {1, 2}) {
    ASSERT_TRUE(Push(silent, number).ok());
    ASSERT_TRUE(Push(file, number, /*forgettable=*/false).ok());
  }
  clock_.Set(kNoon + absl::Hours(24 * 29));
  ASSERT_TRUE(Push(busy, 1).ok());
  ASSERT_TRUE(store_->RunMaintenance().ok());
  EXPECT_EQ(store_->AcceptedPosition(silent)->number, 2u);

  clock_.Set(kNoon + absl::Hours(24 * 30) + absl::Seconds(2));
  ASSERT_TRUE(store_->RunMaintenance().ok());
  ASSERT_TRUE(store_->Flush().ok());
  for (int restarts = 0; restarts < 2; ++restarts) {
    EXPECT_FALSE(store_->AcceptedPosition(silent).has_value());
    EXPECT_EQ(store_->AcceptedPosition(busy)->number, 1u);
    EXPECT_EQ(store_->AcceptedPosition(file)->number, 2u);
    EXPECT_EQ(store_->FindSource({.site = "eqiad", .name = "silent"}), silent);
    store_.Reopen(Options());
  }
  EXPECT_EQ(Push(silent, 3).code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(Push(silent, 1).ok());
  store_.Reopen(Options());
  EXPECT_EQ(store_->AcceptedPosition(silent)->number, 1u);
  EXPECT_EQ(Total(), 6u);
}

TEST_F(ForgottenPositionTest, ATimeOfDayThatIsSetForwardForgetsNobody) {
  const SourceId client = *store_->InternSource({.site = "eqiad", .name = "client"});
  ASSERT_TRUE(Push(client, 1).ok());
  step_ = absl::Hours(24 * 365);
  for (int restarts = 0; restarts < 2; ++restarts) {
    ASSERT_TRUE(store_->RunMaintenance().ok());
    EXPECT_EQ(store_->AcceptedPosition(client)->number, 1u);
    store_.Reopen(Options());
  }
  EXPECT_TRUE(Push(client, 2).ok());
}

TEST_F(ForgottenPositionTest, WhoIsConnectedIsNotSilent) {
  const SourceId idle = *store_->InternSource({.site = "eqiad", .name = "idle"});
  store_->HoldPosition(idle);
  ASSERT_TRUE(Push(idle, 1).ok());
  for (int day = 0; day < 100; ++day) {
    clock_.Set(kNoon + day * absl::Hours(24));
    ASSERT_TRUE(store_->RunMaintenance().ok());
    ASSERT_TRUE(store_->Flush().ok());
  }
  // Nor is who was, up to a kill.
  store_.Reopen(Options());
  ASSERT_TRUE(store_->RunMaintenance().ok());
  ASSERT_TRUE(Push(idle, 2).ok());
  store_->HoldPosition(idle);
  clock_.Set(kNoon + absl::Hours(24 * 140));
  ASSERT_TRUE(store_->RunMaintenance().ok());
  ASSERT_TRUE(store_->Flush().ok());
  store_->ReleasePosition(idle);
  clock_.Set(kNoon + absl::Hours(24 * 169));
  ASSERT_TRUE(store_->RunMaintenance().ok());
  EXPECT_EQ(store_->AcceptedPosition(idle)->number, 2u);
  clock_.Set(kNoon + absl::Hours(24 * 171));
  ASSERT_TRUE(store_->RunMaintenance().ok());
  EXPECT_FALSE(store_->AcceptedPosition(idle).has_value());
}

TEST_F(ForgottenPositionTest, ANewFirstBatchBeforeTheFlushStays) {
  const SourceId source = *store_->InternSource({.site = "eqiad", .name = "client"});
  ASSERT_TRUE(Push(source, 1).ok());
  StoreOptions options = Options();
  options.flush_interval = absl::Hours(1);
  options.min_flush_interval = absl::Hours(1);
  store_.Reopen(options);
  clock_.Set(kNoon + absl::Hours(24 * 31));
  ASSERT_TRUE(store_->RunMaintenance().ok());
  EXPECT_TRUE(store_->Append({.source = source, .position = Position{1, "again"}}).ok());
  store_.Reopen(Options());
  EXPECT_EQ(*store_->AcceptedPosition(source), (Position{1, "again"}));
}

}  // namespace
}  // namespace flamekeep::storage
