// Series under limits: labels come from the data, so a bad rule or client could make millions of
// series.
//
// Thread safety: all methods.
#ifndef FLAMEKEEP_INGEST_SERIES_CAP_H_
#define FLAMEKEEP_INGEST_SERIES_CAP_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "base/metrics.h"
#include "ingest/interner.h"
#include "storage/ids.h"
#include "storage/registry.h"

namespace flamekeep::ingest {

inline constexpr size_t kMaxTypesPerSite = 256;

// Of one site. Series are never taken away, so all that it ever had count.
struct SeriesLimits {
  uint32_t series = 10'000;
  uint32_t values_per_label = 0;  // different ones; 0: no limit of its own

  bool operator==(const SeriesLimits&) const = default;
};

// What becomes of a sample of a new series beyond a limit.
enum class Beyond : uint8_t {
  kUnlabel,  // loses the label that has too many values, or all where there are too many series
  kRefuse,
};

class SeriesCap {
 public:
  enum class Fate : uint8_t { kWhole, kUnlabelled, kRefused };
  struct Result {
    Fate fate = Fate::kWhole;
    storage::SeriesId id{};  // not where it is refused
    std::string why;         // of kRefused: a sentence
  };

  // Counts the series that are there. `interner` and `metrics` are not owned.
  SeriesCap(Interner* interner, SeriesLimits limits,
            std::map<std::string, SeriesLimits, std::less<>> site_limits, Metrics* metrics);

  // Whether the site may have this profile type (five parts). Errors: FAILED_PRECONDITION where
  // it has kMaxTypesPerSite others.
  absl::Status AddType(const std::string& site, const std::string& type);

  // Finds or makes the series, or what is left of it. A series without labels is always taken.
  // REQUIRES: its type was added. Errors: INVALID_ARGUMENT for a name outside its rules.
  absl::StatusOr<Result> Intern(const storage::SeriesKey& key, Beyond beyond);

 private:
  struct Site {
    SeriesLimits limits;
    absl::btree_set<storage::SeriesKey> series;
    std::set<std::string, std::less<>> types;
    absl::btree_map<std::string, absl::btree_set<std::string>> values;  // by label
    Gauge* count = nullptr;
    bool told = false;  // that a limit is reached
  };

  Site& SiteOf(const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void Count(storage::SeriesKey key, Site* site);
  // The label whose value would be one too many; null where there is none.
  static const std::string* OverfullLabel(const storage::SeriesKey& key, const Site& site);
  static std::string Why(const storage::SeriesKey& key, const Site& site);

  Interner* const interner_;
  const SeriesLimits limits_;
  const std::map<std::string, SeriesLimits, std::less<>> site_limits_;
  Metrics* const metrics_;
  absl::Mutex mutex_;
  std::map<std::string, Site> sites_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_SERIES_CAP_H_
