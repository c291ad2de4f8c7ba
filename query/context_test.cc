#include "query/context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace flamekeep::query {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr uint64_t kMiB = 1 << 20;

TEST(Context, SaysWhichBudgetIsTooSmallAndWhatToDo) {
  Metrics metrics;
  Gauge& gauge = metrics.GetGauge("query_memory_bytes", "");
  MemoryBudget budget(10 * kMiB, &gauge);
  const auto context = [&] {
    return Context{.memory_bytes = 8 * kMiB, .charge = std::make_shared<MemoryCharge>(&budget)};
  };
  {
    const Context first = context();
    EXPECT_TRUE(first.CheckMemory(6 * kMiB).ok());
    EXPECT_TRUE(first.CheckMemory(2 * kMiB).ok());  // keeps the most that it needed
    EXPECT_EQ(gauge.value(), 6 * kMiB);
    const absl::Status own = first.CheckMemory(9 * kMiB);
    EXPECT_EQ(own.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_THAT(std::string(own.message()),
                AllOf(HasSubstr("8 MiB"), HasSubstr("shorter range"), HasSubstr("one site"),
                      HasSubstr("narrower selector"), HasSubstr("limits.query_memory")));

    const Context second = context();
    EXPECT_TRUE(second.CheckMemory(4 * kMiB).ok());
    const absl::Status all = second.CheckMemory(4 * kMiB + 1);
    EXPECT_EQ(all.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_THAT(std::string(all.message()),
                AllOf(HasSubstr("10 MiB"), HasSubstr("shorter range"), HasSubstr("one site"),
                      HasSubstr("narrower selector"), HasSubstr("limits.all_queries_memory")));
    EXPECT_EQ(budget.in_use(), 10 * kMiB);
  }
  EXPECT_EQ(gauge.value(), 0);
  EXPECT_TRUE(context().CheckMemory(8 * kMiB).ok());
}

}  // namespace
}  // namespace flamekeep::query
