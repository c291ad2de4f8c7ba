#include "ingest/series_cap.h"

#include "base/status.h"

namespace flamekeep::ingest {

SeriesCap::SeriesCap(Interner* interner, uint32_t max_per_site)
    : interner_(interner), max_per_site_(max_per_site) {
  absl::MutexLock lock(&mutex_);
  for (storage::SeriesKey& key : interner_->Series()) {
    Site& site = sites_[key.site];
    site.types.insert(key.profile_type);
    site.series.insert(std::move(key));
  }
}

absl::Status SeriesCap::AddType(const std::string& site, const std::string& type) {
  absl::MutexLock lock(&mutex_);
  std::set<std::string, std::less<>>& types = sites_[site].types;
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

absl::StatusOr<SeriesCap::Result> SeriesCap::Intern(const storage::SeriesKey& key) {
  absl::MutexLock lock(&mutex_);
  std::set<storage::SeriesKey>& series = sites_[key.site].series;
  if (series.size() < max_per_site_ || key.labels.empty() || series.contains(key)) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const storage::SeriesId id, interner_->InternSeries(key));
    series.insert(key);
    return Result{.id = id};
  }
  const storage::SeriesKey bare{key.site, key.profile_type, {}};
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::SeriesId id, interner_->InternSeries(bare));
  series.insert(bare);
  return Result{.id = id, .unlabelled = true};
}

}  // namespace flamekeep::ingest
