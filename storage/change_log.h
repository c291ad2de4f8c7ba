// When samples changed where: for each site and span of time the number of the last commit that
// touched it, since the store was opened. It tells a cache of answers that nothing has changed
// without reading a column.
//
// A commit is noted before it is written, and a snapshot remembers the last commit that was durable
// before it was taken. So where the last noted change of a range is not behind that of a snapshot,
// the snapshot holds the range as that change left it: two such snapshots with the same last change
// hold the same samples there. Rollups change nothing and are not noted.
//
// Thread safety: all methods.
#ifndef FLAMEKEEP_STORAGE_CHANGE_LOG_H_
#define FLAMEKEEP_STORAGE_CHANGE_LOG_H_

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/synchronization/mutex.h"
#include "storage/bucket.h"
#include "storage/ids.h"

namespace flamekeep::storage {

// Spans of sites as whole hours and coarser buckets, each once.
class ChangedBuckets {
 public:
  void Add(SiteId site, const Bucket& bucket);
  // Widened to whole hours.
  void Add(SiteId site, MinuteRange range);
  void Clear() { buckets_.clear(); }

  const std::set<std::pair<SiteId, Bucket>>& buckets() const { return buckets_; }

 private:
  std::set<std::pair<SiteId, Bucket>> buckets_;
};

class ChangeLog {
 public:
  // `commit` numbers ascend.
  void Note(const ChangedBuckets& changed, uint64_t commit) ABSL_LOCKS_EXCLUDED(mutex_);

  // The last noted commit that touched `range` of one of the sites; 0 where none did.
  uint64_t LastChange(const std::vector<SiteId>& sites, MinuteRange range) const
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable absl::Mutex mutex_;
  absl::btree_map<std::pair<SiteId, Bucket>, uint64_t> commits_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_CHANGE_LOG_H_
