#include "query/svg_text.h"

#include <fmt/format.h>

#include <optional>

#include "query/quoted_string.h"

namespace flamekeep::query {
namespace {

constexpr std::string_view kEllipsis = "\xe2\x80\xa6";

// Takes a character off the front of `text`; nothing where it does not begin with well-formed
// UTF-8.
std::optional<uint32_t> TakeCharacter(std::string_view* text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>((*text)[i]); };
  const unsigned char first = byte(0);
  size_t size = 1;
  uint32_t least = 0;
  uint32_t character = first;
  if (first >= 0x80) {
    if (first >= 0xc2 && first < 0xe0) {
      size = 2, least = 0x80, character = first & 0x1f;
    } else if (first >= 0xe0 && first < 0xf0) {
      size = 3, least = 0x800, character = first & 0x0f;
    } else if (first >= 0xf0 && first < 0xf5) {
      size = 4, least = 0x10000, character = first & 0x07;
    } else {
      return std::nullopt;
    }
  }
  if (text->size() < size) return std::nullopt;
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return std::nullopt;
    character = character << 6 | (byte(i) & 0x3f);
  }
  if (character < least || character > 0x10ffff || (character >= 0xd800 && character < 0xe000)) {
    return std::nullopt;
  }
  text->remove_prefix(size);
  return character;
}

// Not allowed in XML, or invisible and changing how the text around it looks.
bool IsHidden(uint32_t c) {
  return (c >= 0x80 && c < 0xa0) || c == 0xad || (c >= 0x200b && c < 0x2010) ||
         (c >= 0x2028 && c < 0x202f) || (c >= 0x2060 && c < 0x2070) || c == 0xfeff ||
         (c & 0xfffe) == 0xfffe;
}

void AppendVisible(uint32_t character, std::string* out) {
  if (character < 0x20) {
    AppendUtf8(0x2400 + character, out);
  } else if (character == 0x7f) {
    AppendUtf8(0x2421, out);
  } else if (IsHidden(character)) {
    *out += fmt::format("\\u{:04x}", character);
  } else {
    AppendUtf8(character, out);
  }
}

// Columns of a fixed-width font: East Asian characters and pictographs take two.
uint32_t Columns(uint32_t c) {
  const bool wide = (c >= 0x1100 && c < 0x1160) || (c >= 0x2e80 && c < 0xa4d0) ||
                    (c >= 0xac00 && c < 0xd7b0) || (c >= 0xf900 && c < 0xfb00) ||
                    (c >= 0xfe30 && c < 0xfe70) || (c >= 0xff00 && c < 0xff61) || c >= 0x1f000;
  return wide ? 2 : 1;
}

// The longest beginning of `text` that takes at most so many columns.
std::string_view Beginning(std::string_view text, uint32_t columns) {
  std::string_view rest = text;
  uint32_t used = 0;
  while (!rest.empty()) {
    std::string_view next = rest;
    const auto character = TakeCharacter(&next);
    if (!character) break;
    used += Columns(*character);
    if (used > columns) break;
    rest = next;
  }
  return text.substr(0, text.size() - rest.size());
}

}  // namespace

std::string VisibleText(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    if (const auto character = TakeCharacter(&bytes)) {
      AppendVisible(*character, &out);
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(bytes[0]));
      bytes.remove_prefix(1);
    }
  }
  return out;
}

std::string EscapeXml(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out.push_back(c);
    }
  }
  return out;
}

bool FitsColumns(std::string_view text, uint32_t columns) {
  return Beginning(text, columns).size() == text.size();
}

std::string CutText(std::string_view text, uint32_t columns) {
  if (FitsColumns(text, columns)) return std::string(text);
  return std::string(Beginning(text, columns - 1)).append(kEllipsis);
}

std::string FitText(std::string_view text, uint32_t columns) {
  if (columns < 3) return {};
  if (FitsColumns(text, columns)) return std::string(text);
  const size_t separator = text.find_last_of("\\/");
  if (separator != text.npos && separator + 1 < text.size()) {
    text.remove_prefix(separator + 1);
  }
  return CutText(text, columns);
}

std::string WithCommas(uint64_t number) {
  std::string digits = fmt::format("{}", number);
  for (size_t i = digits.size(); i > 3;) {
    i -= 3;
    digits.insert(i, 1, ',');
  }
  return digits;
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", time, absl::UTCTimeZone());
}

std::string RangeText(absl::Time begin, absl::Time end) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  const auto whole = [](absl::Time time) {
    return (time - absl::UnixEpoch()) % absl::Minutes(1) == absl::ZeroDuration();
  };
  const char* const format = whole(begin) && whole(end) ? "%Y-%m-%d %H:%M" : "%Y-%m-%d %H:%M:%E*S";
  return fmt::format("{} to {} UTC", absl::FormatTime(format, begin, utc),
                     absl::FormatTime(format, end, utc));
}

}  // namespace flamekeep::query
