#include "cli/heat_map_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "cli/terminal_text.h"

namespace flamekeep::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using States = v1::HeatCells;

// From 2026-11-20 on, a Friday; every hour is 10 x (hour + 1), and a tenth of it the function's.
v1::HeatMapResponse Map(int days) {
  v1::HeatMapResponse map;
  map.mutable_first_day()->set_seconds(1795132800);
  const auto add = [](v1::HeatCells* cells, uint64_t total) {
    cells->add_states(States::STATE_KNOWN);
    cells->add_totals(total);
    cells->add_observations(total);
    cells->add_values(total / 10);
    cells->add_selfs(1);
  };
  for (int day = 0; day < days; ++day) {
    add(map.mutable_days(), 3000);
    for (uint64_t hour = 0; hour < 24; ++hour) add(map.mutable_hours(), 10 * (hour + 1));
  }
  return map;
}

void Set(v1::HeatCells* cells, int index, v1::HeatCells::State state) {
  cells->set_states(index, state);
  cells->set_totals(index, 0);
  cells->set_observations(index, 0);
  cells->set_values(index, 0);
  cells->set_selfs(index, 0);
}

TEST(HeatMapText, DrawsDays) {
  v1::HeatMapResponse map = Map(2);
  Set(map.mutable_hours(), 0, States::STATE_OUTSIDE);
  Set(map.mutable_hours(), 1, States::STATE_UNKNOWN);
  map.mutable_hours()->set_totals(2, 0);
  map.set_unknown_hours(1);
  EXPECT_EQ(HeatMapDrawing({}, map, 60),
            "                0     6     12    18           total\n"
            "2026-11-20 Fri   ?·░░░▒▒▒▒▒▒▓▓▓▓▓▓██████       3,000\n"
            "2026-11-21 Sat  ░░░░░░▒▒▒▒▒▒▓▓▓▓▓▓██████       3,000\n"
            "░ up to 60  ▒ up to 120  ▓ up to 180  █ up to 240  · nothing  "
            "? hours that are not kept or known\n");
  // Two columns an hour where there is room.
  EXPECT_THAT(HeatMapDrawing({}, map, 100), HasSubstr("Sat  ░░░░░░░░░░░░▒▒"));
  // And none for the sum where there is not.
  EXPECT_THAT(HeatMapDrawing({}, map, 41), Not(HasSubstr("3,000")));
}

TEST(HeatMapText, DrawsTheShareOfAFunction) {
  v1::HeatMapRequest request;
  request.mutable_function()->set_function("f");
  const std::string text = HeatMapDrawing(request, Map(1), 80);
  EXPECT_THAT(text, HasSubstr("2026-11-20 Fri  ████"));
  EXPECT_THAT(text, HasSubstr("10.00%\n"));
  EXPECT_THAT(text, HasSubstr("█ up to 10.00%"));
  // Of nothing there is no share.
  v1::HeatMapResponse empty = Map(1);
  Set(empty.mutable_days(), 0, States::STATE_KNOWN);
  EXPECT_THAT(HeatMapDrawing(request, empty, 80), HasSubstr("           -\n"));
}

TEST(HeatMapText, LongRangesAreWeeksAndMonths) {
  const auto lines = [](const std::string& text) {
    return std::vector<std::string>(absl::StrSplit(text, '\n', absl::SkipEmpty()));
  };
  const std::vector<std::string> weeks = lines(HeatMapDrawing({}, Map(100), 80));
  EXPECT_THAT(weeks[1], testing::StartsWith("2026-11-16  "));  // the Monday before
  EXPECT_THAT(weeks[2], testing::StartsWith("2026-11-23  "));
  EXPECT_THAT(weeks[2], HasSubstr("21,000"));
  EXPECT_EQ(weeks.size(), 1 + 15 + 1);
  const std::vector<std::string> months = lines(HeatMapDrawing({}, Map(4000), 80));
  EXPECT_THAT(months[1], testing::StartsWith("2026-11  "));
  EXPECT_THAT(months[2], HasSubstr("93,000"));
  for (const std::string& line : months) EXPECT_LE(DisplayColumns(line), 80);
}

TEST(HeatMapText, SaysWhatIsNotKnown) {
  v1::HeatMapResponse map = Map(2);
  for (int hour = 0; hour < 48; ++hour) Set(map.mutable_hours(), hour, States::STATE_UNKNOWN);
  Set(map.mutable_days(), 1, States::STATE_UNKNOWN);
  map.set_unknown_hours(48);
  EXPECT_EQ(HeatMapDrawing({}, map, 60),
            "                0     6     12    18           total\n"
            "2026-11-20 Fri  ????????????????????????       3,000\n"
            "2026-11-21 Sat  ????????????????????????           ?\n"
            "? hours that are not kept or known\n");
  EXPECT_EQ(HeatMapRows({}, map).Text(TableFormat::kCsv),
            "day,hour,total,observations\r\n"
            "2026-11-20,,3000,3000\r\n"
            "2026-11-21,,,\r\n");
}

TEST(HeatMapText, RowsOfHours) {
  v1::HeatMapRequest request;
  request.mutable_function()->set_function("f");
  const std::string text = HeatMapRows(request, Map(1)).Text(TableFormat::kCsv);
  EXPECT_THAT(text, HasSubstr("day,hour,total,observations,value,self,share\r\n"
                              "2026-11-20,0,10,10,1,1,0.1\r\n"));
  EXPECT_THAT(text, HasSubstr("2026-11-20,23,240,240,24,1,0.1\r\n"));
}

}  // namespace
}  // namespace flamekeep::cli
