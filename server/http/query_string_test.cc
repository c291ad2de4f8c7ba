#include "server/http/query_string.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace flamekeep::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(QueryStringTest, DecodesNamesAndValues) {
  const auto query = QueryString::Parse("a=1&b=%7Bx%3D%22+%2B%22%7d&a=2&&c&%64=e=f");
  ASSERT_TRUE(query.ok()) << query.status();
  EXPECT_EQ(query->Get("a"), "1");
  EXPECT_THAT(query->All("a"), ElementsAre("1", "2"));
  EXPECT_EQ(query->Get("b"), "{x=\" +\"}");
  EXPECT_TRUE(query->Has("c"));
  EXPECT_EQ(query->Get("c"), "");
  EXPECT_EQ(query->Get("d"), "e=f");
  EXPECT_FALSE(query->Has("e"));
}

TEST(QueryStringTest, RefusesBrokenEscapesAndTooMuch) {
  for (const char* text : {"a=%", "a=%4", "a=%4g", "%zz=1", "a=b%2"}) {
    const auto query = QueryString::Parse(text);
    EXPECT_EQ(query.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(query.status().message()), HasSubstr("%25"));
  }
  std::string many;
  for (int i = 0; i < 257; ++i) many += "a=1&";
  EXPECT_FALSE(QueryString::Parse(many).ok());
}

TEST(QueryStringTest, TakesTextOnly) {
  EXPECT_EQ(QueryString::Parse("a=%C3%A9%0A%F0%9F%98%80")->Get("a"), "\xc3\xa9\n\xf0\x9f\x98\x80");
  for (const char* text : {"a=%ff", "a=%C3", "a=%C0%80", "%80=1", "a=%ED%A0%80", "a=\xff"}) {
    EXPECT_EQ(QueryString::Parse(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(QueryStringTest, TellsWhatIsMisspelt) {
  const auto query = QueryString::Parse("from=now&form=svg");
  EXPECT_TRUE(query->CheckNames({"from", "form"}).ok());
  EXPECT_THAT(std::string(query->CheckNames({"from", "format"}).message()),
              HasSubstr("no parameter \"form\" here: use from, format"));
}

}  // namespace
}  // namespace flamekeep::server
