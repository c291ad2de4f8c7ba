// `max_bytes`: keeps a store below a size by giving up what is old at fine levels.
//
// Where the store is larger, floors are raised as retention would raise them: of minutes first,
// then of hours, the oldest of all sites first, aligned to the next coarser level and never past a
// bucket that is still to be summed. The last day of minutes and the last 31 days of hours stay,
// and so do days, months, years and the dictionary: where they alone are larger, the store grows
// beyond `max_bytes` and says so.
//
// What has been given up counts as gone at once, by an estimate, so that a compaction that waits
// for a snapshot or takes long does not make more go; the next look is at the size that came of it.
//
// Thread safety: Run() one thread at a time (the maintenance thread); status() any.
#ifndef FLAMEKEEP_STORAGE_SIZE_CAP_H_
#define FLAMEKEEP_STORAGE_SIZE_CAP_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "storage/expiry.h"
#include "storage/store.h"

namespace flamekeep::storage {

// What `max_bytes` never takes. Coarser levels stay whole.
inline constexpr std::array kCapKeeps = {absl::Hours(24), absl::Hours(24 * 31)};

class SizeCap {
 public:
  struct Parts {  // not owned
    DatabaseHolder* database;
    LevelState* levels;
    Catalog* catalog;
    Dictionary* dictionary;
    Expiry* expiry;
    Metrics* metrics;
    const StoreOptions* options;  // max_bytes
  };

  explicit SizeCap(Parts parts);

  absl::Status Run(absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);
  CapStatus status() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // One level of one site, and how much of it may go.
  struct Part {
    SiteId site{};
    Minute floor = 0;
    Minute limit = 0;  // the highest floor that can be reached
  };

  // Bytes of the store's files, and of these what is below floors and will come free.
  struct Size {
    uint64_t live = 0;
    uint64_t leaving = 0;
    uint64_t staying() const { return live - std::min(live, leaving); }
  };
  absl::StatusOr<Size> Measure() const;
  absl::Status FreeAll();
  // Raises floors of one level until about `bytes` more come free.
  absl::Status GiveUp(Level level, const std::vector<Part>& parts, uint64_t bytes);
  absl::StatusOr<std::vector<Part>> PartsOf(Level level, absl::Time now) const;
  absl::StatusOr<uint64_t> BytesBelow(Level level, const Part& part, Minute end) const;
  absl::StatusOr<uint64_t> BytesBelow(Level level, const std::vector<Part>& parts,
                                      Minute end) const;
  // Raises a floor and tells of it.
  absl::Status Raise(Level level, const Part& part, Minute wanted);
  void SetStatus(const Size& size) ABSL_LOCKS_EXCLUDED(mutex_);

  const Parts parts_;
  std::array<Counter*, kCapKeeps.size()> expired_{};
  bool unmet_said_ = false;
  mutable absl::Mutex mutex_;
  CapStatus told_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_SIZE_CAP_H_
