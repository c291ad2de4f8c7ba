#include "cli/series_text.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "cli/terminal_text.h"

namespace flamekeep::cli {
namespace {

using ::testing::HasSubstr;

template <typename Message>
Message Read(const char* text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

constexpr char kPoints[] = R"pb(
  step { unit: LEVEL_HOUR count: 1 }
  edges { seconds: 1795219200 }
  edges { seconds: 1795222800 }
  edges { seconds: 1795226400 }
  groups {
    totals: [ 100, 0 ]
    observations: [ 10, 0 ]
    values: [ 25, 0 ]
    selfs: [ 5, 0 ]
    total: 100
    all_observations: 10
    value: 25
    self: 5
  })pb";

constexpr char kGroups[] = R"pb(
  step { unit: LEVEL_HOUR count: 1 }
  edges { seconds: 1795219200 }
  edges { seconds: 1795222800 }
  edges { seconds: 1795226400 }
  wide_points: 1
  groups {
    labels: [ "eqiad", "in\x1b\"dex" ]
    totals: [ 1, 8 ]
    observations: [ 1, 2 ]
    total: 9
    all_observations: 3
  }
  groups_left_out: 3
  rest {
    totals: [ 2, 0 ]
    observations: [ 2, 0 ]
    total: 2
    all_observations: 2
  })pb";

TEST(SeriesText, ARowForEachPoint) {
  const auto request = Read<v1::SeriesRequest>("function { function: 'f' }");
  const auto response = Read<v1::SeriesResponse>(kPoints);
  EXPECT_EQ(SeriesText(request, response, TableFormat::kTable, 0),
            "  begin              total  samples  value  self   share\n"
            "  2026-11-21T00:00Z    100       10     25     5  25.00%\n"
            "  2026-11-21T01:00Z      0        0      0     0       -\n");
  EXPECT_EQ(SeriesText(request, response, TableFormat::kCsv, 0),
            "begin,end,total,observations,value,self,share\r\n"
            "2026-11-21T00:00Z,2026-11-21T01:00Z,100,10,25,5,0.25\r\n"
            "2026-11-21T01:00Z,2026-11-21T02:00Z,0,0,0,0,\r\n");
  EXPECT_THAT(SeriesText(request, response, TableFormat::kJsonLines, 0),
              HasSubstr("\"value\":25,\"self\":5,\"share\":0.25}\n"));
  // On a terminal, with bars that fit.
  EXPECT_THAT(SeriesText(request, response, TableFormat::kTable, 80),
              HasSubstr("25.00%  ####################"));
  EXPECT_EQ(WidePointsNote(response), "");
}

TEST(SeriesText, ALineForEachGroup) {
  const auto request = Read<v1::SeriesRequest>("by: 'site' by: 'total'");
  const auto response = Read<v1::SeriesResponse>(kGroups);
  EXPECT_EQ(SeriesText(request, response, TableFormat::kTable, 0),
            "  site      total       total  samples  course\n"
            "  eqiad     in\\x1b\"dex      9        3  ▁█\n"
            "  (3 more)                  2        2  █\n");
  // A label that is called like a number keeps out of its way.
  EXPECT_EQ(SeriesText(request, response, TableFormat::kCsv, 0),
            "begin,end,site,label_total,rest,total,observations\r\n"
            "2026-11-21T00:00Z,2026-11-21T01:00Z,eqiad,\"in\x1b\"\"dex\",false,1,1\r\n"
            "2026-11-21T01:00Z,2026-11-21T02:00Z,eqiad,\"in\x1b\"\"dex\",false,8,2\r\n"
            "2026-11-21T00:00Z,2026-11-21T01:00Z,,,true,2,2\r\n"
            "2026-11-21T01:00Z,2026-11-21T02:00Z,,,true,0,0\r\n");
  EXPECT_THAT(SeriesText(request, response, TableFormat::kJsonLines, 0),
              HasSubstr("\"site\":null,\"label_total\":null,\"rest\":true,\"total\":0"));
  EXPECT_EQ(WidePointsNote(response),
            "1 of 2 points are longer than a step of 1 hour: the store keeps no finer buckets "
            "there");
}

TEST(SeriesText, FitsTheTerminal) {
  const auto request = Read<v1::SeriesRequest>("by: 'site' by: 'entry_point'");
  auto response = Read<v1::SeriesResponse>(kGroups);
  response.mutable_groups(0)->set_labels(1, std::string(200, 'x'));
  for (int i = 0; i < 200; ++i) {
    response.mutable_edges()->Add()->set_seconds(1795226400 + 3600 * (i + 1));
    response.mutable_groups(0)->add_totals(static_cast<uint64_t>(i));
    response.mutable_groups(0)->add_observations(1);
  }
  for (const size_t columns : {60u, 80u, 120u}) {
    const std::string text = SeriesText(request, response, TableFormat::kTable, columns);
    const std::vector<std::string> lines = absl::StrSplit(text, '\n');
    for (const std::string& line : lines) EXPECT_LE(DisplayColumns(line), columns) << line;
    EXPECT_THAT(text, HasSubstr("█"));
  }
}

}  // namespace
}  // namespace flamekeep::cli
