// What the planner asks, as of one snapshot of the store: floors and stale marks, which are read at
// once, and direct parts, which are looked for where they matter.
//
// Thread safety: none. What is pointed to must outlive the object.
#ifndef FLAMEKEEP_STORAGE_SNAPSHOT_VIEW_H_
#define FLAMEKEEP_STORAGE_SNAPSHOT_VIEW_H_

#include <rocksdb/options.h>

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "storage/bucket.h"
#include "storage/database.h"
#include "storage/deletion.h"
#include "storage/ids.h"
#include "storage/level_state.h"
#include "storage/planner.h"

namespace flamekeep::storage {

class SnapshotView final : public PlannerView {
 public:
  // `options` name the snapshot; readers pass over what `deletion` covers. `series` are the wanted
  // ones; `check` is asked now and then, and its error ends the work.
  SnapshotView(const Database& database, const rocksdb::ReadOptions& options,
               const std::optional<DeletionRecord>& deletion, absl::Span<const SeriesId> series,
               absl::FunctionRef<absl::Status()> check)
      : database_(database),
        options_(options),
        deletion_(deletion),
        series_(series),
        check_(check) {}

  // Reads floors and marks; first of all.
  absl::Status Load();

  LevelState::Floors floors(SiteId site) const override { return state_.floors(site); }
  bool IsStale(SiteId site, const Bucket& bucket) const override {
    Step();  // a plan of very many buckets may need no probe
    return state_.mark({bucket, site}).has_value();
  }
  bool HasDirect(SiteId site, const Bucket& bucket) const override;

  // The error of the check that ended it; what was planned then is of no use.
  const absl::Status& stopped() const { return stopped_; }

 private:
  bool FindDirect(SiteId site, const Bucket& bucket) const;
  const absl::Status& Step() const;

  const Database& database_;
  const rocksdb::ReadOptions& options_;
  const std::optional<DeletionRecord>& deletion_;
  const absl::Span<const SeriesId> series_;
  const absl::FunctionRef<absl::Status()> check_;
  LevelState state_;
  // A bucket is asked for once for each edge inside of it.
  mutable std::map<std::pair<SiteId, Bucket>, bool> has_direct_;
  mutable uint32_t steps_ = 0;
  mutable absl::Status stopped_;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_SNAPSHOT_VIEW_H_
