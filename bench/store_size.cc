// Tells what a store takes on disk; see README.md.
//
//   store_size --store /tmp/two-years
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
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
constexpr double kDaysPerTwoYears = 730;
constexpr double kMinuteDays = 90;

// What one level holds.
struct Content {
  uint64_t columns = 0;
  uint64_t pairs = 0;
  uint64_t observations = 0;
  uint64_t encoded_bytes = 0;
  // By profile type.
  std::map<std::string, uint64_t> type_pairs;
};

Content ReadLevel(const storage::Store& store, Level level) {
  const auto snapshot = store.NewSnapshot();
  const std::vector<storage::SeriesKey> series = store.Series();
  storage::Plan plan;
  for (uint32_t id = 1; id < series.size(); ++id) plan.series.push_back(storage::SeriesId{id});
  for (size_t site = 0; site < store.Sites().size(); ++site) {
    plan.pieces.push_back({.site = storage::SiteId{static_cast<uint16_t>(site)},
                           .level = level,
                           .range = {0, storage::kMaxMinute}});
  }
  Content content;
  Must(snapshot->Read(plan, [&](std::unique_ptr<storage::ColumnHandle> column) {
    const storage::ColumnHeader header = Must(storage::DecodeHeader(column->encoded()));
    ++content.columns;
    content.pairs += header.pairs;
    content.observations += header.observations;
    content.encoded_bytes += column->encoded().size();
    content.type_pairs[series[Raw(column->key.series)].profile_type] += header.pairs;
    return absl::OkStatus();
  }));
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

void Run(const std::string& directory, bool compact, const std::string& results_file) {
  Results results(results_file);
  const auto store = OpenStore(directory, EndOfStore(directory));
  if (compact) Must(store->Compact());
  const storage::StoreStatus status = store->Status();
  uint64_t observations = 0;
  for (const Level level : storage::kLevels) {
    const Content content = ReadLevel(*store, level);
    if (content.pairs == 0) continue;
    observations = std::max(observations, content.observations);
    const uint64_t bytes = status.levels[static_cast<size_t>(level)].bytes;
    const auto pairs = static_cast<double>(content.pairs);
    const double per_pair = static_cast<double>(bytes) / pairs;
    const std::string name(storage::LevelName(level));
    results.Add(name + ": bytes a pair", fmt::format("{:.2f}", per_pair),
                PairBudget(level, per_pair));
    results.Add(name + ": columns, M pairs, MB",
                fmt::format("{}, {:.1f}, {:.0f}", content.columns, pairs / 1e6,
                            static_cast<double>(bytes) / kMegabyte));
    results.Add(name + ": bytes a sample, pairs a column",
                fmt::format("{:.2f}, {:.0f}",
                            static_cast<double>(bytes) / static_cast<double>(content.observations),
                            pairs / static_cast<double>(content.columns)));
  }
  const auto nodes = static_cast<double>(status.dictionary.stacks);
  results.Add("dictionary: M nodes, frames",
              fmt::format("{:.2f}, {}", nodes / 1e6, status.dictionary.frames));
  results.Add("dictionary: MB, bytes a node",
              fmt::format("{:.0f}, {:.1f}", static_cast<double>(status.dictionary_bytes) / kMegabyte,
                          static_cast<double>(status.dictionary_bytes) / nodes));
  results.Add(
      "whole directory",
      fmt::format("{:.0f} MB", static_cast<double>(status.directory_bytes) / kMegabyte));
}

}  // namespace
}  // namespace flamekeep::bench

int main(int argc, char** argv) {
  std::string store;
  std::string results;
  bool compact = false;
  CLI::App app("Tells what a store takes on disk");
  app.add_option("--store", store, "Directory of a store that no server has open")->required();
  app.add_flag("--compact", compact, "Compact the store first");
  app.add_option("--results", results, "File that rows of the table are appended to");
  CLI11_PARSE(app, argc, argv);
  flamekeep::bench::Run(store, compact, results);
  return 0;
}
