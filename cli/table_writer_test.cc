#include "cli/table_writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "cli/terminal_text.h"

namespace flamekeep::cli {
namespace {

constexpr uint64_t kLargest = std::numeric_limits<uint64_t>::max();

TableWriter Functions() {
  TableWriter writer(
      {{"function"}, {"self", CellStyle::kNumber}, {"self_share", CellStyle::kShare}});
  writer.AddRow({"parse", uint64_t{1500}, 0.5});
  writer.AddRow({"walk \"a, b\"", kLargest, 0.25});
  writer.AddRow({"two\nlines\x1b", uint64_t{0}, 0.0});
  return writer;
}

TEST(TableWriter, WritesTables) {
  EXPECT_EQ(Functions().Text(TableFormat::kTable),
            "  function                                self  self share\n"
            "  parse                                  1,500      50.00%\n"
            "  walk \"a, b\"       18,446,744,073,709,551,615      25.00%\n"
            "  two\\x0alines\\x1b                           0       0.00%\n");
}

TEST(TableWriter, WritesCsvThatReadersTake) {
  EXPECT_EQ(Functions().Text(TableFormat::kCsv),
            "function,self,self_share\r\n"
            "parse,1500,0.5\r\n"
            "\"walk \"\"a, b\"\"\",18446744073709551615,0.25\r\n"
            "\"two\nlines\x1b\",0,0\r\n");
  // A terminal obeys nothing of it.
  const std::string shown = Functions().Text(TableFormat::kCsv, {.width = 80});
  EXPECT_NE(shown.find("two\\x0alines\\x1b,0,0"), std::string::npos) << shown;
}

TEST(TableWriter, WritesJsonLines) {
  EXPECT_EQ(Functions().Text(TableFormat::kJsonLines),
            R"({"function":"parse","self":1500,"self_share":0.5}
{"function":"walk \"a, b\"","self":18446744073709551615,"self_share":0.25}
{"function":"two\u000alines\u001b","self":0,"self_share":0}
)");
}

TEST(TableWriter, TellsWhatIsMissing) {
  TableWriter writer({{"when"}, {"value", CellStyle::kNumber}, {"is_noise"}});
  writer.AddRow({"a", std::monostate(), true});
  writer.AddRow({"b", std::nan(""), false});
  writer.AddRow({"c", int64_t{-1234}, std::monostate()});
  writer.AddRow({"d", std::numeric_limits<int64_t>::min(), true});
  EXPECT_EQ(writer.Text(TableFormat::kCsv),
            "when,value,is_noise\r\na,,true\r\nb,,false\r\nc,-1234,\r\n"
            "d,-9223372036854775808,true\r\n");
  EXPECT_EQ(writer.Text(TableFormat::kJsonLines),
            R"({"when":"a","value":null,"is_noise":true}
{"when":"b","value":null,"is_noise":false}
{"when":"c","value":-1234,"is_noise":null}
{"when":"d","value":-9223372036854775808,"is_noise":true}
)");
  EXPECT_EQ(writer.Text(TableFormat::kTable),
            "  when                       value  is noise\n"
            "  a                              -  yes\n"
            "  b                              -  no\n"
            "  c                         -1,234  -\n"
            "  d     -9,223,372,036,854,775,808  yes\n");
}

TEST(TableWriter, WithoutRowsHasItsHead) {
  const TableWriter writer({{"function"}, {"self", CellStyle::kNumber}});
  EXPECT_EQ(writer.Text(TableFormat::kTable), "  function  self\n");
  EXPECT_EQ(writer.Text(TableFormat::kCsv), "function,self\r\n");
  EXPECT_EQ(writer.Text(TableFormat::kJsonLines), "");
}

TEST(TableWriter, FitsATerminal) {
  TableWriter writer({{"function"}, {"file"}, {"share", CellStyle::kShare}});
  writer.AddRow({std::string(200, 'f'), std::string(90, 'p'), 0.5});
  writer.AddRow({"\xE6\xBC\xA2\xE6\xBC\xA2", "short", 0.25});
  for (const size_t width : {40u, 80u, 120u, 400u}) {
    const std::string text = writer.Text(TableFormat::kTable, {.width = width, .bar_of = 2});
    size_t most = 0;
    for (const std::string& line : std::vector<std::string>(absl::StrSplit(text, '\n'))) {
      most = std::max(most, DisplayColumns(line));
    }
    EXPECT_LE(most, width) << text;
  }
  const std::string wide = writer.Text(TableFormat::kTable, {.width = 400, .bar_of = 2});
  EXPECT_NE(wide.find("50.00%  ########################\n"), std::string::npos) << wide;
  EXPECT_NE(wide.find("25.00%  ############\n"), std::string::npos) << wide;
  // Columns that can not give way stay whole.
  EXPECT_NE(writer.Text(TableFormat::kTable, {.width = 5}).find("50.00%"), std::string::npos);
}

TEST(TableWriter, KnowsItsFormats) {
  std::vector<TableFormat> formats;
  for (const std::string& name : TableFormatNames()) formats.push_back(TableFormatNamed(name));
  EXPECT_EQ(formats,
            (std::vector{TableFormat::kTable, TableFormat::kCsv, TableFormat::kJsonLines}));
  EXPECT_EQ(TableFormatNamed(""), TableFormat::kTable);
}

}  // namespace
}  // namespace flamekeep::cli
