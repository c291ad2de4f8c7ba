// Every write and every sync fails in turn; then the power goes. What was acknowledged is there
// once.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/clock.h"
#include "base/steady_clock.h"
#include "storage/fault_env.h"
#include "storage/store.h"
#include "storage/store_testing.h"

namespace flamekeep::storage {
namespace {

constexpr int kBatches = 6;

const absl::Time kTime = absl::FromUnixSeconds(1'795'222'421);

// Appends numbered batches and counts those that were acknowledged.
class Writer {
 public:
  explicit Writer(TestStore* store)
      : store_(*store),
        source_(*store_->InternSource({SourceKind::kPush, "eqiad", "client", "", 0})) {}

  void Send(int number) {
    Batch batch;
    batch.source = source_;
    batch.position = Position{static_cast<uint64_t>(number), ""};
    // Each batch brings a new name, so that a lost dictionary run would show.
    batch.samples = {store_.MakeSample(kTime, "excimer", fmt::format("main;f{}", number), 1)};
    const absl::StatusOr<Ticket> ticket = store_->Append(batch);
    ASSERT_TRUE(ticket.ok()) << ticket.status();
    sent_ = number;
    last_ = *ticket;
    store_->OnDurable(*ticket, [count = acknowledged_, number] { *count = number; });
  }
  // Sends all batches, each in a commit of its own; gives up where `lost` says so.
  void SendAll(absl::FunctionRef<bool()> lost) {
    for (int number = 1; number <= kBatches; ++number) {
      ASSERT_NO_FATAL_FAILURE(Send(number));
      while (!store_->WaitDurable(last_, SteadyNow() + absl::Milliseconds(5)).ok()) {
        if (lost()) break;
      }
    }
  }

  int sent() const { return sent_; }
  int acknowledged() const { return *acknowledged_; }

 private:
  TestStore& store_;
  const SourceId source_;
  int sent_ = 0;
  Ticket last_ = 0;
  // The last acknowledgement may come while the store closes.
  const std::shared_ptr<std::atomic<int>> acknowledged_ = std::make_shared<std::atomic<int>>(0);
};

StackValues SumOf(TestStore* store) {
  return store->Sum("excimer", kTime - absl::Hours(1), kTime + absl::Hours(1));
}

// The stacks are f1 .. fn, each once; n.
int CountStored(TestStore* store) {
  const StackValues sum = SumOf(store);
  for (size_t i = 1; i <= sum.size(); ++i) {
    const auto it = sum.find(fmt::format("main;f{}", i));
    EXPECT_TRUE(it != sum.end() && it->second == 1) << i;
  }
  return static_cast<int>(sum.size());
}

class StoreFaultTest : public testing::Test {
 protected:
  StoreFaultTest() : options_(TestOptions(directory_.path())) {
    options_.env = &env_;
    {
      TestStore made(options_);
    }
  }

  // The number of changes that kBatches commits take, to fail each of them.
  int CountChanges() {
    TestDirectory directory;
    options_.directory = directory.path();
    TestStore store(options_);
    Writer writer(&store);
    env_.Thaw();  // counts from here
    writer.SendAll([] { return false; });
    return env_.changes();
  }

  TestDirectory directory_;
  FaultEnv env_;
  StoreOptions options_;
};

TEST_F(StoreFaultTest, SurvivesAnyPassingFault) {
  const int changes = CountChanges();
  ASSERT_GE(changes, 2 * kBatches) << "each commit writes and syncs";
  for (int after = 0; after < changes; ++after) {
    for (const int faults : {1, 2, 5}) {
      SCOPED_TRACE(fmt::format("{} faults after {} changes", faults, after));
      TestDirectory directory;
      options_.directory = directory.path();
      {
        TestStore store(options_);
        Writer writer(&store);
        env_.Fail(after, faults);
        writer.SendAll([] { return false; });
        ASSERT_GE(env_.changes(), after + faults) << "all faults came";
        // The acknowledgement follows at once, from the committer's thread.
        while (writer.acknowledged() != kBatches) absl::SleepFor(absl::Milliseconds(1));
        EXPECT_EQ(CountStored(&store), kBatches);
        EXPECT_TRUE(store->Status().write_status.ok());
      }
      env_.Thaw();
      TestStore store(options_);
      EXPECT_EQ(CountStored(&store), kBatches);
      EXPECT_THAT(*store->Check(), testing::IsEmpty());
    }
  }
}

TEST_F(StoreFaultTest, SurvivesAPowerCutAfterAnyChange) {
  const int changes = CountChanges();
  for (int after = 0; after < changes; ++after) {
    SCOPED_TRACE(fmt::format("power cut after {} changes", after));
    TestDirectory directory;
    options_.directory = directory.path();
    int sent = 0;
    int acknowledged = 0;
    {
      TestStore store(options_);
      Writer writer(&store);
      env_.Fail(after, FaultEnv::kForever);
      const auto off = [&] { return env_.changes() > after; };
      writer.SendAll(off);
      ASSERT_TRUE(off());
      sent = writer.sent();
      env_.Freeze();
      acknowledged = writer.acknowledged();
    }
    env_.LoseUnsynced();
    env_.Thaw();
    TestStore store(options_);
    const int stored = CountStored(&store);
    EXPECT_GE(stored, acknowledged);
    EXPECT_LE(stored, sent);
    EXPECT_THAT(*store->Check(), testing::IsEmpty());
  }
}

// Each change that an opening makes fails in turn, as on a full disk.
TEST_F(StoreFaultTest, OpensForReadingAndThenWritesWhereAskedTo) {
  {
    TestStore store(options_);
    store.Append(kTime, "excimer", "before", 1);
  }
  uint64_t stored = 1;
  for (int after = 1; after < 8; ++after) {  // the first change is the lock
    SCOPED_TRACE(fmt::format("a fault after {} changes", after));
    options_.open_unwritable = false;
    env_.Fail(after, 1);
    EXPECT_EQ(Store::Open(options_).status().code(), absl::StatusCode::kUnavailable);
    options_.open_unwritable = true;
    env_.Fail(after, 1);
    TestStore store(options_);
    EXPECT_GT(env_.changes(), after) << "the fault came";
    EXPECT_EQ(SumOf(&store), (StackValues{{"before", stored}}));
    store.Append(kTime, "excimer", "before", 1);
    ASSERT_TRUE(store->Flush().ok());
    EXPECT_TRUE(store->Status().write_status.ok());
    EXPECT_EQ(SumOf(&store), (StackValues{{"before", ++stored}}));
    EXPECT_THAT(*store->Check(), testing::IsEmpty());
  }
}

// What a replacement takes the place of can not be read at first.
TEST_F(StoreFaultTest, AReplacementWaitsUntilWhatItReplacesCanBeRead) {
  const absl::Time hour = absl::FromUnixSeconds(1'795'219'200);
  const absl::Time day = absl::FromUnixSeconds(1'795'219'200 - 1'795'219'200 % 86'400);
  const auto unread = [this](TestStore* store) {
    ASSERT_TRUE((*store)->Compact().ok());
    store->Reopen();  // its cache is empty
    env_.FailReads(2);
  };
  TestStore store(options_);
  store.Replace(Level::kHour, hour, {{"a", 2}, {"b", 1}}, 1);
  store.Replace(Level::kDay, day, {{"d", 4}}, 1);
  ASSERT_NO_FATAL_FAILURE(unread(&store));
  store.Replace(Level::kHour, hour, {}, 2);
  EXPECT_EQ(store.Sum("excimer", day, day + absl::Hours(24)), (StackValues{{"d", 4}}));
  store.Replace(Level::kHour, hour, {{"a", 3}}, 3);
  // What a replacement counts less is read before it is accepted.
  ASSERT_NO_FATAL_FAILURE(unread(&store));
  const StackValues content = {{"a", 5}, {"d", 4}};
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(store.TryReplace(Level::kDay, day, content, 2, /*subtract_finer=*/true).code(),
              absl::StatusCode::kUnavailable);
  }
  store.Replace(Level::kDay, day, content, 2, /*subtract_finer=*/true);
  EXPECT_EQ(store.Sum("excimer", day, day + absl::Hours(24)), (StackValues{{"a", 5}, {"d", 4}}));
  store.Reopen();
  EXPECT_EQ(store.Sum("excimer", day, day + absl::Hours(24)), (StackValues{{"a", 5}, {"d", 4}}));
  EXPECT_THAT(*store->Check(), testing::IsEmpty());
}

TEST_F(StoreFaultTest, ReadsGoOnAndAppendsAreRefusedWhileTheDiskFails) {
  options_.max_head_bytes = 4 << 10;
  options_.append_timeout = absl::Milliseconds(50);
  TestStore store(options_);
  store.Append(kTime, "excimer", "before", 1);
  env_.Freeze();
  absl::Status status;
  const SourceId source = *store->InternSource({SourceKind::kPubSub, "eqiad", "test", "node", 0});
  for (int i = 0; i < 1000 && status.ok(); ++i) {
    Batch batch;
    batch.source = source;
    batch.samples = {store.MakeSample(kTime, "excimer", fmt::format("f{}", i), 1)};
    status = store->Append(batch).status();
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_FALSE(store->Status().write_status.ok());
  EXPECT_EQ(SumOf(&store), (StackValues{{"before", 1}}));
  env_.Thaw();
  ASSERT_TRUE(store->Flush().ok());
  EXPECT_TRUE(store->Status().write_status.ok());
}

TEST_F(StoreFaultTest, ClosesWhileTheDiskFailsAndARollupWaits) {
  options_.background_maintenance = true;
  options_.rollup_quiet = absl::ZeroDuration();
  TestStore store(options_);
  store.Append(kTime, "excimer", "a", 1);
  env_.Freeze();
  while (store->Status().write_status.ok()) absl::SleepFor(absl::Milliseconds(20));
  store.Close();
  env_.Thaw();
  store.Reopen();
  EXPECT_EQ(SumOf(&store), (StackValues{{"a", 1}}));
}

TEST_F(StoreFaultTest, ANewSiteIsRefusedWhileTheDiskFails) {
  options_.append_timeout = absl::Milliseconds(50);
  TestStore store(options_);
  env_.Freeze();
  const SeriesKey key{"codfw", "excimer:samples:count::", {}};
  EXPECT_EQ(store->InternSeries(key).status().code(), absl::StatusCode::kUnavailable);
  env_.Thaw();
  absl::Status status;
  do {
    status = store->InternSeries(key).status();
  } while (absl::IsUnavailable(status));
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(StoreFaultTest, ReadersGetAnErrorWhileNoDatabaseCanBeOpened) {
  TestStore store(options_);
  store.Append(kTime, "excimer", "a", 1);
  ASSERT_TRUE(store->Compact().ok());
  env_.Freeze();
  env_.FailReads(FaultEnv::kForever);
  const SourceId source = *store->InternSource({SourceKind::kPubSub, "eqiad", "test", "node", 0});
  Batch batch;
  batch.source = source;
  batch.samples = {store.MakeSample(kTime, "excimer", "b", 1)};
  ASSERT_TRUE(store->Append(batch).ok());
  absl::Status status;
  while (status.ok()) status = store->NewSnapshot().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(status.ToString(), testing::HasSubstr("injected fault"));
  const StoreStatus store_status = store->Status();
  EXPECT_FALSE(store_status.write_status.ok());
  EXPECT_EQ(store_status.levels[0].bytes, 0u);
  env_.FailReads(0);
  env_.Thaw();
  ASSERT_TRUE(store->Flush().ok());
  EXPECT_EQ(SumOf(&store), (StackValues{{"a", 1}, {"b", 1}}));
}

// Only a lock that somebody holds means another process.
TEST_F(StoreFaultTest, OtherErrorsThanALockAreToldAsTheyAre) {
  TestDirectory directory;
  options_.directory = directory.path() + "/lock";
  {
    TestStore store(options_);
  }
  for (const bool read_only : {false, true}) {
    options_.read_only = read_only;
    env_.Freeze();
    const absl::Status status = Store::Open(options_).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(status.ToString(), testing::HasSubstr("injected fault"));
    env_.Thaw();
  }
  options_.read_only = false;
  TestStore holder(options_);
  for (const bool read_only : {false, true}) {
    options_.read_only = read_only;
    EXPECT_THAT(Store::Open(options_).status().ToString(),
                testing::HasSubstr("in use by another process"));
  }
}

}  // namespace
}  // namespace flamekeep::storage
