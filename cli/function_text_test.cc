#include "cli/function_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace flamekeep::cli {
namespace {

using testing::HasSubstr;

void SetCoverage(uint64_t total, v1::Coverage* coverage) {
  coverage->set_total(total);
  coverage->set_unit("count");
  coverage->mutable_covered()->mutable_begin()->set_seconds(1'795'219'200);
  coverage->mutable_covered()->mutable_end()->set_seconds(1'795'305'600);
}

void AddFunction(const char* function, const char* file, uint64_t self, uint64_t total,
                 v1::FunctionRow* row) {
  row->set_function(function);
  row->set_file(file);
  row->set_self(self);
  row->set_total(total);
  row->set_self_share(static_cast<double>(self) / 2000);
  row->set_total_share(static_cast<double>(total) / 2000);
}

TEST(FunctionText, Top) {
  v1::TopResponse top;
  SetCoverage(2000, top.mutable_coverage());
  AddFunction("parse", "", 1200, 1400, top.add_rows());
  AddFunction("evil\x1b[2J", "", 1, 2000, top.add_rows());
  top.set_rows_left_out(1);
  top.set_self_left_out(799);
  EXPECT_EQ(TopText(top, false, {}),
            "   self   share  total    share  function\n"
            "  1,200  60.00%  1,400   70.00%  parse\n"
            "      1   0.05%  2,000  100.00%  evil\\x1b[2J\n"
            "\n2 functions of 2,000 samples in 2026-11-21T00:00Z to 2026-11-22T00:00Z; 1 more "
            "function, with 799 (39.95%) by themselves\n");
  // Programs get all columns, and nothing else.
  EXPECT_EQ(TopText(top, false, {.format = TableFormat::kCsv}),
            "self,self_share,total,total_share,function,file\r\n"
            "1200,0.6,1400,0.7,parse,\r\n"
            "1,0.0005,2000,1,evil\x1b[2J,\r\n");
  EXPECT_THAT(TopText(top, false, {.format = TableFormat::kJsonLines}),
              HasSubstr(R"("total_share":1,"function":"evil\u001b[2J","file":""})"));
  // Bars show what the table is sorted by.
  const std::string by_self = TopText(top, false, {.width = 100});
  EXPECT_THAT(by_self, HasSubstr("60.00%  ########################  1,400"));
  const std::string by_total = TopText(top, true, {.width = 100});
  EXPECT_THAT(by_total, HasSubstr("100.00%  ########################  evil"));
}

TEST(FunctionText, FilesAreShownWhereThereAreAny) {
  v1::TopResponse top;
  SetCoverage(2000, top.mutable_coverage());
  AddFunction("a", "x.php", 1, 1, top.add_rows());
  AddFunction("a", "", 1, 1, top.add_rows());
  EXPECT_THAT(TopText(top, false, {}), HasSubstr("function  file\n"));
  EXPECT_THAT(TopText(top, false, {}), HasSubstr("a         x.php\n"));
}

TEST(FunctionText, Search) {
  v1::SearchResponse search;
  SetCoverage(2000, search.mutable_coverage());
  AddFunction("parse", "", 500, 1000, search.add_rows());
  search.set_matched_total(1000);
  search.set_matched_share(0.5);
  EXPECT_EQ(SearchText(search, true, {}),
            "  self   share  total   share  function\n"
            "   500  25.00%  1,000  50.00%  parse\n"
            "\n1 function match; 1,000 (50.00%) of 2,000 samples in 2026-11-21T00:00Z to "
            "2026-11-22T00:00Z hold any\n");
}

TEST(FunctionText, Sandwich) {
  v1::SandwichResponse sandwich;
  SetCoverage(2000, sandwich.mutable_coverage());
  sandwich.set_total(1000);
  sandwich.set_total_share(0.5);
  sandwich.set_self(10);
  sandwich.set_self_share(0.005);
  const auto fill = [](const char* other, v1::FlameGraphResponse* graph) {
    for (const char* name : {"all", "parse", other}) graph->add_names(name);
    graph->add_files("");
    graph->add_files("x.php");
    for (uint32_t i = 0; i < 3; ++i) {
      graph->add_depth(i);
      graph->add_name(i);
      graph->add_file(i == 2 ? 1 : 0);
      graph->add_total(1000 - i);
      graph->add_self(i);
    }
  };
  fill("main", sandwich.mutable_callers());
  fill("lex", sandwich.mutable_callees());
  sandwich.mutable_callees()->set_cut_nodes(3);
  sandwich.mutable_callees()->set_cut_total(20);
  EXPECT_EQ(SandwichText(sandwich, "parse", {}),
            "parse: 1,000 (50.00%) of 2,000 samples in 2026-11-21T00:00Z to 2026-11-22T00:00Z, 10 "
            "(0.50%) by itself\n"
            "\nWho calls it:\n"
            "  total   share  self  function\n"
            "    999  49.95%     1  parse\n"
            "    998  49.90%     2    main (x.php)\n"
            "\nWhat it calls:\n"
            "  total   share  self  function\n"
            "    999  49.95%     1  parse\n"
            "    998  49.90%     2    lex (x.php)\n"
            "  and 3 more, with 20 (1.00%)\n");
  EXPECT_EQ(SandwichText(sandwich, "parse", {.format = TableFormat::kCsv}),
            "side,depth,total,total_share,self,function,file\r\n"
            "callers,1,999,0.4995,1,parse,\r\n"
            "callers,2,998,0.499,2,main,x.php\r\n"
            "callees,1,999,0.4995,1,parse,\r\n"
            "callees,2,998,0.499,2,lex,x.php\r\n");
  EXPECT_EQ(
      SandwichText(v1::SandwichResponse(), "x\n", {}),
      "x\\x0a: 0 (0.00%) of 0 samples in 1970-01-01T00:00Z to 1970-01-01T00:00Z, 0 (0.00%) by "
      "itself\n");
}

TEST(FunctionText, Compare) {
  v1::CompareResponse comparison;
  SetCoverage(2000, comparison.mutable_coverage());
  const auto add = [&](const char* value, uint64_t total, uint64_t of_function) {
    v1::CompareResponse::Row* row = comparison.add_rows();
    row->set_value(value);
    row->set_observations(total / 2);
    row->set_total(total);
    row->set_total_share(static_cast<double>(total) / 2000);
    row->set_function_total(of_function);
    row->set_function_share(static_cast<double>(of_function) / static_cast<double>(total));
  };
  add("1.46", 1500, 300);
  add("", 400, 400);
  comparison.set_rows_left_out(2);
  comparison.set_total_left_out(100);
  EXPECT_EQ(CompareText(comparison, "wmf_version", true, {}),
            "  wmf_version  samples  total   share  function  its share\n"
            "  1.46             750  1,500  75.00%       300     20.00%\n"
            "  (none)           200    400  20.00%       400    100.00%\n"
            "\n2 values of 2,000 samples in 2026-11-21T00:00Z to 2026-11-22T00:00Z; 2 more, with "
            "100\n");
  EXPECT_EQ(CompareText(comparison, "wmf_version", false, {.format = TableFormat::kCsv}),
            "value,observations,total,total_share\r\n1.46,750,1500,0.75\r\n,200,400,0.2\r\n");
  EXPECT_EQ(
      CompareText(comparison, "wmf_version", true, {.format = TableFormat::kJsonLines}),
      R"({"value":"1.46","observations":750,"total":1500,"total_share":0.75,"function_total":300,)"
      R"("function_share":0.2})"
      "\n"
      R"({"value":"","observations":200,"total":400,"total_share":0.2,"function_total":400,)"
      R"("function_share":1})"
      "\n");
}

}  // namespace
}  // namespace flamekeep::cli
