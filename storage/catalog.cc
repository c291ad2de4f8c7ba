#include "storage/catalog.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "base/status.h"
#include "storage/format.h"

namespace flamekeep::storage {
namespace {

constexpr size_t kMaxLabelBytes = 256;
constexpr size_t kMaxSourceBytes = 1024;

absl::Status CheckLabels(const Labels& labels) {
  if (labels.size() > kMaxSeriesLabels) {
    return InvalidArgument("a series has {} labels: give it at most {}", labels.size(),
                           kMaxSeriesLabels);
  }
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto& [name, value] = labels[i];
    if (i > 0 && labels[i - 1].first >= name) {
      return InvalidArgument("labels must be sorted and distinct: \"{}\" is not", name);
    }
    if (name.empty() || value.empty()) {
      return InvalidArgument("label \"{}\" has no name or no value: leave it out", name);
    }
    if (name.size() > kMaxLabelBytes || value.size() > kMaxLabelBytes) {
      return InvalidArgument("label \"{:.40}\" is longer than {} bytes: shorten it", name,
                             kMaxLabelBytes);
    }
  }
  return absl::OkStatus();
}

// The id in a key of the registry, after its tag.
uint32_t IdOf(std::string_view key) {
  uint32_t id = 0;
  for (const char c : key.substr(1)) id = id << 8 | static_cast<unsigned char>(c);
  return id;
}

}  // namespace

bool IsSiteName(std::string_view name) {
  if (name.empty() || name.size() > kMaxSiteBytes) return false;
  if (!absl::ascii_isalpha(static_cast<unsigned char>(name[0])) && name[0] != '_') return false;
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '-';
  });
}

absl::Status Catalog::Load(std::string_view key, std::string_view value) {
  absl::MutexLock lock(&mutex_);
  const uint32_t id = IdOf(key);
  size_t expected = 0;
  switch (static_cast<MetaTag>(key[0])) {
    case MetaTag::kSite:
      expected = sites_.size();
      site_ids_.emplace(std::string(value), SiteId{static_cast<uint16_t>(id)});
      sites_.emplace_back(value);
      break;
    case MetaTag::kSeries: {
      expected = series_.size();
      FLAMEKEEP_ASSIGN_OR_RETURN(SeriesRecord record, DecodeSeries(value));
      if (Raw(record.site) >= sites_.size()) {
        return DataLoss("series {} of the registry names a site that is not there", id);
      }
      SeriesKey series{sites_[Raw(record.site)], std::move(record.profile_type),
                       std::move(record.labels)};
      series_ids_.emplace(series, SeriesId{id});
      series_.push_back(std::move(series));
      series_sites_.push_back(record.site);
      break;
    }
    case MetaTag::kSource: {
      expected = sources_.size();
      FLAMEKEEP_ASSIGN_OR_RETURN(const SourceKey source, DecodeSource(value));
      AddSource(source, SourceId{id});
      break;
    }
    default:
      return DataLoss("key \"{}\" is not one of the registry", key.substr(0, 1));
  }
  if (id != expected) {
    return DataLoss("the registry has id {} where {} was expected", id, expected);
  }
  committed_ = taken_ = {sites_.size(), series_.size(), sources_.size()};
  return absl::OkStatus();
}

absl::StatusOr<SiteId> Catalog::InternSite(std::string_view name) {
  absl::MutexLock lock(&mutex_);
  return InternSiteLocked(name);
}

absl::StatusOr<SiteId> Catalog::InternSiteLocked(std::string_view name) {
  if (const auto it = site_ids_.find(name); it != site_ids_.end()) return it->second;
  if (!IsSiteName(name)) {
    return InvalidArgument(
        "\"{:.80}\" is not a site name: use letters, digits, '_', '.' and '-', at most {} of them",
        name, kMaxSiteBytes);
  }
  if (sites_.size() >= kMaxSites) {
    return Error(absl::StatusCode::kFailedPrecondition,
                 "site \"{}\" would be one more than the {} that a store can hold: use an existing "
                 "site",
                 name, kMaxSites);
  }
  const SiteId id{static_cast<uint16_t>(sites_.size())};
  sites_.emplace_back(name);
  site_ids_.emplace(std::string(name), id);
  return id;
}

