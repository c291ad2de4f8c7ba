#include "cli/store_stats_text.h"

#include <fmt/format.h>

#include <cmath>

#include "absl/time/time.h"
#include "base/time_parse.h"
#include "cli/level_text.h"
#include "cli/progress.h"
#include "cli/table.h"

namespace flamekeep::cli {
namespace {

using Stats = v1::StoreStatsResponse;

std::string BytesText(double bytes) {
  const std::string text = RoundedBytesText(static_cast<uint64_t>(std::abs(bytes)));
  return bytes < 0 ? "-" + text : text;
}

std::string DurationText(const google::protobuf::Duration& duration) {
  return RoundedDurationText(absl::Seconds(duration.seconds()));
}

std::string Sites(const Stats& stats) {
  Table table({"site", "level", ">on disk", ">a day", "since", ">kept for"});
  for (const Stats::SiteStats& site : stats.sites()) {
    for (const Stats::LevelStats& level : site.levels()) {
      table.AddRow(
          {site.site(), LevelText(level.level()), RoundedBytesText(level.bytes()),
           BytesText(level.bytes_per_day()),
           level.has_oldest() ? TimeText(absl::FromUnixSeconds(level.oldest().seconds())) : "-",
           !stats.has_forecast() ? "?"
           : level.has_keep()    ? DurationText(level.keep())
                                 : "ever"});
    }
    table.AddRow({site.site(), "all", RoundedBytesText(site.bytes())});
  }
  return table.empty() ? "There are no sites yet.\n" : table.Text();
}

std::string Families(const Stats& stats) {
  Table table({"column family", ">on disk", ">keys"});
  for (const Stats::FamilyStats& family : stats.families()) {
    table.AddRow(
        {family.name(), RoundedBytesText(family.bytes()), "about " + CountText(family.keys())});
  }
  table.AddRow({"derived files", RoundedBytesText(stats.derived_bytes())});
  table.AddRow({"logs", RoundedBytesText(stats.log_bytes())});
  return table.Text();
}

std::string Dictionary(const Stats::DictionaryStats& dictionary) {
  const auto rate = [](double per_day) { return CountText(static_cast<uint64_t>(per_day)); };
  Table table({"dictionary", ">now", ">more a day"});
  table.AddRow({"frames", CountText(dictionary.frames()), rate(dictionary.frames_per_day())});
  table.AddRow({"stacks", CountText(dictionary.stacks()), rate(dictionary.stacks_per_day())});
  table.AddRow(
      {"on disk", RoundedBytesText(dictionary.bytes()), BytesText(dictionary.bytes_per_day())});
  return table.Text() +
         (dictionary.measured()
              ? fmt::format("  measured over {}\n", DurationText(dictionary.over()))
              : fmt::format("  an average over the {} that have data: measured from the second day "
                            "on, and less then\n",
                            DurationText(dictionary.over())));
}

std::string Forecast(const Stats::Forecast& forecast) {
  std::string text =
      fmt::format("The store has {} and grows by {} a day. ", RoundedBytesText(forecast.bytes()),
                  BytesText(forecast.bytes_per_day()));
  const std::string limit =
      fmt::format("{} of {}", forecast.limit_is_max_bytes() ? "max_bytes" : "the disk's end",
                  RoundedBytesText(forecast.limit_bytes()));
  if (!forecast.has_to_limit()) {
    return text + fmt::format("It does not reach {} within ten years.\n", limit);
  }
  if (forecast.to_limit().seconds() == 0) return text + fmt::format("It is at {}.\n", limit);
  return text + fmt::format("It reaches {} in {}.\n", limit, DurationText(forecast.to_limit()));
}

}  // namespace

std::string StoreStatsText(const Stats& stats) {
  return Sites(stats) + "\n" + Families(stats) + "\n" + Dictionary(stats.dictionary()) + "\n" +
         (stats.has_forecast()
              ? Forecast(stats.forecast())
              : "A forecast needs the retention: give --config FILE, or ask the server.\n");
}

}  // namespace flamekeep::cli
