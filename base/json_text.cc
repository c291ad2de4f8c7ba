#include "base/json_text.h"

#include <fmt/format.h>

#include <iterator>

namespace flamekeep {
namespace {

constexpr unsigned char kFirstPrintable = 0x20;

bool IsPlain(char c) {
  return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= kFirstPrintable;
}

void AppendEscaped(char c, std::string* out) {
  switch (c) {
    case '"':
    case '\\':
      *out += '\\';
      *out += c;
      return;
    case '\n':
      *out += "\\n";
      return;
    case '\t':
      *out += "\\t";
      return;
    default:
      fmt::format_to(std::back_inserter(*out), "\\u{:04x}", static_cast<unsigned char>(c));
  }
}

}  // namespace

void AppendJsonString(std::string_view text, std::string* out) {
  *out += '"';
  size_t begin = 0;  // of what is not copied yet
  for (size_t i = 0; i < text.size(); ++i) {
    if (IsPlain(text[i])) continue;
    *out += text.substr(begin, i - begin);
    AppendEscaped(text[i], out);
    begin = i + 1;
  }
  *out += text.substr(begin);
  *out += '"';
}

}  // namespace flamekeep
