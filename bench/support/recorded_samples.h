// The recorded corpus in memory, and the pieces of it that clients gather before they send.
//
// Thread safety: values and pure functions.
#ifndef FLAMEKEEP_BENCH_SUPPORT_RECORDED_SAMPLES_H_
#define FLAMEKEEP_BENCH_SUPPORT_RECORDED_SAMPLES_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace flamekeep::bench {

struct RecordedSample {
  int64_t unix_micros = 0;
  std::string channel;
  std::string payload;  // as published: the stack, a blank, the count
  size_t stack_bytes = 0;
  uint64_t count = 0;

  std::string_view stack() const { return std::string_view(payload).substr(0, stack_bytes); }
  absl::Time time() const { return absl::FromUnixMicros(unix_micros); }
};

// The first `limit` messages of the corpus, in order. Ends the program where it can not be read.
std::vector<RecordedSample> ReadRecordedSamples(size_t limit = std::numeric_limits<size_t>::max());

// Moves the times, so that the last one is `last`.
void MoveTo(absl::Time last, std::vector<RecordedSample>* samples);

// Samples that are sent together, in order; not empty.
using Window = std::vector<const RecordedSample*>;

// A window ends where one of these would be exceeded.
struct WindowSize {
  absl::Duration duration = absl::InfiniteDuration();
  size_t bytes = std::numeric_limits<size_t>::max();  // of payloads; of one sample more is allowed
  bool mixed = false;                                 // else a window has one channel
};

// All samples in windows, which point to them.
std::vector<Window> CutWindows(const std::vector<RecordedSample>& samples, const WindowSize& size);

}  // namespace flamekeep::bench

#endif  // FLAMEKEEP_BENCH_SUPPORT_RECORDED_SAMPLES_H_
