#include "cli/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace flamekeep::cli {
namespace {

TEST(RoundedBytesText, RoundsToOneDigit) {
  EXPECT_EQ(RoundedBytesText(0), "0 bytes");
  EXPECT_EQ(RoundedBytesText(999), "999 bytes");
  EXPECT_EQ(RoundedBytesText(1000), "1.0 kB");
  EXPECT_EQ(RoundedBytesText(999'949), "999.9 kB");
  EXPECT_EQ(RoundedBytesText(999'950), "1.0 MB");
  EXPECT_EQ(RoundedBytesText(2'870'000'000), "2.9 GB");
  EXPECT_EQ(RoundedBytesText(~uint64_t{0}), "18446.7 PB");
}

TEST(CountText, GroupsByThousands) {
  EXPECT_EQ(CountText(0), "0");
  EXPECT_EQ(CountText(999), "999");
  EXPECT_EQ(CountText(1000), "1,000");
  EXPECT_EQ(CountText(356'319), "356,319");
  EXPECT_EQ(CountText(1'234'567'890), "1,234,567,890");
}

class ProgressTest : public testing::Test {
 protected:
  std::string Run(Progress::Style style) {
    char* text = nullptr;
    size_t size = 0;
    std::FILE* out = open_memstream(&text, &size);
    absl::Time now = absl::UnixEpoch();
    {
      Progress progress(style, out, [&] { return now; });
      progress.Begin("a.log", 400'000'000);
      for (int i = 0; i <= 20; ++i, now += absl::Seconds(1)) progress.Update(i * 10'000'000);
      progress.End();
      progress.Say(out, "done");
    }
    std::fclose(out);
    std::string result(text, size);
    free(text);
    return result;
  }
};

TEST_F(ProgressTest, QuietSaysNothingOfItself) {
  EXPECT_EQ(Run(Progress::Style::kQuiet), "done\n");
}

TEST_F(ProgressTest, LinesComeNowAndThen) {
  EXPECT_EQ(Run(Progress::Style::kLines),
            "[######..................]  25%  100.0 MB of 400.0 MB  10.0 MB/s  31s left  a.log\n"
            "[############............]  50%  200.0 MB of 400.0 MB  10.0 MB/s  21s left  a.log\n"
            "done\n");
}

TEST_F(ProgressTest, TimeOfSamplesIsShownAsDays) {
  char* text = nullptr;
  size_t size = 0;
  std::FILE* out = open_memstream(&text, &size);
  absl::Time now = absl::UnixEpoch();
  {
    Progress progress(Progress::Style::kLines, out, [&] { return now; });
    progress.Begin("out", 40 * 1440, Progress::Unit::kMinutes);
    now += absl::Seconds(10);
    progress.Update(10 * 1440);
  }
  std::fclose(out);
  EXPECT_EQ(std::string(text, size),
            "[######..................]  25%  10.0 days of 40.0 days  1.0 days/s  31s left  out\n");
  free(text);
}

TEST_F(ProgressTest, BarIsRedrawnAndCleared) {
  const std::string text = Run(Progress::Style::kBar);
  EXPECT_THAT(text, testing::HasSubstr("\r\x1b[K[############............]  50%"));
  EXPECT_THAT(text, testing::EndsWith("\r\x1b[Kdone\n"));
  EXPECT_EQ(text.find('\n'), text.size() - 1);
}

}  // namespace
}  // namespace flamekeep::cli
