// Measures flame graph queries on a generated store; see README.md.
//
//   query_bench --store /tmp/two-years
//   query_bench --store /tmp/three-years --young /tmp/one-week
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/support/generated_store.h"
#include "bench/support/must.h"
#include "bench/support/process_usage.h"
#include "bench/support/results.h"
#include "bench/support/timing.h"
#include "query/columns.h"
#include "query/engine.h"
#include "query/fold.h"
#include "query/result_cache.h"
#include "storage/column_scan.h"
#include "storage/snapshot.h"

namespace flamekeep::bench {
namespace {

struct Flags {
  std::string store;
  std::string young;
  std::string type = "excimer-wall";
  std::string results;
  std::string name;
  std::vector<std::string> ranges = {"24 h", "30 d", "2 y"};
  size_t runs = 30;
  bool ratio = true;
};

struct Range {
  std::string name;
  absl::Duration length;
  double budget_ms;
};

std::vector<Range> Ranges() {
  return {{"24 h", absl::Hours(24), 40},
          {"30 d", absl::Hours(24 * 30), 200},
          {"2 y", absl::Hours(24 * 730), 800}};
}

// Where there are more pairs, the arrays of the comparison would not fit a small machine.
constexpr uint64_t kMaxComparedPairs = 200'000'000;
constexpr double kMegabyte = 1e6;
constexpr uint64_t kCacheBytes = uint64_t{64} << 20;  // as the server has it
constexpr double kRepeatedMs = 5;

query::FlameGraph Ask(const storage::Store& store, const Flags& flags, absl::Time end,
                      absl::Duration length) {
  return Must(query::Engine(&store).MakeFlameGraph(
      {.selector = flags.type, .begin = end - length, .end = end}, {}, query::Context()));
}

// The columns of a query, pinned.
struct Input {
  std::unique_ptr<storage::Snapshot> snapshot;
  storage::Plan plan;
  query::Columns columns;
  uint64_t pairs = 0;
  uint64_t bytes = 0;
};

Input ReadInput(const storage::Store& store, const Flags& flags, absl::Time end,
                absl::Duration length) {
  Input input;
  input.snapshot = Must(store.NewSnapshot());
  input.plan = Must(input.snapshot->MakePlan(end - length, end, SeriesOfType(store, flags.type)));
  input.columns = Must(query::Columns::Read(*input.snapshot, input.plan, query::Context()));
  for (const std::string_view column : input.columns.encoded()) {
    input.pairs += Must(storage::DecodeHeader(column)).pairs;
    input.bytes += column.size();
  }
  return input;
}

// Reads, decodes and adds up all columns, window by window, on one thread.
void Scan(const Input& input) {
  const auto columns = Must(query::Columns::Read(*input.snapshot, input.plan, query::Context()));
  storage::ColumnScan scan;
  for (const std::string_view column : columns.encoded()) Must(scan.Add(column));
  storage::WindowSums sums;
  while (const std::optional<uint32_t> window = scan.NextWindow()) {
    Must(scan.AddWindow(*window, &sums));
    sums.Clear();
  }
}

// What a column holds, as sorted arrays.
struct Arrays {
  std::vector<uint32_t> stacks;
  std::vector<uint64_t> values;
  size_t next = 0;
};

std::vector<Arrays> Decode(const Input& input) {
  std::vector<Arrays> arrays;
  storage::ColumnReader reader;
  for (const std::string_view column : input.columns.encoded()) {
    Arrays& array = arrays.emplace_back();
    Must(reader.Open(column));
    array.stacks.reserve(reader.header().pairs);
    array.values.reserve(reader.header().pairs);
    while (reader.Next()) {
      array.stacks.insert(array.stacks.end(), reader.stacks(), reader.stacks() + reader.size());
      for (size_t i = 0; i < reader.size(); ++i) array.values.push_back(reader.value(i));
    }
    Must(reader.status());
  }
  return arrays;
}

// Adds the same pairs into the same accumulators in the same order, without reading or decoding.
// Unchecked, as the scan does it: the sum of a generated store does not overflow.
void AddArrays(std::vector<Arrays>* arrays, uint32_t tree_size, storage::WindowSums* sums) {
  for (Arrays& array : *arrays) array.next = 0;
  for (uint32_t window = tree_size / storage::kWindowIds + 1; window-- > 0;) {
    const uint32_t base = window * storage::kWindowIds;
    bool met = false;
    for (Arrays& array : *arrays) {
      const size_t size = array.stacks.size();
      size_t next = array.next;
      for (; next < size && array.stacks[next] >= base; ++next) {
        sums->AddUnchecked(array.stacks[next] - base, array.values[next]);
      }
      met |= next != array.next;
      array.next = next;
    }
    if (met) sums->Clear();
  }
}

void Compare(const Input& input, const Range& range, size_t runs, Results* results) {
  constexpr double kBudget = 0.3;
  constexpr double kPairsPerMs = 1e3;  // for millions a second
  std::vector<Arrays> arrays = Decode(input);
  storage::WindowSums sums;
  const uint32_t size = input.snapshot->tree().size();
  Timing added;
  Timing scanned;
  Timing folded;
  for (size_t i = 0; i < runs; ++i) {
    const auto time = [](Timing* timing, auto&& run) {
      timing->milliseconds.push_back(Measure(1, run).best());
    };
    time(&added, [&] { AddArrays(&arrays, size, &sums); });
    time(&scanned, [&] { Scan(input); });
    time(&folded, [&] {
      Must(query::FoldColumns(input.columns.encoded(), input.snapshot->tree(),
                              {.max_nodes = query::kDefaultMaxNodes, .threaded = false},
                              query::Context()));
    });
  }
  const auto rate = [&](const Timing& timing) {
    return static_cast<double>(input.pairs) / timing.p50() / kPairsPerMs;
  };
  results->Add(range.name + ": adding decoded arrays, one thread",
               fmt::format("{:.0f} M pairs/s", rate(added)));
  results->Add(range.name + ": reading, decoding and adding, one thread",
               fmt::format("{:.0f} M pairs/s", rate(scanned)));
  const double ratio = added.p50() / scanned.p50();
  results->Add(range.name + ": of the speed of adding decoded arrays", fmt::format("{:.2f}", ratio),
               AtLeast(ratio, kBudget, ""));
  results->Add(range.name + ": decoding, adding and folding, one thread",
               fmt::format("{:.0f} M pairs/s", rate(folded)));
}

void MeasureRange(const storage::Store& store, const Flags& flags, absl::Time end,
                  const Range& range, Results* results) {
  const Stopwatch first;
  query::FlameGraph graph = Ask(store, flags, end, range.length);
  const double first_ms = first.Milliseconds();
  const double cpu_before = CpuSeconds();
  const Timing timing = Measure(flags.runs, [&] { graph = Ask(store, flags, end, range.length); });
  const double cpu_ms = (CpuSeconds() - cpu_before) * 1e3 / static_cast<double>(flags.runs);
  const Input input = ReadInput(store, flags, end, range.length);
  const Timing read = Measure(flags.runs, [&] { ReadInput(store, flags, end, range.length); });

  results->Add(range.name + ": flame graph, p50", fmt::format("{:.1f} ms", timing.p50()),
               AtMost(timing.p50(), range.budget_ms, "ms"));
  results->Add(range.name + ": flame graph, p99, first, CPU of all threads",
               fmt::format("{:.1f}, {:.1f}, {:.1f} ms", timing.p99(), first_ms, cpu_ms));
  query::ResultCache cache({.max_bytes = kCacheBytes});
  const query::Engine cached(&store, &cache);
  const auto repeat = [&] {
    Must(cached.MakeFlameGraph({.selector = flags.type, .begin = end - range.length, .end = end},
                               {}, query::Context()));
  };
  repeat();
  const Timing repeated = Measure(flags.runs, repeat);
  results->Add(range.name + ": repeated query, p50", fmt::format("{:.2f} ms", repeated.p50()),
               AtMost(repeated.p50(), kRepeatedMs, "ms"));
  results->Add(range.name + ": of that, reading columns", fmt::format("{:.1f} ms", read.p50()));
  results->Add(range.name + ": columns, MB, M pairs",
               fmt::format("{}, {:.1f}, {:.2f}", graph.coverage.columns,
                           static_cast<double>(input.bytes) / kMegabyte,
                           static_cast<double>(input.pairs) / 1e6));
  results->Add(
      range.name + ": M nodes visited, boxes",
      fmt::format("{:.2f}, {}", static_cast<double>(graph.coverage.nodes) / 1e6, graph.size()));
  results->Add(range.name + ": anonymous memory afterwards",
               fmt::format("{:.0f} MB", static_cast<double>(ProcessMemory("RssAnon")) / kMegabyte));
}

std::unique_ptr<storage::Store> OpenTimed(const std::string& directory, absl::Time end,
                                          Results* results) {
  constexpr double kBudgetMs = 2000;
  const Stopwatch stopwatch;
  std::unique_ptr<storage::Store> store = OpenStore(directory, end);
  const double ms = stopwatch.Milliseconds();
  results->Add("opening the store", fmt::format("{:.0f} ms", ms), AtMost(ms, kBudgetMs, "ms"));
  results->Add("anonymous memory after opening",
               fmt::format("{:.0f} MB", static_cast<double>(ProcessMemory("RssAnon")) / kMegabyte));
  return store;
}

// The last day of an old store against that of a young one, in turn.
void CompareAges(const Flags& flags, Results* results) {
  constexpr absl::Duration kDay = absl::Hours(24);
  constexpr double kMaxNodes = 1.1;
  constexpr double kMaxTime = 2;
  const absl::Time old_end = EndOfStore(flags.store);
  const absl::Time young_end = EndOfStore(flags.young);
  const auto old_store = OpenStore(flags.store, old_end);
  const auto young_store = OpenStore(flags.young, young_end);
  const double old_nodes =
      static_cast<double>(Ask(*old_store, flags, old_end, kDay).coverage.nodes);
  const double young_nodes =
      static_cast<double>(Ask(*young_store, flags, young_end, kDay).coverage.nodes);
  Timing old_time;
  Timing young_time;
  for (size_t i = 0; i < flags.runs; ++i) {
    old_time.milliseconds.push_back(
        Measure(1, [&] { Ask(*old_store, flags, old_end, kDay); }).best());
    young_time.milliseconds.push_back(
        Measure(1, [&] { Ask(*young_store, flags, young_end, kDay); }).best());
  }
  results->Add("24 h, old store: nodes, p50",
               fmt::format("{:.0f}, {:.1f} ms", old_nodes, old_time.p50()));
  results->Add("24 h, young store: nodes, p50",
               fmt::format("{:.0f}, {:.1f} ms", young_nodes, young_time.p50()));
  const double nodes = old_nodes / young_nodes;
  const double time = old_time.p50() / young_time.p50();
  results->Add("24 h, old against young: nodes", fmt::format("{:.2f} x", nodes),
               AtMost(nodes, kMaxNodes, "x"));
  results->Add("24 h, old against young: time", fmt::format("{:.2f} x", time),
               AtMost(time, kMaxTime, "x"));
}

void Run(const Flags& flags) {
  Results results(flags.results, flags.name);
  if (!flags.young.empty()) {
    CompareAges(flags, &results);
    return;
  }
  const absl::Time end = EndOfStore(flags.store);
  const auto store = OpenTimed(flags.store, end, &results);
  std::vector<Range> ranges;
  for (const Range& range : Ranges()) {
    if (std::find(flags.ranges.begin(), flags.ranges.end(), range.name) != flags.ranges.end()) {
      ranges.push_back(range);
    }
  }
  for (const Range& range : ranges) MeasureRange(*store, flags, end, range, &results);
  if (!flags.ratio) return;
  for (const Range& range : ranges) {
    const Input input = ReadInput(*store, flags, end, range.length);
    if (input.pairs > kMaxComparedPairs) continue;
    Compare(input, range, flags.runs, &results);
  }
}

}  // namespace
}  // namespace flamekeep::bench

int main(int argc, char** argv) {
  flamekeep::bench::Flags flags;
  CLI::App app("Measures flame graph queries on a generated store");
  app.add_option("--store", flags.store, "Directory that generate_store made")->required();
  app.add_option("--young", flags.young, "Compare the last day of --store with that of this one");
  app.add_option("--type", flags.type, "Profile type")->capture_default_str();
  app.add_option("--runs", flags.runs, "Runs of each query")->capture_default_str();
  app.add_option("--ranges", flags.ranges, "Of 24 h, 30 d and 2 y, those to ask for")
      ->capture_default_str();
  app.add_flag("--ratio,!--no-ratio", flags.ratio, "Compare with adding decoded arrays");
  app.add_option("--results", flags.results, "File that rows of the table are appended to");
  app.add_option("--name", flags.name, "What the rows are about");
  CLI11_PARSE(app, argc, argv);
  flamekeep::bench::Run(flags);
  return 0;
}
