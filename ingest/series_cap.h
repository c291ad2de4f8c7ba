// Series under a cap: labels come from the data, so a bad rule or client could make millions of
// series.
//
// Thread safety: all methods.
#ifndef FLAMEKEEP_INGEST_SERIES_CAP_H_
#define FLAMEKEEP_INGEST_SERIES_CAP_H_

#include <cstdint>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "ingest/interner.h"
#include "storage/ids.h"
#include "storage/registry.h"

namespace flamekeep::ingest {

inline constexpr size_t kMaxTypesPerSite = 256;

class SeriesCap {
 public:
  struct Result {
    storage::SeriesId id{};
    bool unlabelled = false;  // the site has too many series: the labels were dropped
  };

  // Counts the series that are there. `interner` is not owned.
  SeriesCap(Interner* interner, uint32_t max_per_site);

  // Whether the site may have this profile type (five parts). Errors: FAILED_PRECONDITION where
  // it has kMaxTypesPerSite others.
  absl::Status AddType(const std::string& site, const std::string& type);

  // Finds or makes the series, or the one without labels where the site is full. REQUIRES: its type
  // was added. Errors: INVALID_ARGUMENT for a name outside its rules.
  absl::StatusOr<Result> Intern(const storage::SeriesKey& key);

 private:
  struct Site {
    std::set<storage::SeriesKey> series;
    std::set<std::string, std::less<>> types;
  };

  Interner* const interner_;
  const uint32_t max_per_site_;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Site> sites_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_SERIES_CAP_H_
