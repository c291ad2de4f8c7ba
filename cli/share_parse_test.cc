#include "cli/share_parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace flamekeep::cli {
namespace {

TEST(ParseShare, TakesPercentagesAndShares) {
  EXPECT_DOUBLE_EQ(*ParseShare("2%"), 0.02);
  EXPECT_DOUBLE_EQ(*ParseShare("0.02"), 0.02);
  EXPECT_DOUBLE_EQ(*ParseShare("0"), 0);
  EXPECT_DOUBLE_EQ(*ParseShare("100%"), 1);
  EXPECT_DOUBLE_EQ(*ParseShare("12.5%"), 0.125);
}

TEST(ParseShare, RefusesTheRest) {
  for (const char* text : {"", "%", "2", "101%", "-1%", "nan", "inf", "nan%", "x", "2 %%", "1e9"}) {
    const auto share = ParseShare(text);
    EXPECT_EQ(share.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(share.status().message()), testing::HasSubstr("2% or 0.02")) << text;
  }
}

}  // namespace
}  // namespace flamekeep::cli
