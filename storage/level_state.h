// What the levels' buckets are worth, in memory: floors (how far back a level is kept) and stale
// marks (buckets whose rolled part does not hold all that lies below them). RocksDB holds the same;
// a Snapshot reads it there, as of its own time.
//
// Thread safety: all methods. Only the committer changes it, after the change is durable.
#ifndef FLAMEKEEP_STORAGE_LEVEL_STATE_H_
#define FLAMEKEEP_STORAGE_LEVEL_STATE_H_

#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "storage/bucket.h"
#include "storage/format.h"
#include "storage/ids.h"

namespace flamekeep::storage {

// Orders by level first: finer buckets are rolled up before coarser ones.
struct MarkKey {
  Bucket bucket{};
  SiteId site{};

  auto operator<=>(const MarkKey&) const = default;
};

class LevelState {
 public:
  using Floors = std::array<Minute, kLevelCount>;

  // Takes in a floor (also one of kCapped) or a mark as it stands in RocksDB. Errors: DATA_LOSS.
  absl::Status Load(std::string_view key, std::string_view value);

  // All zero for a site that has none.
  Floors floors(SiteId site) const;
  bool HasFloors(SiteId site) const;
  // `capped`: `max_bytes` asks for it, not the retention.
  void SetFloor(SiteId site, Level level, Minute floor, bool capped = false);

  // A floor that stands where `max_bytes` put it.
  struct Capped {
    SiteId site{};
    Level level{};
    Minute floor = 0;
  };
  std::vector<Capped> capped() const;  // by site, then by level

  std::optional<StaleMark> mark(const MarkKey& key) const;
  std::vector<std::pair<MarkKey, StaleMark>> marks() const;  // in the order of MarkKey
  // Whether a bucket of `level` inside `range` has a mark.
  bool HasMark(SiteId site, Level level, MinuteRange range) const;
  // All at once, so that whoever sees the mark of a bucket also sees those of finer ones that were
  // set with it.
  void ChangeMarks(const std::vector<std::pair<MarkKey, StaleMark>>& set,
                   const std::vector<MarkKey>& cleared);

 private:
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<SiteId, Floors> floors_ ABSL_GUARDED_BY(mutex_);
  absl::btree_map<SiteId, Floors> capped_ ABSL_GUARDED_BY(mutex_);  // 0: never
  absl::btree_map<MarkKey, StaleMark> marks_ ABSL_GUARDED_BY(mutex_);
};

// The finest level, not finer than `resolution`, that is kept for `minute`; nothing where all have
// expired.
std::optional<Level> FinestKept(const LevelState::Floors& floors, Level resolution, Minute minute);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_LEVEL_STATE_H_
