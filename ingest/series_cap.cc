#include "ingest/series_cap.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "base/status.h"

namespace flamekeep::ingest {

SeriesCap::SeriesCap(Interner* interner, SeriesLimits limits,
                     std::map<std::string, SeriesLimits, std::less<>> site_limits, Metrics* metrics)
    : interner_(interner),
      limits_(limits),
      site_limits_(std::move(site_limits)),
      metrics_(metrics) {
  absl::MutexLock lock(&mutex_);
  for (storage::SeriesKey& key : interner_->Series()) {
    Site& site = SiteOf(key.site);
    site.types.insert(key.profile_type);
    Count(std::move(key), &site);
  }
}

SeriesCap::Site& SeriesCap::SiteOf(const std::string& name) {
  const auto [it, added] = sites_.try_emplace(name);
  if (added) {
    const auto own = site_limits_.find(name);
    it->second.limits = own == site_limits_.end() ? limits_ : own->second;
    it->second.count = &metrics_->GetGauge(
        "ingest_series", "Series that a site ever had, which limits.series_per_site bounds.",
        {{"site", name}});
    metrics_->GetGauge("ingest_series_limit", "How many series a site may have.", {{"site", name}})
        .Set(it->second.limits.series);
  }
  return it->second;
}

void SeriesCap::Count(storage::SeriesKey key, Site* site) {
  for (const auto& [name, value] : key.labels) site->values[name].insert(value);
  site->series.insert(std::move(key));
  site->count->Set(static_cast<double>(site->series.size()));
}

absl::Status SeriesCap::AddType(const std::string& site, const std::string& type) {
  absl::MutexLock lock(&mutex_);
  std::set<std::string, std::less<>>& types = SiteOf(site).types;
  if (types.size() >= kMaxTypesPerSite && !types.contains(type)) {
    return Error(
        absl::StatusCode::kFailedPrecondition,
        "site \"{}\" has {} profile types and can not have \"{}\" as well: use an existing "
        "type",
        site, types.size(), type);
  }
  types.insert(type);
  return absl::OkStatus();
}

const std::string* SeriesCap::OverfullLabel(const storage::SeriesKey& key, const Site& site) {
  if (site.limits.values_per_label == 0) return nullptr;
  for (const auto& [name, value] : key.labels) {
    const auto it = site.values.find(name);
    if (it == site.values.end() || it->second.contains(value)) continue;
    if (it->second.size() >= site.limits.values_per_label) return &name;
  }
  return nullptr;
}

std::string SeriesCap::Why(const storage::SeriesKey& key, const Site& site) {
  constexpr std::string_view kRemedy =
      "drop it, or keep fewer values of it, with a rule of `relabel`, or raise the limit";
  if (const std::string* const label = OverfullLabel(key, site)) {
    return fmt::format(
        "Site \"{}\" has {} values of the label \"{}\", its limit (values_per_label), and takes "
        "no samples with another one: {}.",
        key.site, site.values.at(*label).size(), *label, kRemedy);
  }
  const auto most = std::max_element(
      site.values.begin(), site.values.end(),
      [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
  const std::string label = most == site.values.end()
                                ? "there are no labels"
                                : fmt::format("the label \"{}\" has the most values, {}",
                                              most->first, most->second.size());
  return fmt::format(
      "Site \"{}\" has {} series, its limit is {} (series_per_site), and takes no samples of "
      "new ones; {}: {}.",
      key.site, site.series.size(), site.limits.series, label, kRemedy);
}

absl::StatusOr<SeriesCap::Result> SeriesCap::Intern(const storage::SeriesKey& key, Beyond beyond) {
  absl::MutexLock lock(&mutex_);
  Site& site = SiteOf(key.site);
  Result result;
  storage::SeriesKey left = key;
  while (!left.labels.empty() && !site.series.contains(left)) {
    const bool too_many = site.series.size() >= site.limits.series;
    const std::string* const label = OverfullLabel(left, site);
    if (!too_many && label == nullptr) break;
    if (!std::exchange(site.told, true)) {
      spdlog::warn("{} What is not pushed is kept without labels.", Why(left, site));
    }
    if (beyond == Beyond::kRefuse) return Result{.fate = Fate::kRefused, .why = Why(left, site)};
    result.fate = Fate::kUnlabelled;
    if (label == nullptr) {
      left.labels.clear();
    } else {
      left.labels.erase(std::find_if(left.labels.begin(), left.labels.end(),
                                     [&](const auto& l) { return &l.first == label; }));
    }
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(result.id, interner_->InternSeries(left));
  Count(std::move(left), &site);
  return result;
}

}  // namespace flamekeep::ingest
