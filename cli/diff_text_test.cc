#include "cli/diff_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace flamekeep::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

void SetCompared(double baseline, double now, v1::DiffVerdict verdict,
                 v1::DiffResponse::Compared* compared) {
  compared->set_baseline(static_cast<uint64_t>(baseline * 1000));
  compared->set_selection(static_cast<uint64_t>(now * 2000));
  compared->set_baseline_share(baseline);
  compared->set_selection_share(now);
  compared->set_difference(now - baseline);
  compared->set_standard_error(verdict == v1::DIFF_VERDICT_NOT_ENOUGH_DATA ? 0 : 0.01);
  compared->set_p_value(verdict == v1::DIFF_VERDICT_BEYOND_NOISE ? 1.25e-7 : 0.75);
  compared->set_verdict(verdict);
}

v1::DiffResponse MakeDiff() {
  v1::DiffResponse diff;
  diff.mutable_baseline()->set_total(1000);
  diff.mutable_coverage()->set_total(2000);
  diff.mutable_coverage()->set_unit("count");
  diff.set_baseline_buckets(60);
  diff.set_buckets(30);
  diff.set_function_count(1234);
  diff.set_beyond_noise(2);
  const auto add = [&](const char* function, const char* file, double baseline, double now,
                       v1::DiffVerdict verdict) {
    v1::DiffResponse::Function* out = diff.add_functions();
    out->set_function(function);
    out->set_file(file);
    SetCompared(baseline, now, verdict, out->mutable_total());
    SetCompared(0, 0, v1::DIFF_VERDICT_NOT_ENOUGH_DATA, out->mutable_self());
  };
  add("shrank", "", 0.5, 0.25, v1::DIFF_VERDICT_BEYOND_NOISE);
  add("grew", "a,b.php", 0.125, 0.25, v1::DIFF_VERDICT_BEYOND_NOISE);
  add("wobbles\x1b[2J", "", 0.25, 0.75, v1::DIFF_VERDICT_WITHIN_NOISE);
  add("rare", "", 0, 0.001, v1::DIFF_VERDICT_NOT_ENOUGH_DATA);
  return diff;
}

TEST(DiffText, Table) {
  const std::string text = DiffText(MakeDiff(), false, 10, TableFormat::kTable, 0);
  EXPECT_THAT(text, HasSubstr("  baseline     now  points        p  verdict       function"));
  EXPECT_THAT(text, HasSubstr("    50.00%  25.00%  -25.00  1.2e-07  beyond noise  shrank"));
  EXPECT_THAT(text, HasSubstr("    12.50%  25.00%  +12.50  1.2e-07  beyond noise  grew"));
  EXPECT_THAT(text,
              HasSubstr("    25.00%  75.00%  +50.00     0.75  noise         wobbles\\x1b[2J"));
  EXPECT_THAT(text, HasSubstr("     0.00%   0.10%   +0.10        -  too few       rare"));
  EXPECT_THAT(text, HasSubstr("2 of 1,234 functions beyond noise; 1,230 not shown\n"));
  EXPECT_THAT(text, HasSubstr("now:      2,000 samples in "));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  const std::string first = DiffText(MakeDiff(), false, 1, TableFormat::kTable, 0);
  EXPECT_THAT(first, Not(HasSubstr("grew")));
  EXPECT_THAT(first, HasSubstr("1,233 not shown"));
}

TEST(DiffText, Csv) {
  const std::string text = DiffText(MakeDiff(), false, 2, TableFormat::kCsv, 0);
  EXPECT_THAT(text, StartsWith("function,file,baseline_total,total,baseline_total_share,"
                               "total_share,total_difference,total_standard_error,total_p_value,"
                               "total_verdict,baseline_self,self,"));
  EXPECT_THAT(text, HasSubstr("\r\ngrew,\"a,b.php\",125,500,0.125,0.25,0.125,0.01,1.25e-07,"
                              "beyond_noise,0,0,0,0,0,,,not_enough_data\r\n"));
}

TEST(DiffText, JsonLines) {
  const std::string text = DiffText(MakeDiff(), false, 3, TableFormat::kJsonLines, 0);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_THAT(text, HasSubstr("\"function\":\"wobbles\\u001b[2J\""));
  EXPECT_THAT(text, HasSubstr("\"total_verdict\":\"within_noise\""));
  EXPECT_THAT(text, HasSubstr("\"self_p_value\":null"));
}

TEST(DiffText, WhatGrewAboveALimit) {
  const v1::DiffResponse diff = MakeDiff();
  EXPECT_EQ(GrowthAbove(diff, false, 0.02),
            "grew grew by 12.50 points, from 12.50% to 25.00%: more than 2");
  // What is above it must be beyond noise.
  EXPECT_EQ(GrowthAbove(diff, false, 0.125), "");
  EXPECT_EQ(GrowthAbove(diff, true, 0), "");
}

TEST(DiffText, NotEnoughData) {
  v1::DiffResponse diff = MakeDiff();
  EXPECT_EQ(NotEnoughDataText(diff), "");
  diff.set_buckets(5);
  EXPECT_EQ(NotEnoughDataText(diff), "");
  diff.set_buckets(4);
  EXPECT_THAT(NotEnoughDataText(diff), HasSubstr("60 buckets of the baseline and 4 of"));
}

}  // namespace
}  // namespace flamekeep::cli
