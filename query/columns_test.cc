#include "query/columns.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/store_testing.h"

namespace flamekeep::query {
namespace {

const absl::Time kBegin = absl::FromUnixSeconds(1'795'219'200);  // 2026-11-21

// A store with many columns of one sample each: one for each minute of an hour and each source.
class ColumnsTest : public ::testing::Test {
 protected:
  static constexpr int kMinutes = 59;  // a whole hour would be one column
  static constexpr int kSources = 40;
  static constexpr int kColumns = kMinutes * kSources;

  void SetUp() override {
    for (int number = 0; number < kSources; ++number) {
      storage::Batch batch;
      batch.source = *store_->InternSource({.kind = storage::SourceKind::kPubSub,
                                            .site = "eqiad",
                                            .name = "test",
                                            .node = fmt::format("node{}", number)});
      for (int minute = 0; minute < kMinutes; ++minute) {
        batch.samples.push_back(
            store_.MakeSample(kBegin + absl::Minutes(minute), "excimer", "a;b", 1));
      }
      ASSERT_TRUE(store_->Append(std::move(batch)).ok());
    }
    ASSERT_TRUE(store_->Flush().ok());
  }

  absl::StatusOr<Columns> Read(const Context& context) {
    const auto snapshot = *store_->NewSnapshot();
    const auto plan =
        snapshot->MakePlan(kBegin, kBegin + absl::Minutes(kMinutes), {store_.Series("excimer")});
    if (!plan.ok()) return plan.status();
    return Columns::Read(*snapshot, *plan, context);
  }

  storage::TestDirectory directory_;
  storage::TestStore store_{directory_.path()};
};

TEST_F(ColumnsTest, CountsWhatSmallColumnsTake) {
  const auto columns = Read({});
  ASSERT_TRUE(columns.ok()) << columns.status();
  EXPECT_EQ(columns->encoded().size(), kColumns);
  EXPECT_GE(columns->bytes(), kColumns * 140);
  EXPECT_LE(columns->bytes(), kColumns * 180);
  EXPECT_EQ(Read({.memory_bytes = columns->bytes()}).status(), absl::OkStatus());
  EXPECT_EQ(Read({.memory_bytes = columns->bytes() - 1}).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_F(ColumnsTest, StopsWhenItMust) {
  EXPECT_EQ(Read({.deadline = absl::InfinitePast()}).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  int asked = 0;
  EXPECT_EQ(Read({.cancelled = [&] { return ++asked == 10; }}).status().code(),
            absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace flamekeep::query
