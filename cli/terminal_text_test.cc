#include "cli/terminal_text.h"

#include <gtest/gtest.h>

#include <string>

namespace flamekeep::cli {
namespace {

TEST(TerminalText, LeavesNothingThatATerminalObeys) {
  EXPECT_EQ(TerminalText("Foo::bar \xC3\xBC \xE6\xBC\xA2"), "Foo::bar \xC3\xBC \xE6\xBC\xA2");
  EXPECT_EQ(TerminalText("\x1b[31mred\n\t\x7f"), "\\x1b[31mred\\x0a\\x09\\x7f");
  EXPECT_EQ(TerminalText(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(TerminalText("\xC2\x9b"), "\\x9b");  // CSI in one character
  EXPECT_EQ(TerminalText("\xE2\x80\xAE"
                         "evil"),
            "\\u202eevil");  // right to left
  EXPECT_EQ(TerminalText("\xE2\x81\xA6"), "\\u2066");
  EXPECT_EQ(TerminalText("\xE2\x80\xA8"), "\\u2028");
}

TEST(TerminalText, ShowsBrokenUtf8ByteByByte) {
  EXPECT_EQ(TerminalText("\xff\xC3"), "\\xff\\xc3");
  EXPECT_EQ(TerminalText("\xC0\xAF"), "\\xc0\\xaf");  // too long a form
  EXPECT_EQ(TerminalText("\xE0\x80\xAF"), "\\xe0\\x80\\xaf");
  EXPECT_EQ(TerminalText("\xED\xA0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(TerminalText("\xF4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
}

TEST(TerminalText, IsMeasuredAndCut) {
  EXPECT_EQ(DisplayColumns(""), 0u);
  EXPECT_EQ(DisplayColumns("a\xC3\xBC"), 2u);
  EXPECT_EQ(DisplayColumns("\xE6\xBC\xA2"), 2u);
  EXPECT_EQ(DisplayColumns("e\xCC\x81"), 1u);  // with a combining accent
  EXPECT_EQ(CutToColumns("abcdef", 6), "abcdef");
  EXPECT_EQ(CutToColumns("abcdefg", 6), "abcd..");
  EXPECT_EQ(CutToColumns("\xE6\xBC\xA2\xE6\xBC\xA2\xE6\xBC\xA2", 5), "\xE6\xBC\xA2..");
  EXPECT_EQ(CutToColumns("abc", 2), "..");
}

}  // namespace
}  // namespace flamekeep::cli
