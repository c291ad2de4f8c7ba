#include "query/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "query/engine.h"
#include "storage/store_testing.h"

namespace flamekeep::query {
namespace {

using storage::Level;
using ::testing::Contains;
using ::testing::Field;

const absl::Time kDay = absl::FromUnixSeconds(1'795'132'800);  // 2026-11-20
const absl::Time kNow = kDay + absl::Hours(24) + absl::Minutes(90);

class ExplainTest : public ::testing::Test {
 protected:
  Explanation Explain(absl::Time begin, absl::Time end, absl::Time now = kNow) {
    const auto snapshot = *store_->NewSnapshot();
    const storage::Plan plan = *snapshot->MakePlan(begin, end, {store_.Series("excimer")});
    const auto explanation = ExplainPlan(*snapshot, plan, store_->Sites(), now, Context());
    EXPECT_TRUE(explanation.ok()) << explanation.status();
    return *explanation;
  }

  // What the engine really reads.
  uint64_t ColumnsRead(absl::Time begin, absl::Time end) {
    return Engine(&*store_)
        .MakeFlameGraph({"excimer", begin, end}, {}, Context())
        ->coverage.columns;
  }

  static std::string Text(const Explanation& explanation) {
    std::string text;
    for (const ExplainedPiece& piece : explanation.pieces) {
      text += fmt::format("{} {} x{} {}\n", piece.site, storage::LevelName(piece.level),
                          piece.buckets, static_cast<int>(piece.reason));
    }
    return text;
  }

  storage::TestDirectory directory_;
  storage::TestClock clock_{kNow};
  storage::TestStore store_{storage::TestOptions(directory_.path(), &clock_)};
};

TEST_F(ExplainTest, NamesWhatIsReadAndWhy) {
  for (int minute = 0; minute < 26 * 60; minute += 10) {
    if (kDay + absl::Minutes(minute) < kNow) {
      store_.Append(kDay + absl::Minutes(minute), "excimer", "a;b", 1);
    }
  }
  ASSERT_TRUE(store_->RunMaintenance(/*force=*/true).ok());
  const absl::Time end = kDay + absl::Hours(25) + absl::Minutes(20);
  Explanation explained = Explain(kDay, end);
  EXPECT_EQ(Text(explained), "eqiad minute x20 0\neqiad hour x1 0\neqiad day x1 0\n");
  EXPECT_TRUE(explained.counted);
  EXPECT_EQ(explained.columns, ColumnsRead(kDay, end));
  EXPECT_EQ(explained.columns, 2u + 1 + 1);
  EXPECT_EQ(explained.pairs, explained.columns);
  EXPECT_GT(explained.memory_bytes, explained.bytes);
  EXPECT_EQ(explained.time_class, TimeClass::kShort);
  EXPECT_EQ(explained.series, 1u);

  // Late samples make an hour of the first day stale, and with it the day.
  store_.Append(kDay + absl::Hours(3), "excimer", "late", 1);
  store_.Append(kDay + absl::Hours(5), "excimer", "hourly", 1, Level::kHour);
  explained = Explain(kDay, kDay + absl::Hours(24));
  EXPECT_EQ(explained.columns, ColumnsRead(kDay, kDay + absl::Hours(24)));
  EXPECT_EQ(Text(explained),
            "eqiad minute x60 2\neqiad hour x3 2\neqiad hour x1 3\neqiad hour x20 2\n"
            "eqiad day x1 3\n");

  // The second day is not over.
  explained = Explain(kDay + absl::Hours(24), kDay + absl::Hours(48));
  EXPECT_THAT(explained.pieces, Contains(Field(&ExplainedPiece::reason, PieceReason::kNotOver)));
}

TEST_F(ExplainTest, CanBeCancelled) {
  store_.Append(kDay, "excimer", "a", 1);
  const auto snapshot = *store_->NewSnapshot();
  const storage::Plan plan =
      *snapshot->MakePlan(kDay, kDay + absl::Hours(1), {store_.Series("excimer")});
  EXPECT_EQ(ExplainPlan(*snapshot, plan, store_->Sites(), kNow, {.cancelled = [] { return true; }})
                .status()
                .code(),
            absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace flamekeep::query