absl::StatusOr<SeriesId> Catalog::InternSeries(const SeriesKey& key) {
  absl::MutexLock lock(&mutex_);
  if (const auto it = series_ids_.find(key); it != series_ids_.end()) return it->second;
  FLAMEKEEP_RETURN_IF_ERROR(CheckLabels(key.labels));
  FLAMEKEEP_ASSIGN_OR_RETURN(const SiteId site, InternSiteLocked(key.site));
  const SeriesId id{static_cast<uint32_t>(series_.size())};
  series_.push_back(key);
  series_sites_.push_back(site);
  series_ids_.emplace(key, id);
  return id;
}

absl::StatusOr<SourceId> Catalog::InternSource(const SourceKey& key) {
  absl::MutexLock lock(&mutex_);
  if (const auto it = source_ids_.find(key); it != source_ids_.end()) return it->second;
  if (key.name.empty() || key.name.size() > kMaxSourceBytes) {
    return InvalidArgument("a source needs a name of 1 to {} bytes, not {}", kMaxSourceBytes,
                           key.name.size());
  }
  if (source_ids_.size() >= max_sources_) {
    return Error(absl::StatusCode::kFailedPrecondition,
                 "source \"{:.80}\" would be one more than the {} that a store can hold: send "
                 "under a name that is there already",
                 key.name, max_sources_);
  }
  FLAMEKEEP_RETURN_IF_ERROR(InternSiteLocked(key.site).status());
  const SourceId id{static_cast<uint32_t>(sources_.size())};
  AddSource(key, id);
  return id;
}

void Catalog::AddSource(const SourceKey& key, SourceId id) {
  sources_.push_back(key);
  source_ids_.emplace(key, id);
  if (IsLive(key.kind)) live_sites_.insert(key.site);
}

bool Catalog::HasLiveSource(const std::string& site) const {
  absl::MutexLock lock(&mutex_);
  return live_sites_.contains(site);
}

std::optional<SourceId> Catalog::FindSource(const SourceKey& key) const {
  absl::MutexLock lock(&mutex_);
  const auto it = source_ids_.find(key);
  if (it == source_ids_.end()) return std::nullopt;
  return it->second;
}

std::string Catalog::SiteNameOf(SeriesId series) const {
  absl::MutexLock lock(&mutex_);
  return series_[Raw(series)].site;
}

std::string Catalog::ProfileTypeOf(SeriesId series) const {
  absl::MutexLock lock(&mutex_);
  return series_[Raw(series)].profile_type;
}

SiteId Catalog::SiteOf(SeriesId series) const {
  absl::MutexLock lock(&mutex_);
  return series_sites_[Raw(series)];
}

SourceKey Catalog::SourceOf(SourceId source) const {
  absl::MutexLock lock(&mutex_);
  return sources_[Raw(source)];
}

std::vector<std::string> Catalog::sites() const {
  absl::MutexLock lock(&mutex_);
  return sites_;
}

std::vector<SeriesKey> Catalog::series() const {
  absl::MutexLock lock(&mutex_);
  return series_;
}

std::vector<SourceKey> Catalog::sources() const {
  absl::MutexLock lock(&mutex_);
  return sources_;
}

void Catalog::TakePending(rocksdb::WriteBatch* batch) {
  absl::MutexLock lock(&mutex_);
  for (size_t i = committed_.sites; i < sites_.size(); ++i) {
    batch->Put(MetaKey(MetaTag::kSite, static_cast<uint16_t>(i)), sites_[i]);
  }
  for (size_t i = committed_.series; i < series_.size(); ++i) {
    batch->Put(MetaKey(MetaTag::kSeries, static_cast<uint32_t>(i)),
               EncodeSeries({series_sites_[i], series_[i].profile_type, series_[i].labels}));
  }
  for (size_t i = committed_.sources; i < sources_.size(); ++i) {
    batch->Put(MetaKey(MetaTag::kSource, static_cast<uint32_t>(i)), EncodeSource(sources_[i]));
  }
  taken_ = {sites_.size(), series_.size(), sources_.size()};
}

void Catalog::Committed() {
  absl::MutexLock lock(&mutex_);
  committed_ = taken_;
}

}  // namespace flamekeep::storage
