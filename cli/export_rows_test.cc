#include "cli/export_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace flamekeep::cli {
namespace {

using testing::HasSubstr;

struct Node {
  uint32_t depth, name, file;
  uint64_t self;
};

v1::ExportResponse::Column Column(const std::vector<Node>& nodes) {
  v1::ExportResponse::Column column;
  column.mutable_bucket()->mutable_begin()->set_seconds(1'796'083'200);
  column.mutable_bucket()->mutable_end()->set_seconds(1'796'086'800);
  column.set_level(v1::LEVEL_HOUR);
  v1::Label* label = column.add_labels();
  label->set_name("entry_point");
  label->set_value("a \"b\"");
  for (const char* name : {"main", "x;\"y\"", "z"}) column.add_names(name);
  for (const char* file : {"", "/m.php"}) column.add_files(file);
  for (const Node& node : nodes) {
    column.add_depth(node.depth);
    column.add_name(node.name);
    column.add_file(node.file);
    column.add_self(node.self);
  }
  return column;
}

constexpr std::string_view kHead =
    R"({"begin":"2026-12-01T00:00:00Z","end":"2026-12-01T01:00:00Z","level":"hour","site":"eqiad",)"
    R"("profile_type":"cpu:samples:count::","labels":{"entry_point":"a \"b\""},"stack":)";

class ExportRowsTest : public testing::Test {
 protected:
  absl::Status Write(ExportRows* rows, const v1::ExportResponse::Column& column) {
    return rows->Write(column, [this](std::string_view row) {
      text_ += row;
      return absl::OkStatus();
    });
  }

  std::string text_;
};

TEST_F(ExportRowsTest, ARowForEachStack) {
  ExportRows rows(StackForm::kArray, "cpu:samples:count::");
  rows.Begin("eqiad");
  ASSERT_TRUE(Write(&rows, Column({{0, 0, 0, 4},
                                   {1, 0, 1, 0},
                                   {2, 1, 0, 5},
                                   {3, 0, 0, 1},
                                   {2, 2, 0, UINT64_MAX},
                                   {1, 2, 0, 2}}))
                  .ok());
  const std::string head(kHead);
  EXPECT_EQ(text_, head + "[],\"value\":4}\n" +  //
                       head + R"(["main","x;\"y\""],"files":["/m.php",""],"value":5})" + "\n" +
                       head + R"(["main","x;\"y\"","main"],"files":["/m.php","",""],"value":1})" +
                       "\n" + head +
                       R"(["main","z"],"files":["/m.php",""],"value":18446744073709551615})" +
                       "\n" + head + "[\"z\"],\"value\":2}\n");
  EXPECT_EQ(rows.rows(), 5u);
  EXPECT_EQ(rows.total(), UINT64_MAX);
  rows.Begin("codfw");
  EXPECT_EQ(rows.rows(), 0u);
}

TEST_F(ExportRowsTest, StacksAsText) {
  ExportRows rows(StackForm::kText, "cpu:samples:count::");
  rows.Begin("eqiad");
  ASSERT_TRUE(Write(&rows, Column({{1, 0, 1, 0}, {2, 1, 0, 5}})).ok());
  EXPECT_EQ(text_, std::string(kHead) + R"("main;x:\"y\"","value":5})" + "\n");
}

TEST_F(ExportRowsTest, AColumnGoesOnInTheNextMessage) {
  ExportRows rows(StackForm::kText, "cpu:samples:count::");
  rows.Begin("eqiad");
  ASSERT_TRUE(Write(&rows, Column({{1, 0, 0, 0}, {2, 2, 0, 1}})).ok());
  v1::ExportResponse::Column more;
  more.set_continued(true);
  more.add_names("new");
  more.add_depth(2);
  more.add_name(3);
  more.add_file(0);
  more.add_self(7);
  text_.clear();
  ASSERT_TRUE(Write(&rows, more).ok());
  EXPECT_EQ(text_, std::string(kHead) + "\"main;new\",\"value\":7}\n");
}

TEST_F(ExportRowsTest, WhatCanNotBeIsAnError) {
  for (const std::vector<Node>& nodes : std::vector<std::vector<Node>>{
           {{2, 0, 0, 1}}, {{1, 3, 0, 1}}, {{1, 0, 2, 1}}, {{1, 0, 0, 0}, {3, 0, 0, 1}}}) {
    ExportRows rows(StackForm::kArray, "cpu:samples:count::");
    rows.Begin("eqiad");
    EXPECT_EQ(Write(&rows, Column(nodes)).code(), absl::StatusCode::kDataLoss);
  }
  v1::ExportResponse::Column uneven = Column({{1, 0, 0, 1}});
  uneven.add_self(1);
  ExportRows rows(StackForm::kArray, "cpu:samples:count::");
  EXPECT_THAT(Write(&rows, uneven).message(), HasSubstr("damaged"));
}

}  // namespace
}  // namespace flamekeep::cli
