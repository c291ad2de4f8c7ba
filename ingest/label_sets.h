// Label sets by a small number, so that a cached stack can name its labels.
//
// Thread safety: all methods. Sets are never changed or removed.
#ifndef FLAMEKEEP_INGEST_LABEL_SETS_H_
#define FLAMEKEEP_INGEST_LABEL_SETS_H_

#include <cstdint>
#include <deque>
#include <map>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/registry.h"

namespace flamekeep::ingest {

// Set 0 is the empty one.
enum class LabelSetId : uint32_t {};

// Bounds memory where a rule lifts something that never repeats.
inline constexpr uint32_t kMaxLabelSets = 100'000;
// Ids have 24 bits.
inline constexpr uint32_t kMostLabelSets = (1u << 24) - 1;

class LabelSets {
 public:
  // REQUIRES: `max_sets` is at most kMostLabelSets.
  explicit LabelSets(uint32_t max_sets = kMaxLabelSets);

  // Finds or makes. False where there are too many sets: `*id` is then the empty one.
  bool Intern(const storage::Labels& labels, LabelSetId* id);
  // REQUIRES: the set exists. The reference lives as long as this object.
  const storage::Labels& Get(LabelSetId id) const;

 private:
  const uint32_t max_sets_;
  mutable absl::Mutex mutex_;
  std::map<storage::Labels, LabelSetId> ids_ ABSL_GUARDED_BY(mutex_);
  std::deque<const storage::Labels*> sets_ ABSL_GUARDED_BY(mutex_);  // the keys of ids_
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_LABEL_SETS_H_
