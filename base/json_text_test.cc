#include "base/json_text.h"

#include <gtest/gtest.h>

namespace flamekeep {
namespace {

std::string Json(std::string_view text) {
  std::string out = "x";
  AppendJsonString(text, &out);
  return out;
}

TEST(JsonTextTest, EscapesWhatMustBe) {
  EXPECT_EQ(Json(""), "x\"\"");
  EXPECT_EQ(Json("plain; text / é \x7f"), "x\"plain; text / é \x7f\"");
  EXPECT_EQ(Json("a\"b\\c"), "x\"a\\\"b\\\\c\"");
  EXPECT_EQ(Json(std::string_view("\0\x1f\n\t\r", 5)), "x\"\\u0000\\u001f\\n\\t\\u000d\"");
}

}  // namespace
}  // namespace flamekeep
