#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "query/column_counter.h"
#include "query/query_testing.h"
#include "query/stack_marks.h"

namespace flamekeep::query {
namespace {

class HeldColumn final : public storage::ColumnHandle {
 public:
  explicit HeldColumn(std::string bytes) : bytes_(std::move(bytes)) {}
  std::string_view encoded() const override { return bytes_; }

 private:
  const std::string bytes_;
};

// Both threads find marks and count by them.
TEST(ColumnCounter, TwoThreadsCountWhatOneDoes) {
  std::mt19937_64 random(1);
  const TestTree tree = TestTree::Random(30'000, 24, random);
  auto flags = std::make_shared<std::vector<FrameFlags>>(tree.frame_count());
  for (FrameFlags& flag : *flags) flag = random() % 4 == 0 ? 1 : 0;
  std::vector<std::string> columns;
  for (int i = 0; i < 400; ++i) {
    columns.push_back(EncodeTestColumn(RandomValues(tree, 1 + random() % 2'000, 9, random)));
  }
  std::vector<uint64_t> expected;
  for (const bool threaded : {false, true}) {
    StackMarks marks(tree.View(), {.function = flags});
    std::atomic<uint64_t> total = 0;
    std::atomic<uint64_t> value = 0;
    std::atomic<uint64_t> self = 0;
    ColumnCounter counter(
        [&](const storage::ColumnHandle& column) {
          const auto sums = marks.Count(column.encoded(), Context());
          if (!sums.ok()) return sums.status();
          total += sums->total;
          value += sums->value;
          self += sums->self;
          return absl::OkStatus();
        },
        threaded);
    for (const std::string& column : columns) {
      ASSERT_TRUE(counter.Add(std::make_unique<HeldColumn>(column)).ok());
    }
    ASSERT_TRUE(counter.Finish().ok());
    const std::vector<uint64_t> sums = {total, value, self, marks.visited()};
    EXPECT_GT(value, self);
    if (!threaded) expected = sums;
    EXPECT_EQ(sums, expected);
  }
}

TEST(ColumnCounter, TheErrorOfEitherThreadArrives) {
  for (const int bad : {0, 1, 40, 199}) {
    std::atomic<int> counted = 0;
    ColumnCounter counter(
        [&](const storage::ColumnHandle& column) {
          ++counted;
          return column.encoded() == "bad" ? absl::DataLossError("bad") : absl::OkStatus();
        },
        /*threaded=*/true);
    absl::Status status;
    for (int i = 0; i < 200 && status.ok(); ++i) {
      status = counter.Add(std::make_unique<HeldColumn>(i == bad ? "bad" : "good"));
    }
    if (status.ok()) status = counter.Finish();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_GE(counted, 1);
  }
}

TEST(ColumnCounter, MayBeLeftAtAnyPoint) {
  for (int columns = 0; columns < 100; columns += 9) {
    ColumnCounter counter([](const storage::ColumnHandle&) { return absl::OkStatus(); },
                          /*threaded=*/true);
    for (int i = 0; i < columns; ++i) {
      ASSERT_TRUE(counter.Add(std::make_unique<HeldColumn>("x")).ok());
    }
  }
}

}  // namespace
}  // namespace flamekeep::query
