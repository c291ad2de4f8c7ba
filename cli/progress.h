// Tells a person how far a long piece of work is: a bar that is redrawn on a terminal, a line now
// and then elsewhere, nothing where quiet. Writes to stderr.
//
//   [########............]  41%  1.2 of 2.9 GB  312 MB/s  5s left  excimer.log
//
// Thread safety: none.
#ifndef FLAMEKEEP_CLI_PROGRESS_H_
#define FLAMEKEEP_CLI_PROGRESS_H_

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace flamekeep::cli {

// For people: "512 bytes", "1.4 MB" (powers of 1000). The configuration has its own, exact form.
std::string RoundedBytesText(uint64_t bytes);
// "1,234,567"
std::string CountText(uint64_t count);

// Of the terminal that `out` is; 80 where that is not known.
int TerminalColumns(std::FILE* out);
// Of standard output, for what is laid out by it; 0 where that is no terminal.
size_t OutputColumns();

class Progress {
 public:
  enum class Style { kQuiet, kLines, kBar };
  // What suits `out`.
  static Style StyleFor(std::FILE* out, bool quiet);

  explicit Progress(
      Style style, std::FILE* out = stderr,
      std::function<absl::Time()> now = [] { return absl::Now(); });
  ~Progress() { Clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // What is counted: bytes, or minutes of samples' time, which are shown as days.
  enum class Unit { kBytes, kMinutes };

  // Begins the work named `what`; `total` of the unit, 0: unknown.
  void Begin(std::string_view what, uint64_t total, Unit unit = Unit::kBytes);
  void Update(uint64_t done);
  // What `what` was is over; the next one may begin.
  void End();

  // Prints a line to `to`, past the bar.
  void Say(std::FILE* to, std::string_view line);

 private:
  void Clear();
  std::string Text(uint64_t done, absl::Time now) const;
  std::string AmountText(uint64_t amount) const;

  const Style style_;
  std::FILE* const out_;
  const std::function<absl::Time()> now_;
  std::string what_;
  uint64_t total_ = 0;
  Unit unit_ = Unit::kBytes;
  absl::Time begin_;
  absl::Time next_;  // when to show again
  bool shown_ = false;
};

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_PROGRESS_H_
