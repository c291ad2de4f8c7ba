#include "bench/support/recorded_samples.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "base/status.h"
#include "bench/support/corpus.h"
#include "bench/support/must.h"

namespace flamekeep::bench {

std::vector<RecordedSample> ReadRecordedSamples(size_t limit) {
  std::vector<RecordedSample> samples;
  Must(ReadCorpus(CorpusPath(), [&](const CorpusMessage& message) {
    if (samples.size() == limit) return;
    RecordedSample& sample = samples.emplace_back();
    sample.unix_micros = message.unix_micros;
    sample.channel = message.channel;
    sample.payload = message.payload;
    sample.stack_bytes = message.stack.size();
    const std::string_view count = message.payload.substr(message.stack.size() + 1);
    std::from_chars(count.data(), count.data() + count.size(), sample.count);
  }));
  if (samples.empty()) Must(NotFound("the corpus {} is empty: set FLAMEKEEP_CORPUS", CorpusPath()));
  return samples;
}

void MoveTo(absl::Time last, std::vector<RecordedSample>* samples) {
  if (samples->empty()) return;
  const int64_t shift = absl::ToUnixMicros(last) - samples->back().unix_micros;
  for (RecordedSample& sample : *samples) sample.unix_micros += shift;
}

std::vector<Window> CutWindows(const std::vector<RecordedSample>& samples, const WindowSize& size) {
  struct Open {
    Window window;
    size_t bytes = 0;
  };
  std::map<std::string_view, Open> all_open;  // by channel
  std::vector<Window> windows;
  for (const RecordedSample& sample : samples) {
    Open& open = all_open[size.mixed ? std::string_view() : sample.channel];
    if (!open.window.empty() &&
        (sample.time() - open.window.front()->time() >= size.duration ||
         sample.payload.size() > size.bytes - std::min(size.bytes, open.bytes))) {
      windows.push_back(std::move(std::exchange(open, {}).window));
    }
    open.window.push_back(&sample);
    open.bytes += sample.payload.size();
  }
  for (auto& [channel, open] : all_open) windows.push_back(std::move(open.window));
  return windows;
}

}  // namespace flamekeep::bench
