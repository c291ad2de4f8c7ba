#include "cli/shades.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace flamekeep::cli {
namespace {

TEST(Shades, SparklineHasABarForEachNumber) {
  EXPECT_EQ(Sparkline(std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8}, 60), "▁▂▃▄▅▆▇█");
  EXPECT_EQ(Sparkline(std::vector<double>{0, std::nan(""), 5}, 60), "  █");
  EXPECT_EQ(Sparkline(std::vector<double>{0, 0}, 60), "  ");
  EXPECT_EQ(Sparkline({}, 60), "");
}

TEST(Shades, SparklinePutsNumbersTogetherByTheirMeans) {
  EXPECT_EQ(Sparkline(std::vector<double>{2, 2, 8, 8, 4, 4}, 3), "▂█▄");
  // What is missing counts for nothing, not as zero.
  EXPECT_EQ(Sparkline(std::vector<double>{8, std::nan(""), 4, 4}, 2), "█▄");
}

TEST(Shades, ShadesAreQuarters) {
  EXPECT_EQ(Shade(1, 100), "░");
  EXPECT_EQ(Shade(25, 100), "░");
  EXPECT_EQ(Shade(26, 100), "▒");
  EXPECT_EQ(Shade(74, 100), "▓");
  EXPECT_EQ(Shade(100, 100), "█");
  EXPECT_EQ(Shade(0, 100), "·");
  EXPECT_EQ(Shade(0, 0), "·");
  EXPECT_EQ(Shade(std::nan(""), 100), "?");
}

}  // namespace
}  // namespace flamekeep::cli
