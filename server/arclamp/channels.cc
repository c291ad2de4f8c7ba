#include "server/arclamp/channels.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "query/labels.h"
#include "server/arclamp/file_name.h"
#include "storage/profile_type.h"

namespace flamekeep::server {

namespace {

// Where Arc Lamp's tag is kept (ingest/rules.h).
constexpr std::string_view kTagLabel = "entry_point";

std::string TagOf(const storage::SeriesKey& series) {
  for (const auto& [name, value] : series.labels) {
    if (name == kTagLabel && value != kArcLampAll && IsArcLampTag(value)) return value;
  }
  return "";
}

// Names of channels by profile type.
std::multimap<std::string, std::string> ChannelNames(absl::Span<const storage::SeriesKey> series,
                                                     const ingest::ChannelTypes& types) {
  std::multimap<std::string, std::string> names;
  for (const auto& [channel, text] : types) {
    const absl::StatusOr<storage::ProfileType> type = storage::ParseProfileType(text);
    if (type.ok() && IsArcLampChannel(channel)) names.emplace(type->Id(), channel);
  }
  for (const query::ListedProfileType& type : query::ProfileTypesOf(series, series)) {
    if (names.contains(type.id) || types.contains(type.name)) continue;
    if (IsArcLampChannel(type.name)) names.emplace(type.id, type.name);
  }
  return names;
}

}  // namespace

std::vector<ArcLampChannel> ArcLampChannelsOf(absl::Span<const storage::SeriesKey> series,
                                              const ingest::ChannelTypes& types,
                                              std::string_view site) {
  const std::multimap<std::string, std::string> names = ChannelNames(series.subspan(1), types);
  std::map<std::string, ArcLampChannel> channels;
  for (size_t id = 1; id < series.size(); ++id) {
    if (!site.empty() && series[id].site != site) continue;
    const auto [begin, end] = names.equal_range(series[id].profile_type);
    for (auto name = begin; name != end; ++name) {
      ArcLampChannel& channel = channels[name->second];
      channel.series.push_back(storage::SeriesId(id));
      channel.tags.push_back(TagOf(series[id]));
    }
  }
  std::vector<ArcLampChannel> out;
  for (auto& [name, channel] : channels) {
    channel.name = name;
    out.push_back(std::move(channel));
  }
  return out;
}

std::string ArcLampSelector(const ingest::ChannelTypes& types, std::string_view channel,
                            std::string_view tag, std::string_view site) {
  const auto type = types.find(channel);
  std::string matchers;
  const auto add = [&matchers](std::string_view label, std::string_view value) {
    matchers += fmt::format("{}{}=\"{}\"", matchers.empty() ? "" : ",", label, value);
  };
  if (tag != kArcLampAll) add(kTagLabel, tag);
  if (!site.empty()) add("site", site);
  const std::string_view name = type == types.end() ? channel : std::string_view(type->second);
  return matchers.empty() ? std::string(name) : fmt::format("{}{{{}}}", name, matchers);
}

}  // namespace flamekeep::server
