#include "ingest/folded.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace flamekeep::ingest {
namespace {

constexpr std::string_view kTruncatedFrame = "excimer_truncated";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Reads digits. Returns kBadCount where there is something else, kHugeCount above 2^64 - 1.
Reject ParseCount(std::string_view text, uint64_t* count) {
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
  uint64_t value = 0;
  bool huge = false;
  for (const char c : text) {
    if (!IsDigit(c)) return Reject::kBadCount;
    const uint64_t digit = static_cast<uint64_t>(c - '0');
    huge = huge || value > (kMax - digit) / 10;
    value = value * 10 + digit;
  }
  if (huge) return Reject::kHugeCount;
  if (value == 0) return Reject::kZeroCount;
  *count = value;
  return Reject::kNone;
}

// How many bytes at the start are printable ASCII, found eight at a time.
size_t PlainPrefix(std::string_view text) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kTops = 0x8080808080808080;
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + i, sizeof(word));
    // A top bit is set where a byte is below 0x20, is 0x7f, or has its own top bit set. A borrow or
    // carry can only set further bits behind such a byte, never hide one.
    const uint64_t odd = ((word - kOnes * 0x20) | (word + kOnes) | word) & kTops;
    if (odd != 0) break;
  }
  while (i < text.size() && text[i] >= 0x20 && text[i] < 0x7f) ++i;
  return i;
}

// The text without what a cut left of its last character.
std::string_view WithoutTornCharacter(std::string_view text) {
  size_t end = text.size();
  while (end > 0 && text.size() - end < 3 && (text[end - 1] & 0xc0) == 0x80) --end;
  if (end > 0 && (text[end - 1] & 0xc0) == 0xc0) return text.substr(0, end - 1);
  return text;
}

}  // namespace

size_t ReadableLength(std::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  size_t length = 0;
  uint32_t point = 0;
  uint32_t smallest = 0;
  if (first < 0xc2) return 0;
  if (first < 0xe0) {
    length = 2, point = first & 0x1fu, smallest = 0x80;
  } else if (first < 0xf0) {
    length = 3, point = first & 0x0fu, smallest = 0x800;
  } else if (first < 0xf5) {
    length = 4, point = first & 0x07u, smallest = 0x10000;
  } else {
    return 0;
  }
  if (text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    point = point << 6 | (byte(i) & 0x3fu);
  }
  const bool surrogate = point >= 0xd800 && point < 0xe000;
  if (point < smallest || point > 0x10ffff || surrogate || (point & 0xfffe) == 0xfffe) return 0;
  return length;
}

bool NextLine(std::string_view* text, std::string_view* line) {
  if (text->empty()) return false;
  const void* newline = std::memchr(text->data(), '\n', text->size());
  const size_t length = newline == nullptr
                            ? text->size()
                            : static_cast<size_t>(static_cast<const char*>(newline) - text->data());
  *line = text->substr(0, length);
  text->remove_prefix(std::min(length + 1, text->size()));
  return true;
}

Reject ParseFolded(std::string_view line, FoldedLine* folded) {
  if (line.size() > kMaxLineBytes) return Reject::kTooLong;
  if (line.ends_with('\r')) line.remove_suffix(1);
  const size_t space = line.rfind(' ');
  if (space == std::string_view::npos) return Reject::kNoCount;
  const std::string_view count = line.substr(space + 1);
  folded->stack = line.substr(0, space);
  // By far the most lines.
  if (count.size() == 1 && count[0] >= '1' && count[0] <= '9') {
    folded->count = static_cast<uint64_t>(count[0] - '0');
  } else {
    if (count.empty()) return Reject::kNoCount;
    const bool number = IsDigit(count[0]) || ((count[0] == '-' || count[0] == '+') &&
                                              count.size() > 1 && IsDigit(count[1]));
    if (!number) return Reject::kNoCount;
    if (const Reject reject = ParseCount(count, &folded->count); reject != Reject::kNone) {
      return reject;
    }
  }
  return folded->stack.empty() ? Reject::kNoFrames : Reject::kNone;
}

Reject ParseTimed(std::string_view line, TimedLine* timed) {
  // The largest time that 64 bits can hold has 19 digits.
  constexpr size_t kMaxDigits = 18;
  size_t i = 0;
  const bool negative = line.starts_with('-');
  if (negative) ++i;
  const size_t start = i;
  int64_t micros = 0;
  while (i < line.size() && IsDigit(line[i])) {
    if (i - start < kMaxDigits) micros = micros * 10 + (line[i] - '0');
    ++i;
  }
  if (i == start || i == line.size() || line[i] != '\t') return Reject::kNoTime;
  if (i - start > kMaxDigits) return Reject::kTimeOutOfRange;
  timed->unix_micros = negative ? -micros : micros;
  const std::string_view rest = line.substr(i + 1);
  const size_t tab = rest.substr(0, kMaxLineBytes).find('\t');
  if (tab == std::string_view::npos || tab == 0) return Reject::kNoChannel;
  timed->channel = rest.substr(0, tab);
  timed->folded = rest.substr(tab + 1);
  return Reject::kNone;
}

bool IsReadable(std::string_view text) {
  for (;;) {
    text.remove_prefix(PlainPrefix(text));
    if (text.empty()) return true;
    const size_t length = ReadableLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
}

void AppendReadable(std::string_view text, std::string* out) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  while (!text.empty()) {
    size_t length = PlainPrefix(text);
    if (length == 0) length = ReadableLength(text);
    if (length == 0) {
      const auto byte = static_cast<unsigned char>(text[0]);
      out->append({'\\', 'x', kHex[byte >> 4], kHex[byte & 15]});
      length = 1;
    } else {
      out->append(text.substr(0, length));
    }
    text.remove_prefix(length);
  }
}

std::string_view CutFrame(std::string_view frame, uint8_t* flags) {
  if (frame.size() <= kMaxFrameBytes) return frame;
  *flags |= kCut;
  return WithoutTornCharacter(frame.substr(0, kMaxFrameBytes));
}

uint8_t SplitFrames(std::string_view stack, std::vector<std::string_view>* frames) {
  frames->clear();
  uint8_t flags = 0;
  for (;;) {
    const size_t end = std::min(stack.find(';'), stack.size());
    const std::string_view frame = CutFrame(stack.substr(0, end), &flags);
    if (frame.empty()) {
      flags |= kEmptyFrame;
    } else if (frames->size() == kMaxFrames) {
      return flags | kCut;
    } else {
      if (frame == kTruncatedFrame) flags |= kExcimerTruncated;
      frames->push_back(frame);
    }
    if (end == stack.size()) return flags;
    stack.remove_prefix(end + 1);
  }
}

}  // namespace flamekeep::ingest
