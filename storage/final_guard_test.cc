#include "storage/final_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "base/metrics.h"
#include "base/status.h"
#include "storage/snapshot.h"
#include "storage/store_testing.h"

namespace flamekeep::storage {
namespace {

using testing::HasSubstr;

const absl::Time kGuardedNoon = absl::FromUnixSeconds(1'795'176'000);
constexpr char kGuardedType[] = "excimer:samples:count::";

int64_t GuardedMs(absl::Duration after_noon) {
  return absl::ToUnixMillis(kGuardedNoon + after_noon);
}

// A live source of excimer at eqiad has recorded [noon, noon + 2 h).
class FinalGuardTest : public testing::Test {
 protected:
  FinalGuardTest() {
    live_ = *store_->InternSource({SourceKind::kStream, "eqiad", "excimer", "", 0});
    import_ = *store_->InternSource({SourceKind::kImport, "eqiad", "file", "", 0});
    store_->SetLiveSources({{live_, {kGuardedType}}});
    Report(absl::Hours(2));
  }

  StoreOptions Options() {
    StoreOptions options = TestOptions(directory_.path(), &clock_);
    options.metrics = &metrics_;
    return options;
  }

  void Report(absl::Duration complete_through) {
    ASSERT_TRUE(store_
                    ->Append({.source = live_,
                              .progress = {.begins_ms = GuardedMs(absl::ZeroDuration()),
                                           .complete_through_ms = GuardedMs(complete_through)}})
                    .ok());
    ASSERT_TRUE(store_->Flush().ok());
  }

  absl::Status Import(absl::Duration after_noon, Level resolution = Level::kMinute,
                      bool amend = false, std::string_view type = "excimer",
                      std::string_view site = "eqiad") {
    return store_
        ->Append({.source = import_,
                  .resolution = resolution,
                  .samples = {store_.MakeSample(kGuardedNoon + after_noon, type, "a", 1, site)},
                  .amend = amend})
        .status();
  }

  absl::Status Replace(absl::Duration after_noon, std::vector<Sample> samples, bool amend = false) {
    return store_
        ->Replace({.source = import_,
                   .position_source = import_,
                   .bucket = BucketAt(Level::kHour, *MinuteOf(kGuardedNoon + after_noon)),
                   .samples = std::move(samples),
                   .amend = amend})
        .status();
  }

  uint64_t Amendments() {
    for (const Metrics::Row& row : metrics_.Rows()) {
      if (row.name == "storage_amendments_total") return static_cast<uint64_t>(row.value);
    }
    return 0;
  }

  bool IsFinal(absl::Duration begin, absl::Duration end) {
    const std::unique_ptr<Snapshot> snapshot = *store_->NewSnapshot();
    const auto plan =
        snapshot->MakePlan(kGuardedNoon + begin, kGuardedNoon + end, {store_.Series("excimer")});
    return snapshot->CompletenessOf(*plan, kGuardedType, [](std::string_view) { return true; })
        ->final;
  }

  Metrics metrics_;
  TestDirectory directory_;
  TestClock clock_{kGuardedNoon + absl::Hours(3)};
  TestStore store_{Options()};
  SourceId live_{};
  SourceId import_{};
};

TEST_F(FinalGuardTest, RefusesWhatIsFinalAndNothingElse) {
  const absl::Status refused = Import(absl::Hours(1));
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(refused), HasSubstr("excimer:samples:count:: at site eqiad between "
                                          "2026-11-20T12:00:00Z and 2026-11-20T14:00:00Z"));
  EXPECT_THAT(Message(refused), HasSubstr("--amend"));
  EXPECT_FALSE(Import(absl::ZeroDuration()).ok());
  EXPECT_FALSE(Import(absl::Minutes(119)).ok());
  // A bucket that reaches into the range.
  EXPECT_FALSE(Import(absl::Hours(-12), Level::kDay).ok());

  EXPECT_TRUE(Import(absl::Minutes(-1)).ok());
  EXPECT_TRUE(Import(absl::Minutes(-1), Level::kHour).ok());
  EXPECT_TRUE(Import(absl::Hours(2)).ok());
  EXPECT_TRUE(Import(absl::Hours(-24), Level::kDay).ok());
  EXPECT_TRUE(Import(absl::Hours(1), Level::kMinute, false, "cpu").ok());
  EXPECT_TRUE(Import(absl::Hours(1), Level::kMinute, false, "excimer", "codfw").ok());
  EXPECT_EQ(store_.Sum("excimer", kGuardedNoon, kGuardedNoon + absl::Hours(2)), StackValues{});
  EXPECT_EQ(Amendments(), 0u);
}

TEST_F(FinalGuardTest, EachSampleIsLookedAt) {
  const auto at = [&](absl::Duration after_noon, std::string_view type) {
    return store_.MakeSample(kGuardedNoon + after_noon, type, "a", 1);
  };
  // Around the range, and another type inside of it.
  EXPECT_TRUE(store_
                  ->Append({.source = import_,
                            .samples = {at(absl::Minutes(-1), "excimer"), at(absl::Hours(1), "cpu"),
                                        at(absl::Hours(2), "excimer")}})
                  .ok());
  EXPECT_FALSE(store_
                   ->Append({.source = import_,
                             .samples = {at(absl::Minutes(-1), "excimer"),
                                         at(absl::Hours(1), "excimer"), at(absl::Hours(1), "cpu")}})
                   .ok());
}

TEST_F(FinalGuardTest, AmendmentsAreCounted) {
  EXPECT_TRUE(Import(absl::Hours(1), Level::kMinute, /*amend=*/true).ok());
  EXPECT_TRUE(Import(absl::Hours(-1), Level::kMinute, /*amend=*/true).ok());
  EXPECT_TRUE(Replace(absl::Hours(1),
                      {store_.MakeSample(kGuardedNoon + absl::Hours(1), "excimer", "b", 2)}, true)
                  .ok());
  ASSERT_TRUE(store_->Flush().ok());
  EXPECT_EQ(Amendments(), 2u);
  EXPECT_EQ(store_.Sum("excimer", kGuardedNoon, kGuardedNoon + absl::Hours(2)),
            (StackValues{{"a", 1}, {"b", 2}}));
}

TEST_F(FinalGuardTest, ReplacementsToo) {
  const Sample sample = store_.MakeSample(kGuardedNoon + absl::Hours(2), "excimer", "a", 1);
  EXPECT_TRUE(Replace(absl::Hours(2), {sample}).ok());
  EXPECT_EQ(
      Replace(absl::Hours(1), {store_.MakeSample(kGuardedNoon + absl::Hours(1), "excimer", "a", 1)})
          .code(),
      absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(store_->Flush().ok());
  // What takes content away changes it as well.
  Report(absl::Hours(3));
  EXPECT_EQ(Replace(absl::Hours(2), {}).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Replace(absl::Hours(2), {}, /*amend=*/true).ok());
}

TEST_F(FinalGuardTest, WithoutLiveSourcesNothingIsRefused) {
  TestDirectory other;
  TestStore store(TestOptions(other.path(), &clock_));
  const SourceId file = *store->InternSource({SourceKind::kImport, "eqiad", "file", "", 0});
  EXPECT_TRUE(
      store
          ->Append({.source = file, .samples = {store.MakeSample(kGuardedNoon, "excimer", "a", 1)}})
          .ok());
}

TEST_F(FinalGuardTest, LiveSamplesAreNotImports) {
  EXPECT_TRUE(store_
                  ->Append({.source = live_,
                            .samples = {store_.MakeSample(kGuardedNoon + absl::Hours(1), "excimer",
                                                          "a", 1)}})
                  .ok());
}

// Pushes keep out of what was final before the first of them, and it stays final.
TEST_F(FinalGuardTest, PushesChangeNothingThatIsFinal) {
  Report(absl::Hours(2) + absl::Seconds(30));
  const SourceId client = *store_->InternSource({SourceKind::kPush, "eqiad", "client", "", 0});
  uint64_t number = 0;
  // How many of the samples, each a minute, are left out.
  const auto push = [&](absl::Duration begin, int minutes, Level resolution = Level::kMinute) {
    std::vector<Sample> samples;
    for (int i = 0; i < minutes; ++i) {
      samples.push_back(
          store_.MakeSample(kGuardedNoon + begin + absl::Minutes(i), "excimer", "a", 1));
    }
    AppendTold told;
    const absl::StatusOr<Ticket> ticket = store_->Append({.source = client,
                                                          .resolution = resolution,
                                                          .samples = samples,
                                                          .position = Position{++number, ""}},
                                                         &told);
    EXPECT_TRUE(ticket.ok()) << ticket.status();
    EXPECT_TRUE(store_->WaitDurable(*ticket).ok());
    return told.left_out;
  };
  // The whole of it lies in the range: nothing comes in, but the batch is acknowledged.
  EXPECT_EQ(push(absl::Hours(1), 3), 3u);
  EXPECT_EQ(store_->AcceptedPosition(client)->number, 1u);
  Report(absl::Hours(2) + absl::Seconds(31));
  EXPECT_TRUE(IsFinal(absl::ZeroDuration(), absl::Hours(2)));
  // No whole minute of 14:00 is final, so samples may come into it.
  EXPECT_EQ(push(absl::Minutes(-2), 124), 120u);
  EXPECT_EQ(push(absl::Hours(1), 1, Level::kHour), 1u);
  Report(absl::Hours(3));
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(IsFinal(absl::ZeroDuration(), absl::Hours(2)));
    EXPECT_FALSE(IsFinal(absl::ZeroDuration(), absl::Hours(2) + absl::Minutes(1)));
    EXPECT_EQ(store_.Sum("excimer", kGuardedNoon, kGuardedNoon + absl::Hours(2)), StackValues{});
    EXPECT_EQ(store_.Sum("excimer", kGuardedNoon - absl::Hours(1), kGuardedNoon + absl::Hours(3)),
              (StackValues{{"a", 4}}));
    EXPECT_EQ(push(absl::Hours(1), 1), 1u);
    EXPECT_FALSE(Import(absl::Hours(1)).ok());
    store_.Reopen(Options());
  }
  // Behind it anything may come.
  EXPECT_EQ(push(absl::Hours(2), 30), 0u);
  EXPECT_TRUE(Import(absl::Hours(2) + absl::Minutes(1)).ok());
}

TEST_F(FinalGuardTest, AReplacementThatIsPushedIsRefused) {
  const SourceId client = *store_->InternSource({SourceKind::kPush, "eqiad", "client", "", 0});
  const auto replace = [&](absl::Duration after_noon) {
    return store_
        ->Replace({.source = client,
                   .position_source = client,
                   .bucket = BucketAt(Level::kHour, *MinuteOf(kGuardedNoon + after_noon)),
                   .samples = {store_.MakeSample(kGuardedNoon + after_noon, "excimer", "a", 1)}})
        .status();
  };
  const absl::Status refused = replace(absl::Hours(1));
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(refused), HasSubstr("can not be pushed"));
  ASSERT_TRUE(replace(absl::Hours(2)).ok());
  Report(absl::Hours(3));
  EXPECT_TRUE(IsFinal(absl::ZeroDuration(), absl::Hours(2)));
  EXPECT_FALSE(IsFinal(absl::ZeroDuration(), absl::Hours(3)));
}

// While progress is on its way to the disk, an import that it may overtake waits; what was taken in
// before it is never later on disk.
TEST_F(FinalGuardTest, ProgressAndImportsAreOrdered) {
  for (int round = 0; round < 20; ++round) {
    const absl::Duration begin = absl::Hours(3) + absl::Minutes(round);
    absl::Status imported;
    absl::Status replaced;
    std::thread importer([&] {
      imported = Import(begin);
      replaced = Replace(begin, {store_.MakeSample(kGuardedNoon + begin, "excimer", "r", 1)});
    });
    ASSERT_TRUE(
        store_
            ->Append({.source = live_,
                      .progress = {.begins_ms = GuardedMs(absl::ZeroDuration()),
                                   .complete_through_ms = GuardedMs(begin + absl::Minutes(1))}})
            .ok());
    StackValues at_final;
    absl::Notification stop;
    std::thread reader([&] {
      while (!stop.HasBeenNotified()) {
        if (at_final.empty() && IsFinal(begin, begin + absl::Minutes(1))) {
          at_final =
              store_.Sum("excimer", kGuardedNoon + begin, kGuardedNoon + begin + absl::Minutes(1));
          at_final["seen"] = 1;
        }
      }
    });
    importer.join();
    ASSERT_TRUE(store_->Flush().ok());
    stop.Notify();
    reader.join();
    if (at_final.contains("seen")) {
      at_final.erase("seen");
      EXPECT_EQ(at_final, store_.Sum("excimer", kGuardedNoon + begin,
                                     kGuardedNoon + begin + absl::Minutes(1)))
          << "round " << round << ": " << imported << ", " << replaced;
    }
  }
}

}  // namespace
}  // namespace flamekeep::storage
