// Deletions beside writers whose caches still have the ids of stacks that lose their names.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/civil_time.h"
#include "storage/deletion.h"
#include "storage/snapshot.h"
#include "storage/store.h"
#include "storage/store_testing.h"

namespace flamekeep::storage {
namespace {

absl::Time DayMinute(int day, int minute) {
  return absl::FromCivil(absl::CivilDay(2027, 3, day), absl::UTCTimeZone()) + absl::Minutes(minute);
}

TEST(DeletionRaceTest, NoNameIsLostThatIsReferredTo) {
  constexpr int kStacks = 40;
  constexpr int kDeletions = 25;
  TestDirectory directory;
  TestStore store(directory.path());
  std::vector<Sample> samples;
  StackValues expected;
  for (int i = 0; i < kStacks; ++i) {
    const std::string stack = fmt::format("main;some{};leaf{}", i / 4, i);
    samples.push_back(store.MakeSample(DayMinute(8, 0), "excimer", stack, 1));
    expected[stack] = 0;
  }
  const SeriesId series = store.Series("excimer");
  const SourceId source = *store->InternSource({SourceKind::kPubSub, "eqiad", "writer", "node", 0});
  // What the writer writes stays, and so do the names, which each deletion finds unused at first.
  std::atomic<int> deletions = 0;
  std::thread writer([&] {
    for (int i = 0; i < kStacks; ++i) {
      // One stack after the other, spread over all deletions.
      while (deletions < kDeletions * i / kStacks) std::this_thread::yield();
      Batch batch;
      batch.source = source;
      batch.samples = {samples[static_cast<size_t>(i)]};
      for (int repeat = 0; repeat < 3; ++repeat) {
        EXPECT_TRUE(store->WaitDurable(*store->Append(batch)).ok());
      }
    }
  });
  for (; deletions < kDeletions; ++deletions) {
    store.Append(DayMinute(5, deletions), "excimer", fmt::format("main;other{}", deletions.load()),
                 1);
    const absl::StatusOr<DeletionResult> deleted =
        store->Delete(DayMinute(5, 0), DayMinute(6, 0), {series});
    ASSERT_TRUE(deleted.ok()) << deleted.status();
  }
  writer.join();
  for (auto& [stack, value] : expected) value = 3;
  EXPECT_EQ(store.Sum("excimer", DayMinute(1, 0), DayMinute(12, 0)), expected);
  EXPECT_THAT(*store->Check(), testing::IsEmpty());
  store.Reopen();
  EXPECT_EQ(store.Sum("excimer", DayMinute(1, 0), DayMinute(12, 0)), expected);
  EXPECT_THAT(*store->Check(), testing::IsEmpty());
}

}  // namespace
}  // namespace flamekeep::storage
