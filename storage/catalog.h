// The registry in memory: sites, series and sources by name and by id.
//
// Thread safety: all methods. Ids are given at first sight; TakePending() and Committed() are for
// the committer, which writes new entries with the first batch that may need them.
#ifndef FLAMEKEEP_STORAGE_CATALOG_H_
#define FLAMEKEEP_STORAGE_CATALOG_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "base/string_hash.h"
#include "storage/ids.h"
#include "storage/registry.h"

namespace rocksdb {
class WriteBatch;
}  // namespace rocksdb

namespace flamekeep::storage {

inline constexpr size_t kMaxSites = 1000;
inline constexpr size_t kMaxSiteBytes = 64;

// Whether a site may have this name: [A-Za-z_][A-Za-z0-9_.-]*, at most kMaxSiteBytes.
bool IsSiteName(std::string_view name);

// Imported files are sources of their own, so there are many; each stays in memory for ever.
inline constexpr size_t kMaxSources = 1'000'000;
// Of a series: as many as a client may give, and as many again that rules find.
inline constexpr size_t kMaxSeriesLabels = 128;

// Whether sources of this kind are read all the time, and tell how far.
inline bool IsLive(SourceKind kind) {
  return kind == SourceKind::kPubSub || kind == SourceKind::kStream;
}

class Catalog {
 public:
  explicit Catalog(size_t max_sources = kMaxSources) : max_sources_(max_sources) {}

  // Takes in an entry of the registry as it stands in RocksDB. Entries of one kind come in the
  // order of their ids, sites before series. Errors: DATA_LOSS.
  absl::Status Load(std::string_view key, std::string_view value);

  absl::StatusOr<SiteId> InternSite(std::string_view name);
  absl::StatusOr<SeriesId> InternSeries(const SeriesKey& key);
  absl::StatusOr<SourceId> InternSource(const SourceKey& key);

  // Of a source that is there.
  std::optional<SourceId> FindSource(const SourceKey& key) const;

  // Whether a pub/sub channel or a stream of the site is a source.
  bool HasLiveSource(const std::string& site) const;

  // REQUIRES: the ids were given by this catalog.
  SiteId SiteOf(SeriesId series) const;
  std::string SiteNameOf(SeriesId series) const;
  std::string ProfileTypeOf(SeriesId series) const;
  SourceKey SourceOf(SourceId source) const;

  // Indexes are ids; entry 0 of series and sources is unused.
  std::vector<std::string> sites() const;
  std::vector<SeriesKey> series() const;
  std::vector<SourceKey> sources() const;

  void TakePending(rocksdb::WriteBatch* batch);
  void Committed();

 private:
  struct Sizes {
    size_t sites = 0;
    size_t series = 1;
    size_t sources = 1;
  };

  absl::StatusOr<SiteId> InternSiteLocked(std::string_view name)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddSource(const SourceKey& key, SourceId id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t max_sources_;
  mutable absl::Mutex mutex_;
  std::vector<std::string> sites_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, SiteId, StringHash, std::equal_to<>> site_ids_
      ABSL_GUARDED_BY(mutex_);
  std::vector<SeriesKey> series_ ABSL_GUARDED_BY(mutex_) = std::vector<SeriesKey>(1);
  std::vector<SiteId> series_sites_ ABSL_GUARDED_BY(mutex_) = std::vector<SiteId>(1);
  std::map<SeriesKey, SeriesId> series_ids_ ABSL_GUARDED_BY(mutex_);
  std::vector<SourceKey> sources_ ABSL_GUARDED_BY(mutex_) = std::vector<SourceKey>(1);
  std::map<SourceKey, SourceId> source_ids_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> live_sites_ ABSL_GUARDED_BY(mutex_);
  Sizes committed_ ABSL_GUARDED_BY(mutex_);
  Sizes taken_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_CATALOG_H_
