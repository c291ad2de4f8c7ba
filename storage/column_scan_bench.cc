// The speed of a scan over encoded columns, one thread, against adding the same decoded, sorted
// arrays (a) into one dense array of sums over all ids and (b) into the same windows, column by
// column. All three are timed in turn in each iteration, so that the ratios hold on a busy machine.
// Budget: against_dense and against_windows at least 0.3.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "storage/column_scan.h"
#include "storage/sample_columns.h"

namespace flamekeep::storage {
namespace {

struct Decoded {
  std::vector<uint32_t> stacks;
  std::vector<uint64_t> values;
};

double CpuSeconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

template <typename Run>
double Seconds(const Run& run) {
  const double start = CpuSeconds();
  run();
  return CpuSeconds() - start;
}

void Scan(const std::vector<std::string>& encoded, WindowSums* sums) {
  ColumnScan scan;
  for (const std::string& column : encoded) {
    if (!scan.Add(column).ok()) std::abort();
  }
  while (const std::optional<uint32_t> window = scan.NextWindow()) {
    if (!scan.AddWindow(*window, sums).ok()) std::abort();
    benchmark::DoNotOptimize(sums->value(0));
    sums->Clear();
  }
}

void AddToDense(const std::vector<Decoded>& decoded, std::vector<uint64_t>* sums) {
  uint64_t* const all = sums->data();
  for (const Decoded& column : decoded) {
    const uint32_t* stacks = column.stacks.data();
    const uint64_t* values = column.values.data();
    for (size_t i = 0; i < column.stacks.size(); ++i) all[stacks[i]] += values[i];
  }
  benchmark::ClobberMemory();
}

void AddToWindows(const std::vector<Decoded>& decoded, uint32_t windows, WindowSums* sums) {
  std::vector<size_t> next(decoded.size());
  for (uint32_t window = windows; window-- > 0;) {
    const uint32_t first_id = window * kWindowIds;
    for (size_t i = 0; i < decoded.size(); ++i) {
      const Decoded& column = decoded[i];
      size_t place = next[i];
      for (; place < column.stacks.size() && column.stacks[place] >= first_id; ++place) {
        sums->AddUnchecked(column.stacks[place] % kWindowIds, column.values[place]);
      }
      next[i] = place;
    }
    sums->Clear();
  }
}

struct Data {
  std::vector<std::string> encoded;
  std::vector<Decoded> decoded;
  size_t pairs = 0;
  uint32_t ids = 0;
};

// Made once: a benchmark runs several times.
const Data& DataOf(uint64_t samples, uint64_t buckets) {
  static std::map<uint64_t, Data>* const cache = new std::map<uint64_t, Data>;
  Data& data = (*cache)[samples];
  if (data.pairs > 0) return data;
  for (const std::vector<Pair>& column : SampleColumns().Make(samples, buckets)) {
    data.encoded.push_back(EncodeSampleColumn(column));
    Decoded& arrays = data.decoded.emplace_back();
    for (const Pair& pair : column) {
      arrays.stacks.push_back(pair.stack);
      arrays.values.push_back(pair.value);
    }
    data.pairs += column.size();
    data.ids = std::max(data.ids, column.front().stack + 1);
  }
  return data;
}

void BM_Scan(benchmark::State& state, const char* label) {
  const Data& data =
      DataOf(static_cast<uint64_t>(state.range(0)), static_cast<uint64_t>(state.range(1)));
  WindowSums sums;
  std::vector<uint64_t> dense(data.ids);
  const uint32_t windows = (data.ids - 1) / kWindowIds + 1;
  double scan = 0;
  double add_dense = 0;
  double add_windows = 0;
  for (auto _ : state) {
    const double seconds = Seconds([&] { Scan(data.encoded, &sums); });
    state.SetIterationTime(seconds);
    scan += seconds;
    add_dense += Seconds([&] { AddToDense(data.decoded, &dense); });
    add_windows += Seconds([&] { AddToWindows(data.decoded, windows, &sums); });
  }
  state.SetLabel(label);
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(data.pairs));
  state.counters["columns"] = static_cast<double>(data.encoded.size());
  state.counters["against_dense"] = add_dense / scan;
  state.counters["against_windows"] = add_windows / scan;
}

constexpr int64_t kMinute = kSamplesADay / 1440;
constexpr int64_t kHour = kSamplesADay / 24;
constexpr int64_t kDay = kSamplesADay;

#define FLAMEKEEP_SCAN_BENCHMARK(label, samples, buckets) \
  BENCHMARK_CAPTURE(BM_Scan, label, #label)               \
      ->Args({samples, buckets})                          \
      ->UseManualTime()                                   \
      ->Unit(benchmark::kMillisecond)
FLAMEKEEP_SCAN_BENCHMARK(minutes, kMinute, 120);
FLAMEKEEP_SCAN_BENCHMARK(hours, kHour, 46);
FLAMEKEEP_SCAN_BENCHMARK(days, kDay, 5);
#undef FLAMEKEEP_SCAN_BENCHMARK

}  // namespace
}  // namespace flamekeep::storage
