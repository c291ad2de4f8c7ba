#include "cli/step_parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/status/status.h"

namespace flamekeep::cli {
namespace {

TEST(StepParse, UnitsOfTheCalendar) {
  const struct {
    const char* text;
    v1::Level unit;
    uint32_t count;
    const char* words;
  } cases[] = {
      {"5m", v1::LEVEL_MINUTE, 5, "5 minutes"}, {"1h", v1::LEVEL_HOUR, 1, "1 hour"},
      {"1d", v1::LEVEL_DAY, 1, "1 day"},        {"2w", v1::LEVEL_DAY, 14, "14 days"},
      {"3mo", v1::LEVEL_MONTH, 3, "3 months"},  {"1y", v1::LEVEL_YEAR, 1, "1 year"},
  };
  for (const auto& c : cases) {
    const auto step = ParseStep(c.text);
    ASSERT_TRUE(step.ok()) << step.status();
    EXPECT_EQ(step->unit(), c.unit) << c.text;
    EXPECT_EQ(step->count(), c.count) << c.text;
    EXPECT_EQ(StepText(*step), c.words);
  }
}

TEST(StepParse, SaysWhatCanBeWritten) {
  for (const char* text : {"", "m", "5", "0h", "5s", "-1h", "1.5h", "1h30m", "123456m", "5 m"}) {
    const absl::Status status = ParseStep(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr("like 5m or 1mo"));
  }
}

}  // namespace
}  // namespace flamekeep::cli
