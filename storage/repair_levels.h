// Making the levels of a store agree again after columns were lost: the second half of a repair.
//
// What was lost at one level is mostly still in a sum. Where the bucket above is not stale, it
// holds what the lost columns held; the difference to what is left below becomes a direct part of
// that bucket. So totals stay as they were, and finer ranges widen to it, as with data that were
// never known any finer. A rolled part that was lost is summed again while the level below is kept.
// Whichever is not possible is lost.
//
// Thread safety: one thread.
#ifndef FLAMEKEEP_STORAGE_REPAIR_LEVELS_H_
#define FLAMEKEEP_STORAGE_REPAIR_LEVELS_H_

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/catalog.h"
#include "storage/database.h"
#include "storage/level_state.h"
#include "storage/salvage.h"

namespace flamekeep::storage {

using LostByLevel = std::array<std::vector<LostKeys>, kLevelCount>;

class LevelRepair {
 public:
  // What is kept only in sums counts for this source of the site.
  static constexpr char kSourceName[] = "repair";

  // `database` has nothing under the lost keys. Nothing is owned.
  LevelRepair(const Database* database, Catalog* catalog, const LevelState* levels)
      : database_(*database), catalog_(*catalog), levels_(*levels) {}

  // Writes without a log: the caller flushes the database. Errors: DATA_LOSS, those of writing.
  absl::Status Run(const LostByLevel& lost);

  // One sentence for each thing that was done, or that could not be.
  const std::vector<std::string>& sentences() const { return sentences_; }

 private:
  using Columns = std::map<SeriesId, std::vector<std::string>>;

  // Sums rolled parts of `level` again that lie in `lost`.
  absl::Status RebuildRolled(Level level, const LostKeys& lost, SiteId site);
  // Moves what `lost` columns of `level` held to direct parts of the level above.
  absl::Status KeepInParents(Level level, const LostKeys& lost, SiteId site);
  // The same for one bucket of the level above and one of its rolled parts; the samples that move.
  absl::StatusOr<uint64_t> KeepInParent(SiteId site, const Bucket& parent, SeriesId series,
                                        const std::string& rolled,
                                        const std::vector<std::string>& finer);
  // Whether rolled parts of the bucket are, or were, the sums of what lies below.
  bool HoldsSums(SiteId site, const Bucket& bucket) const;
  // The columns of a level in `range`, those of one part or all.
  absl::StatusOr<Columns> Read(SiteId site, Level level, MinuteRange range, bool rolled_only) const;
  absl::StatusOr<SourceId> RepairSource(SiteId site);
  // The starts of the buckets of `level` in `range` in which `columns`, a level, has something.
  absl::StatusOr<std::vector<Minute>> Buckets(SiteId site, Level level, Level columns,
                                              MinuteRange range) const;
  // Marks every wrong sum, and all that lie above it, as stale.
  absl::Status MarkWrongSums();

  const Database& database_;
  Catalog& catalog_;
  const LevelState& levels_;
  std::vector<std::string> sentences_;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_REPAIR_LEVELS_H_
