// Tells what a store takes on disk; see README.md.
//
//   store_size --store /tmp/two-years
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/support/generated_store.h"
#include "bench/support/must.h"
#include "bench/support/results.h"
#include "storage/column.h"
#include "storage/snapshot.h"

namespace flamekeep::bench {
namespace {

using storage::Level;

constexpr double kMegabyte = 1e6;
constexpr double kGigabyte = 1e9;
constexpr double kBudgetGigabytes = 9;
constexpr double kDaysPerTwoYears = 730;
constexpr double kMinuteDays = 90;
constexpr double kDayMinutes = 1440;
// The stack tree grows with the number of samples to this power.
constexpr double kTreeGrowth = 0.6;

// What one level holds.
struct Content {
  uint64_t columns = 0;
  uint64_t pairs = 0;
  uint64_t observations = 0;
  // By profile type. A stack counts once for each series.
  std::map<std::string, uint64_t> type_pairs;
  storage::Minute begin = storage::kMaxMinute;  // of the first bucket
  storage::Minute end = 0;                      // of the last one

  double days() const { return static_cast<double>(end - begin) / kDayMinutes; }
};

// What a level would take after two years, if what it holds is typical.
double Projected(Level level, double bytes, const Content& content) {
  const double kept_days = level == Level::kMinute ? kMinuteDays : kDaysPerTwoYears;
  return bytes / content.days() * kept_days;
}

Content ReadLevel(const storage::Store& store, Level level) {
  const auto snapshot = Must(store.NewSnapshot());
  const std::vector<storage::SeriesKey> series = store.Series();
  storage::Plan plan;
  for (uint32_t id = 1; id < series.size(); ++id) plan.series.push_back(storage::SeriesId{id});
  for (size_t site = 0; site < store.Sites().size(); ++site) {
    plan.pieces.push_back({.site = storage::SiteId{static_cast<uint16_t>(site)},
                           .level = level,
                           .range = {0, storage::kMaxMinute}});
  }
  Content content;
  const auto visit = [&](std::unique_ptr<storage::ColumnHandle> column) {
    const storage::ColumnHeader header = Must(storage::DecodeHeader(column->encoded()));
    ++content.columns;
    content.pairs += header.pairs;
    content.observations += header.observations;
    content.begin = std::min(content.begin, column->key.start);
    content.end = std::max(content.end, storage::Bucket{level, column->key.start}.end());
    content.type_pairs[series[Raw(column->key.series)].profile_type] += header.pairs;
    return absl::OkStatus();
  };
  Must(snapshot->Read(plan, visit, [] { return absl::OkStatus(); }));
  return content;
}

Budget PairBudget(Level level, double bytes) {
  switch (level) {
    case Level::kMinute:
      return AtMost(bytes, 2.0, "B");
    case Level::kHour:
      return AtMost(bytes, 1.6, "B");
    case Level::kDay:
      return AtMost(bytes, 1.5, "B");
    default:
      return {};
  }
}

struct Flags {
  std::string store;
  std::string name;
  std::string results;
  bool compact = false;
};

void Run(const Flags& flags) {
  Results results(flags.results, flags.name);
  const auto store = OpenStore(flags.store, EndOfStore(flags.store));
  if (flags.compact) Must(store->Compact());
  const storage::StoreStatus status = store->Status();
  const auto megabytes = [](double bytes) { return bytes / kMegabyte; };
  double samples = 0;
  double days = 0;
  double projected = 0;
  for (const Level level : storage::kLevels) {
    const Content content = ReadLevel(*store, level);
    if (content.pairs == 0) continue;
    const auto bytes = static_cast<double>(status.levels[static_cast<size_t>(level)].bytes);
    const auto pairs = static_cast<double>(content.pairs);
    const auto observations = static_cast<double>(content.observations);
    samples = std::max(samples, observations);
    if (level <= Level::kDay) days = std::max(days, content.days());
    projected += Projected(level, bytes, content);
    const std::string name(storage::LevelName(level));
    results.Add(name + ": bytes a pair", fmt::format("{:.2f}", bytes / pairs),
                PairBudget(level, bytes / pairs));
    results.Add(name + ": MB, M pairs, columns",
                fmt::format("{:.0f}, {:.1f}, {}", megabytes(bytes), pairs / 1e6, content.columns));
    results.Add(name + ": bytes a sample, pairs a column",
                fmt::format("{:.2f}, {:.0f}", bytes / observations,
                            pairs / static_cast<double>(content.columns)));
    if (level == Level::kDay || level == Level::kMonth) {
      const double buckets =
          static_cast<double>(content.columns) / static_cast<double>(store->Series().size() - 1);
      results.Add(name + ": M pairs a bucket and profile type",
                  fmt::format("{:.2f}", pairs / 1e6 / buckets /
                                            static_cast<double>(content.type_pairs.size())));
    }
  }
  const auto nodes = static_cast<double>(status.dictionary.stacks);
  const auto dictionary = static_cast<double>(status.dictionary_bytes);
  const auto directory = static_cast<double>(status.directory_bytes);
  results.Add("dictionary: M nodes, frames",
              fmt::format("{:.2f}, {}", nodes / 1e6, status.dictionary.frames));
  results.Add("dictionary: MB, bytes a node",
              fmt::format("{:.0f}, {:.1f}", megabytes(dictionary), dictionary / nodes));
  results.Add("whole directory: MB, bytes a sample",
              fmt::format("{:.0f}, {:.2f}", megabytes(directory), directory / samples));
  if (days == 0) return;
  projected += dictionary * std::pow(kDaysPerTwoYears / days, kTreeGrowth);
  if (days >= kDaysPerTwoYears) projected = directory;
  results.Add("two years of this", fmt::format("{:.1f} GB", projected / kGigabyte),
              AtMost(projected / kGigabyte, kBudgetGigabytes, "GB"));
}

}  // namespace
}  // namespace flamekeep::bench

int main(int argc, char** argv) {
  flamekeep::bench::Flags flags;
  CLI::App app("Tells what a store takes on disk");
  app.add_option("--store", flags.store, "Directory of a store that no server has open")
      ->required();
  app.add_flag("--compact", flags.compact, "Compact the store first");
  app.add_option("--results", flags.results, "File that rows of the table are appended to");
  app.add_option("--name", flags.name, "What the rows are about");
  CLI11_PARSE(app, argc, argv);
  flamekeep::bench::Run(flags);
  return 0;
}
