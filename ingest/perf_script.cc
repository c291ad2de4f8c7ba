#include "ingest/perf_script.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/ascii.h"
#include "ingest/address_frame.h"
#include "ingest/folded.h"

namespace flamekeep::ingest {
namespace {

// std::string_view's searches for one of several characters are several times slower than these.
bool IsBlank(char c) { return c == ' ' || c == '\t'; }

// The end of the text where there is none.
size_t FindBlank(std::string_view text, size_t from = 0) {
  while (from < text.size() && !IsBlank(text[from])) ++from;
  return from;
}

std::string_view TrimBlanks(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

bool IsPerfNumber(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return absl::ascii_isdigit(c) != 0; });
}

// "81234.567890:".
bool IsPerfTime(std::string_view word) {
  if (!word.ends_with(':')) return false;
  word.remove_suffix(1);
  const size_t dot = word.find('.');
  return dot != std::string_view::npos && IsPerfNumber(word.substr(0, dot)) &&
         IsPerfNumber(word.substr(dot + 1));
}

// "1234" or "1234/1240".
bool IsPid(std::string_view word) {
  const size_t slash = word.find('/');
  if (slash == std::string_view::npos) return IsPerfNumber(word);
  return IsPerfNumber(word.substr(0, slash)) && IsPerfNumber(word.substr(slash + 1));
}

struct PerfHeader {
  std::string_view process;
  std::string_view event;
  // Without call chains: the address and the symbol on the sample's own line; else empty.
  std::string_view frame;
};

// Takes the last word off.
std::string_view TakeLastWord(std::string_view* text) {
  *text = TrimBlanks(*text);
  size_t begin = text->size();
  while (begin > 0 && !IsBlank((*text)[begin - 1])) --begin;
  const std::string_view word = text->substr(begin);
  *text = text->substr(0, begin);
  return word;
}

// "PROCESS PID[/TID] [CPU] TIME: [PERIOD] EVENT:"; a process's name may hold blanks.
std::optional<PerfHeader> ReadPerfHeader(std::string_view line) {
  if (line.empty() || line[0] == '#') return std::nullopt;
  // The word of the time divides what has a fixed form from what has none.
  size_t time_begin = std::string_view::npos;
  size_t time_end = 0;
  for (size_t begin = 0; begin < line.size();) {
    if (IsBlank(line[begin])) {
      ++begin;
      continue;
    }
    const size_t end = FindBlank(line, begin);
    if (IsPerfTime(line.substr(begin, end - begin))) {
      time_begin = begin;
      time_end = end;
      break;
    }
    begin = end;
  }
  if (time_begin == std::string_view::npos) return std::nullopt;
  std::string_view before = line.substr(0, time_begin);
  std::string_view word = TakeLastWord(&before);
  if (word.starts_with('[') && word.ends_with(']')) word = TakeLastWord(&before);
  if (!IsPid(word)) return std::nullopt;
  PerfHeader header{.process = TrimBlanks(before)};
  std::string_view rest = TrimBlanks(line.substr(time_end));
  if (const size_t blank = FindBlank(rest);
      blank < rest.size() && IsPerfNumber(rest.substr(0, blank))) {
    rest = TrimBlanks(rest.substr(blank));
  }
  // "cycles:P:" or "syscalls:sys_enter_write: fd: 1": the event ends where a blank follows.
  const size_t end = FindBlank(rest);
  header.event = rest.substr(0, end);
  while (header.event.ends_with(':')) header.event.remove_suffix(1);
  // Modifiers: "cycles:P", "cpu-clock:pppH".
  if (const size_t colon = header.event.rfind(':'); colon != std::string_view::npos) {
    constexpr std::string_view kModifiers = "ukhpPGHSDIWe";
    if (header.event.find_first_not_of(kModifiers, colon + 1) == std::string_view::npos) {
      header.event = header.event.substr(0, colon);
    }
  }
  if (header.process.empty() || header.event.empty()) return std::nullopt;
  // A trace point ("sched:sched_switch") has text of its own there.
  if (header.event.find(':') == std::string_view::npos) header.frame = TrimBlanks(rest.substr(end));
  return header;
}

}  // namespace

bool PerfScriptReader::ReadFrame(std::string_view line) {
  line = TrimBlanks(line);
  const size_t blank = FindBlank(line);
  if (blank == line.size()) return false;
  uint64_t address = 0;
  const std::string_view hex = line.substr(0, blank);
  const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), address, 16);
  if (error != std::errc() || end != hex.data() + hex.size()) return false;
  std::string_view symbol = TrimBlanks(line.substr(blank));
  std::string_view file;
  // The module stands in the last parentheses; a symbol may have some of its own.
  if (symbol.ends_with(')')) {
    const size_t open = symbol.rfind(" (");
    const size_t begin = open == std::string_view::npos ? (symbol[0] == '(' ? 0 : open) : open + 1;
    if (begin != std::string_view::npos) {
      file = symbol.substr(begin + 1, symbol.size() - begin - 2);
      symbol = TrimBlanks(symbol.substr(0, begin));
    }
  }
  // "(deleted)" stands behind a file's name.
  if (const size_t offset = symbol.rfind("+0x"); offset != std::string_view::npos) {
    symbol = symbol.substr(0, offset);
  }
  if (file == "[unknown]") file = {};
  if (symbol.empty() || symbol == "[unknown]") {
    frames_.push_back({AddressFrame(address, {.file = file}), std::string(file)});
  } else {
    frames_.push_back({std::string(symbol), std::string(file)});
  }
  return true;
}

void PerfScriptReader::Line(std::string_view line, Use use) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (TrimBlanks(line).empty()) return End(use);
  if (const auto header = ReadPerfHeader(line)) {
    End(use);
    process_ = std::string(header->process);
    event_ = std::string(header->event);
    if (!header->frame.empty() && !ReadFrame(header->frame)) ++passed_over_;
    return;
  }
  const bool is_frame = process_.has_value() && IsBlank(line[0]);
  if (line[0] == '#' || (is_frame && frames_.size() >= kMaxFrames)) return;
  if (!is_frame || !ReadFrame(line)) ++passed_over_;
}

void PerfScriptReader::End(Use use) {
  if (!process_) return;
  std::vector<FileFrame> frames{{*process_, {}}};
  for (size_t i = frames_.size(); i-- > 0;) {
    frames.emplace_back(frames_[i].function, frames_[i].file);
  }
  use(event_, frames);
  process_.reset();
  frames_.clear();
}

bool LooksLikePerfScript(std::string_view head) {
  // Comments first, then a sample's own line.
  constexpr int kMaxCommentLines = 100;
  std::string_view line;
  for (int i = 0; i < kMaxCommentLines && NextLine(&head, &line); ++i) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line[0] == '#') continue;
    return ReadPerfHeader(line).has_value();
  }
  return false;
}

}  // namespace flamekeep::ingest
