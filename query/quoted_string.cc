#include "query/quoted_string.h"

#include <cstdint>
#include <optional>

#include "base/status.h"

namespace flamekeep::query {
namespace {

constexpr size_t kMaxPrintedBytes = 100;

std::optional<uint32_t> Digit(char c, uint32_t base) {
  uint32_t digit = base;
  if (c >= '0' && c <= '9') digit = static_cast<uint32_t>(c - '0');
  if (c >= 'a' && c <= 'f') digit = static_cast<uint32_t>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') digit = static_cast<uint32_t>(c - 'A') + 10;
  if (digit >= base) return std::nullopt;
  return digit;
}

// Reads exactly `count` digits at *place.
absl::StatusOr<uint32_t> Number(std::string_view text, int count, uint32_t base, size_t* place) {
  uint32_t number = 0;
  for (int i = 0; i < count; ++i, ++*place) {
    const auto digit = *place < text.size() ? Digit(text[*place], base) : std::nullopt;
    if (!digit) {
      return InvalidArgument("expected {} {} digits in the escape", count,
                             base == 8 ? "octal" : "hexadecimal");
    }
    number = number * base + *digit;
  }
  return number;
}

char SimpleEscape(char c) {
  switch (c) {
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    case '\\':
    case '"':
    case '\'':
      return c;
    default:
      return 0;
  }
}

absl::Status AppendCodePoint(std::string_view text, int digits, size_t* place, std::string* out) {
  const size_t begin = *place;
  FLAMEKEEP_ASSIGN_OR_RETURN(const uint32_t code_point, Number(text, digits, 16, place));
  if (code_point > 0x10ffff || (code_point >= 0xd800 && code_point < 0xe000)) {
    *place = begin;
    return InvalidArgument("expected a Unicode character, found U+{:04X}", code_point);
  }
  AppendUtf8(code_point, out);
  return absl::OkStatus();
}

// Reads what stands behind a backslash.
absl::Status AppendEscape(std::string_view text, size_t* place, std::string* out) {
  if (*place == text.size()) return InvalidArgument("expected an escape, found the end");
  const char c = text[*place];
  if (const char simple = SimpleEscape(c)) {
    out->push_back(simple);
    ++*place;
    return absl::OkStatus();
  }
  if (c == 'u' || c == 'U') {
    ++*place;
    return AppendCodePoint(text, c == 'u' ? 4 : 8, place, out);
  }
  const bool octal = Digit(c, 8).has_value();
  if (c != 'x' && !octal) {
    return InvalidArgument("expected an escape, found {} (write \\\\ for a backslash)",
                           Printable(text.substr(*place, 1)));
  }
  const size_t begin = *place;
  if (c == 'x') ++*place;
  FLAMEKEEP_ASSIGN_OR_RETURN(const uint32_t byte,
                             Number(text, octal ? 3 : 2, octal ? 8 : 16, place));
  if (byte > 0xff) {
    *place = begin;
    return InvalidArgument("expected an octal escape of at most \\377");
  }
  out->push_back(static_cast<char>(byte));
  return absl::OkStatus();
}

void AppendPrintable(char c, std::string* out) {
  if (c >= 0x20 && c < 0x7f) {
    out->push_back(c);
  } else {
    *out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
}

}  // namespace

void AppendUtf8(uint32_t code_point, std::string* out) {
  const auto tail = [&](int shift) {
    out->push_back(static_cast<char>(0x80 | ((code_point >> shift) & 0x3f)));
  };
  if (code_point < 0x80) {
    out->push_back(static_cast<char>(code_point));
  } else if (code_point < 0x800) {
    out->push_back(static_cast<char>(0xc0 | code_point >> 6));
    tail(0);
  } else if (code_point < 0x10000) {
    out->push_back(static_cast<char>(0xe0 | code_point >> 12));
    tail(6);
    tail(0);
  } else {
    out->push_back(static_cast<char>(0xf0 | code_point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

absl::StatusOr<std::string> ParseQuotedString(std::string_view text, size_t* place) {
  const char quote = *place < text.size() ? text[*place] : '\0';
  if (quote != '"' && quote != '\'' && quote != '`') {
    return InvalidArgument("expected a quoted value, found {}",
                           *place < text.size() ? Printable(text.substr(*place, 1)) : "the end");
  }
  ++*place;
  std::string value;
  while (*place < text.size()) {
    const char c = text[(*place)++];
    if (c == quote) return value;
    if (c == '\\' && quote != '`') {
      FLAMEKEEP_RETURN_IF_ERROR(AppendEscape(text, place, &value));
    } else {
      value.push_back(c);
    }
  }
  return InvalidArgument("expected the closing {}, found the end", quote);
}

std::string Printable(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, kMaxPrintedBytes)) {
    if (c == '"' || c == '\\') out.push_back('\\');
    AppendPrintable(c, &out);
  }
  out += text.size() > kMaxPrintedBytes ? "...\"" : "\"";
  return out;
}

std::string PrintableText(std::string_view text) {
  std::string out;
  for (const char c : text) AppendPrintable(c, &out);
  return out;
}

}  // namespace flamekeep::query
