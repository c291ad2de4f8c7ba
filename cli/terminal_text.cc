#include "cli/terminal_text.h"

#include <fmt/format.h>

#include <cstdint>

namespace flamekeep::cli {
namespace {

constexpr std::string_view kCutMark = "..";

bool IsHarmless(uint32_t code) {
  if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return false;       // control characters
  if (code == 0x061c || code == 0x200e || code == 0x200f) return false;  // writing direction
  if (code >= 0x2028 && code <= 0x202e) return false;  // separators, writing direction
  return code < 0x2066 || code > 0x2069;               // writing direction
}

size_t ColumnsOf(uint32_t code) {
  if (code < 0x300) return 1;
  const auto in = [code](uint32_t first, uint32_t last) { return code >= first && code <= last; };
  if (in(0x300, 0x36f) || in(0x200b, 0x200d) || in(0x20d0, 0x20ff) || in(0xfe00, 0xfe0f)) return 0;
  if (in(0x1100, 0x115f) || in(0x2e80, 0x303e) || in(0x3041, 0xa4cf) || in(0xac00, 0xd7a3) ||
      in(0xf900, 0xfaff) || in(0xfe30, 0xfe6f) || in(0xff00, 0xff60) || in(0xffe0, 0xffe6) ||
      in(0x1f300, 0x1f64f) || in(0x1f900, 0x1f9ff) || in(0x20000, 0x3fffd)) {
    return 2;
  }
  return 1;
}

}  // namespace

DecodedCharacter DecodeCharacter(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const DecodedCharacter broken = {.code = lead, .bytes = 1};
  if (lead < 0x80) {
    return {.code = lead, .bytes = 1, .valid = true, .harmless = IsHarmless(lead)};
  }
  const size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return broken;
  uint32_t code = lead & (0x7fu >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return broken;
    code = code << 6 | (byte(i) & 0x3fu);
  }
  const bool too_long = (bytes == 3 && code < 0x800) || (bytes == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (too_long || surrogate || code > 0x10ffff) return broken;
  return {.code = code, .bytes = bytes, .valid = true, .harmless = IsHarmless(code)};
}

std::string TerminalText(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const DecodedCharacter character = DecodeCharacter(text);
    if (character.harmless) {
      out += text.substr(0, character.bytes);
    } else if (character.code < 0x100) {
      out += fmt::format("\\x{:02x}", character.code);
    } else {
      out += fmt::format("\\u{:04x}", character.code);
    }
    text.remove_prefix(character.bytes);
  }
  return out;
}

size_t DisplayColumns(std::string_view text) {
  size_t columns = 0;
  while (!text.empty()) {
    const DecodedCharacter character = DecodeCharacter(text);
    columns += ColumnsOf(character.code);
    text.remove_prefix(character.bytes);
  }
  return columns;
}

std::string CutToColumns(std::string_view text, size_t columns) {
  if (DisplayColumns(text) <= columns) return std::string(text);
  size_t end = 0;
  size_t used = kCutMark.size();
  while (end < text.size()) {
    const DecodedCharacter character = DecodeCharacter(text.substr(end));
    used += ColumnsOf(character.code);
    if (used > columns) break;
    end += character.bytes;
  }
  return std::string(text.substr(0, end)).append(kCutMark);
}

}  // namespace flamekeep::cli
