#include "cli/json.h"

#include <gtest/gtest.h>

namespace flamekeep::cli {
namespace {

TEST(Json, Strings) {
  EXPECT_EQ(JsonString(""), "\"\"");
  EXPECT_EQ(JsonString("a\"b\n"), "\"a\\\"b\\u000a\"");
  EXPECT_EQ(JsonString("\\ \xC3\xBC \x7f \xE2\x80\xAE \xff"),
            "\"\\\\ \xC3\xBC \\u007f \\u202e \\ufffd\"");
}

}  // namespace
}  // namespace flamekeep::cli
