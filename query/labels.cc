#include "query/labels.h"

#include <map>
#include <set>

namespace flamekeep::query {
namespace {

// Values with their numbers of series, by label.
using LabelCounts = std::map<std::string_view, std::map<std::string_view, uint64_t>>;

LabelCounts CountLabels(absl::Span<const storage::SeriesKey> series) {
  LabelCounts counts;
  for (const storage::SeriesKey& key : series) {
    ++counts["site"][key.site];
    for (const auto& [name, value] : key.labels) ++counts[name][value];
  }
  return counts;
}

std::string_view TypeNameOf(std::string_view profile_type) {
  return profile_type.substr(0, profile_type.find(':'));
}

}  // namespace

std::vector<LabelName> LabelNamesOf(absl::Span<const storage::SeriesKey> series) {
  std::vector<LabelName> names;
  for (const auto& [name, values] : CountLabels(series)) {
    LabelName& label = names.emplace_back(LabelName{std::string(name), values.size(), 0});
    for (const auto& [value, count] : values) label.series += count;
  }
  return names;
}

std::vector<LabelValue> LabelValuesOf(absl::Span<const storage::SeriesKey> series,
                                      std::string_view label) {
  const LabelCounts counts = CountLabels(series);
  const auto found = counts.find(label);
  std::vector<LabelValue> values;
  if (found == counts.end()) return values;
  for (const auto& [value, count] : found->second) values.push_back({std::string(value), count});
  return values;
}

std::vector<ListedProfileType> ProfileTypesOf(absl::Span<const storage::SeriesKey> series,
                                              absl::Span<const storage::SeriesKey> all) {
  std::map<std::string_view, std::set<std::string_view>> by_name;
  for (const storage::SeriesKey& key : all) {
    by_name[TypeNameOf(key.profile_type)].insert(key.profile_type);
  }
  std::map<std::string_view, uint64_t> counts;
  for (const storage::SeriesKey& key : series) ++counts[key.profile_type];
  std::vector<ListedProfileType> types;
  for (const auto& [id, count] : counts) {
    const bool unique = by_name[TypeNameOf(id)].size() == 1;
    types.push_back({std::string(id), std::string(unique ? TypeNameOf(id) : id), count});
  }
  return types;
}

}  // namespace flamekeep::query
