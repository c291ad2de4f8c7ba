#include "cli/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "base/time_parse.h"

namespace flamekeep::cli {
namespace {

constexpr absl::Duration kBarInterval = absl::Milliseconds(100);
constexpr absl::Duration kLineInterval = absl::Seconds(10);
constexpr int kBarCells = 24;
constexpr int kDefaultColumns = 80;

// What it says may be lost, where a signal breaks off the write to a pipe that is full: fmt::print
// would throw.
void Print(std::FILE* out, const std::string& text) { std::fputs(text.c_str(), out); }

}  // namespace

int TerminalColumns(std::FILE* out) {
  winsize size = {};
  if (ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kDefaultColumns;
  return size.ws_col;
}

size_t OutputColumns() {
  return isatty(STDOUT_FILENO) == 1 ? static_cast<size_t>(TerminalColumns(stdout)) : 0;
}

std::string RoundedBytesText(uint64_t bytes) {
  static constexpr std::array<const char*, 5> kUnits = {"kB", "MB", "GB", "TB", "PB"};
  if (bytes < 1000) return fmt::format("{} bytes", bytes);
  double value = static_cast<double>(bytes) / 1000;
  size_t unit = 0;
  // 999.95 would read 1000.0.
  while (value >= 999.95 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string CountText(uint64_t count) {
  std::string text = std::to_string(count);
  for (size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

Progress::Style Progress::StyleFor(std::FILE* out, bool quiet) {
  if (quiet) return Style::kQuiet;
  const char* term = std::getenv("TERM");  // NOLINT(concurrency-mt-unsafe): nothing sets it
  const bool is_dumb = term == nullptr || std::string_view(term) == "dumb";
  return isatty(fileno(out)) == 1 && !is_dumb ? Style::kBar : Style::kLines;
}

Progress::Progress(Style style, std::FILE* out, std::function<absl::Time()> now)
    : style_(style), out_(out), now_(std::move(now)) {}

void Progress::Begin(std::string_view what, uint64_t total, Unit unit) {
  what_ = std::string(what);
  total_ = total;
  unit_ = unit;
  begin_ = now_();
  next_ = begin_ + (style_ == Style::kBar ? kBarInterval : kLineInterval);
}

void Progress::Update(uint64_t done) {
  if (style_ == Style::kQuiet) return;
  const absl::Time now = now_();
  if (now < next_) return;
  next_ = now + (style_ == Style::kBar ? kBarInterval : kLineInterval);
  if (style_ == Style::kLines) {
    Print(out_, Text(done, now) + "\n");
    return;
  }
  // Not into the last column, where some terminals wrap.
  std::string line = Text(done, now);
  line.resize(std::min<size_t>(line.size(), std::max(TerminalColumns(out_) - 1, 1)));
  Print(out_, "\r\x1b[K" + line);
  std::fflush(out_);
  shown_ = true;
}

void Progress::End() { Clear(); }

void Progress::Say(std::FILE* to, std::string_view line) {
  Clear();
  Print(to, fmt::format("{}\n", line));
  std::fflush(to);
}

void Progress::Clear() {
  if (!std::exchange(shown_, false)) return;
  Print(out_, "\r\x1b[K");
  std::fflush(out_);
}

std::string Progress::AmountText(uint64_t amount) const {
  constexpr double kMinutesPerDay = 24 * 60;
  if (unit_ == Unit::kBytes) return RoundedBytesText(amount);
  return fmt::format("{:.1f} days", static_cast<double>(amount) / kMinutesPerDay);
}

std::string Progress::Text(uint64_t done, absl::Time now) const {
  const double seconds = std::max(absl::ToDoubleSeconds(now - begin_), 1e-3);
  const double rate = static_cast<double>(done) / seconds;
  const std::string speed = AmountText(static_cast<uint64_t>(rate)) + "/s";
  // A file may grow while it is read.
  if (total_ == 0 || done > total_) {
    return fmt::format("{}  {}  {}", AmountText(done), speed, what_);
  }
  const double share = static_cast<double>(done) / static_cast<double>(total_);
  const int filled = static_cast<int>(share * kBarCells);
  const std::string left =
      rate < 1 ? "?"
               : RoundedDurationText(absl::Seconds(
                     static_cast<int64_t>(static_cast<double>(total_ - done) / rate) + 1));
  return fmt::format("[{:#<{}}{:.<{}}] {:3.0f}%  {} of {}  {}  {} left  {}", "", filled, "",
                     kBarCells - filled, share * 100, AmountText(done), AmountText(total_), speed,
                     left, what_);
}

}  // namespace flamekeep::cli
