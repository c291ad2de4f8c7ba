// Text from elsewhere on a terminal: made harmless, measured, and cut.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_CLI_TERMINAL_TEXT_H_
#define FLAMEKEEP_CLI_TERMINAL_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace flamekeep::cli {

struct DecodedCharacter {
  uint32_t code = 0;
  size_t bytes = 0;       // at least 1
  bool valid = false;     // else `code` is one byte that begins no character
  bool harmless = false;  // for a terminal
};

// The first character of UTF-8 that is not empty.
DecodedCharacter DecodeCharacter(std::string_view text);

// UTF-8 without what a terminal obeys or what reorders a line: control characters, marks of writing
// direction, line separators and broken UTF-8 stand as \x1b or \u202e.
std::string TerminalText(std::string_view text);

// How many columns a terminal takes for UTF-8 without control characters: one a character, two for
// a wide one, none for a mark that combines.
size_t DisplayColumns(std::string_view text);

// The text, or as much of its begin as fits, with ".." behind it. REQUIRES: columns >= 2.
std::string CutToColumns(std::string_view text, size_t columns);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_TERMINAL_TEXT_H_
