// Measures the views of a query on a generated store; see README.md.
//
//   view_bench --store /tmp/two-years
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "bench/support/generated_store.h"
#include "bench/support/must.h"
#include "bench/support/process_usage.h"
#include "bench/support/results.h"
#include "bench/support/timing.h"
#include "query/engine.h"

namespace flamekeep::bench {
namespace {

struct Flags {
  std::string store;
  std::string type = "excimer-wall";
  std::string results;
  std::string name;
  std::vector<std::string> ranges = {"24 h", "30 d", "2 y"};
  std::vector<std::string> views;  // empty: all
  size_t runs = 10;
};

struct Range {
  std::string name;
  absl::Duration length;
};

std::vector<Range> Ranges() {
  return {
      {"24 h", absl::Hours(24)}, {"30 d", absl::Hours(24 * 30)}, {"2 y", absl::Hours(24 * 730)}};
}

struct View {
  std::string name;
  std::function<absl::StatusOr<query::Coverage>()> ask;
};

template <typename Answer>
absl::StatusOr<query::Coverage> CoverageOf(const absl::StatusOr<Answer>& answer) {
  if (!answer.ok()) return answer.status();
  return answer->coverage;
}

// The last one of the widest: neither everywhere nor rare.
query::FrameMatcher UsualFunction(const query::Engine& engine, const query::Selection& selection) {
  const query::TopTable top =
      Must(engine.MakeTop(selection, {.by = query::FunctionOrder::kTotal}, query::Context()));
  const query::FunctionRow& row = top.rows.back();
  return query::ExactMatcher(row.function, row.file);
}

// All views of a selection, and its second half against its first.
std::vector<View> Views(const query::Engine& engine, const query::Selection& selection,
                        const query::FrameMatcher& function) {
  const query::Context context;
  query::Selection filtered = selection;
  filtered.filter.keep = {function};
  query::Selection before = selection;
  query::Selection after = selection;
  before.end = after.begin = selection.begin + (selection.end - selection.begin) / 2;
  return {
      {"flame graph",
       [=, &engine] { return CoverageOf(engine.MakeFlameGraph(selection, {}, context)); }},
      {"flame graph of the stacks with a function",
       [=, &engine] { return CoverageOf(engine.MakeFlameGraph(filtered, {}, context)); }},
      {"inverted flame graph",
       [=, &engine] {
         return CoverageOf(
             engine.MakeFlameGraph(selection, {.inverted = true, .min_share = 0.0005}, context));
       }},
      {"top", [=, &engine] { return CoverageOf(engine.MakeTop(selection, {}, context)); }},
      {"sandwich",
       [=, &engine] {
         return CoverageOf(
             engine.MakeSandwich(selection, {.function = function, .min_share = 0.0005}, context));
       }},
      {"compare by entry point",
       [=, &engine] {
         return CoverageOf(engine.Compare(selection, {.label = "entry_point"}, context));
       }},
      {"series", [=, &engine] { return CoverageOf(engine.MakeSeries(selection, {}, context)); }},
      {"series of a function",
       [=, &engine] {
         return CoverageOf(engine.MakeSeries(selection, {.function = function}, context));
       }},
      {"heat map", [=, &engine] { return CoverageOf(engine.MakeHeatMap(selection, {}, context)); }},
      {"diff of its halves",
       [=, &engine] { return CoverageOf(engine.MakeDiff(before, after, {}, context)); }},
  };
}

void MeasureRange(const query::Engine& engine, const Flags& flags, absl::Time end,
                  const Range& range, Results* results) {
  const query::Selection selection = {
      .selector = flags.type, .begin = end - range.length, .end = end, .filter = {}};
  for (const View& view : Views(engine, selection, UsualFunction(engine, selection))) {
    if (!flags.views.empty() &&
        std::find(flags.views.begin(), flags.views.end(), view.name) == flags.views.end()) {
      continue;
    }
    const Stopwatch first;
    const absl::StatusOr<query::Coverage> coverage = view.ask();
    if (!coverage.ok()) {
      results->Add(fmt::format("{}: {}", range.name, view.name),
                   absl::StatusCodeToString(coverage.status().code()));
      continue;
    }
    const double first_ms = first.Milliseconds();
    const double cpu_before = CpuSeconds();
    const Timing timing = Measure(flags.runs, [&] { Must(view.ask()); });
    const double cpu_ms = (CpuSeconds() - cpu_before) * 1e3 / static_cast<double>(flags.runs);
    results->Add(fmt::format("{}: {}, p50, p99, first, CPU", range.name, view.name),
                 fmt::format("{:.1f}, {:.1f}, {:.1f}, {:.1f} ms", timing.p50(), timing.p99(),
                             first_ms, cpu_ms));
    results->Add(fmt::format("{}: {}, columns, anonymous memory", range.name, view.name),
                 fmt::format("{}, {:.0f} MB", coverage->columns,
                             static_cast<double>(ProcessMemory("RssAnon")) / 1e6));
  }
}

void Run(const Flags& flags) {
  Results results(flags.results, flags.name);
  const absl::Time end = EndOfStore(flags.store);
  const auto store = OpenStore(flags.store, end);
  const query::Engine engine(store.get());
  for (const Range& range : Ranges()) {
    if (std::find(flags.ranges.begin(), flags.ranges.end(), range.name) == flags.ranges.end()) {
      continue;
    }
    MeasureRange(engine, flags, end, range, &results);
  }
}

}  // namespace
}  // namespace flamekeep::bench

int main(int argc, char** argv) {
  flamekeep::bench::Flags flags;
  CLI::App app("Measures the views of a query on a generated store");
  app.add_option("--store", flags.store, "Directory that generate_store made")->required();
  app.add_option("--type", flags.type, "Profile type")->capture_default_str();
  app.add_option("--runs", flags.runs, "Runs of each")->capture_default_str();
  app.add_option("--ranges", flags.ranges, "Of 24 h, 30 d and 2 y, those to ask for")
      ->capture_default_str();
  app.add_option("--views", flags.views, "Of the views, those to ask for, by name; else all");
  app.add_option("--results", flags.results, "File that rows of the table are appended to");
  app.add_option("--name", flags.name, "What the rows are about");
  CLI11_PARSE(app, argc, argv);
  flamekeep::bench::Run(flags);
  return 0;
}
