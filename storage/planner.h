// Decides which buckets of which level cover a range. Pure logic over a small interface, so that
// its invariants are tested without a database:
//
//   1. The pieces of a site, with the rolled parts of direct-only pieces left out, hold every
//   sample
//      whose bucket lies in the covered range once, and no other.
//   2. The covered range depends on floors and on where direct data lie, never on what has been
//      rolled up.
#ifndef FLAMEKEEP_STORAGE_PLANNER_H_
#define FLAMEKEEP_STORAGE_PLANNER_H_

#include <vector>

#include "absl/types/span.h"
#include "storage/bucket.h"
#include "storage/ids.h"
#include "storage/level_state.h"
#include "storage/snapshot.h"

namespace flamekeep::storage {

// What the planner asks of a store, as of one moment.
class PlannerView {
 public:
  virtual ~PlannerView() = default;
  virtual LevelState::Floors floors(SiteId site) const = 0;
  virtual bool IsStale(SiteId site, const Bucket& bucket) const = 0;
  // Whether one of the wanted series has a direct part in the bucket.
  virtual bool HasDirect(SiteId site, const Bucket& bucket) const = 0;
};

// The smallest range around `wanted` that no bucket with wanted data at its finest level sticks out
// of.
MinuteRange WidenRange(const PlannerView& view, absl::Span<const SiteId> sites, MinuteRange wanted);

// The last moment up to `edge` at which all sites can be divided: no bucket with wanted data at its
// finest level lies across it.
Minute LastDividable(const PlannerView& view, absl::Span<const SiteId> sites, Minute edge);

// The pieces that cover `range` for one site, in ascending order within a level.
// REQUIRES: `range` was widened.
std::vector<Piece> CoverRange(const PlannerView& view, SiteId site, MinuteRange range);

// The same for the range from the first of `edges` to the last; no bucket of a piece lies across an
// edge. REQUIRES: they ascend, and all sites can be divided at each.
std::vector<Piece> CoverParts(const PlannerView& view, SiteId site, absl::Span<const Minute> edges);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_PLANNER_H_
