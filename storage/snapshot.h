// A consistent view of a store for one query: plans which buckets cover a range and reads them.
//
// A range is covered by the coarsest buckets that fit and are not stale. Its edges are exact to the
// finest level that is kept there and at which the selected samples are known; a finer edge widens
// outward. The answer is the same whatever has been rolled up.
//
// Thread safety: const methods may be called from several threads. Must not outlive the Store.
#ifndef FLAMEKEEP_STORAGE_SNAPSHOT_H_
#define FLAMEKEEP_STORAGE_SNAPSHOT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "storage/bucket.h"
#include "storage/column.h"
#include "storage/dictionary.h"
#include "storage/format.h"
#include "storage/ids.h"
#include "storage/progress.h"

namespace flamekeep::storage {

// A run of buckets of one level and site.
struct Piece {
  SiteId site{};
  Level level{};
  MinuteRange range;         // whole buckets of `level`
  bool direct_only = false;  // the rolled parts are stale: finer pieces stand for them

  bool operator==(const Piece&) const = default;
};

struct Plan {
  MinuteRange
      covered;  // the smallest range that holds the requested one and can be answered exactly
  bool widened = false;  // covered is larger than what was asked for
  std::vector<Piece> pieces;
  std::vector<SeriesId> series;  // sorted: whose columns are wanted
};

// One encoded column; the bytes stay where they are as long as the handle lives.
class ColumnHandle {
 public:
  virtual ~ColumnHandle() = default;
  virtual std::string_view encoded() const = 0;

  ColumnKey key;
  Level level{};
};

class Snapshot {
 public:
  virtual ~Snapshot() = default;

  // Plans the columns of `series` over [begin, end). Series of several sites may be given: each
  // site has its own pieces, and all are widened to the same covered range. Errors:
  // INVALID_ARGUMENT for a range that is upside down, empty or outside the years that can be
  // stored; what `check` returns, which is asked every so many keys.
  virtual absl::StatusOr<Plan> MakePlan(absl::Time begin, absl::Time end,
                                        std::vector<SeriesId> series,
                                        absl::FunctionRef<absl::Status()> check) const = 0;

  // The same for who does not want to be asked.
  absl::StatusOr<Plan> MakePlan(absl::Time begin, absl::Time end,
                                std::vector<SeriesId> series) const {
    return MakePlan(begin, end, std::move(series), [] { return absl::OkStatus(); });
  }

  // Plans the covered range again, so that no bucket lies across one of `edges`, which ascend
  // inside of it. An edge inside a bucket that can not be divided moves down to where it can: where
  // that lies depends on what is kept and known there, never on what was rolled up. Returns the
  // edges that there are then, the two of the covered range with them. Errors: of `check`.
  virtual absl::StatusOr<std::vector<Minute>> Divide(absl::Span<const Minute> edges,
                                                     absl::FunctionRef<absl::Status()> check,
                                                     Plan* plan) const = 0;

  // Calls `visit` with each column of the plan, in key order piece by piece, and `check` every so
  // many keys, also where they all belong to other series. Stops at the first error, also one that
  // `visit` (a budget) or `check` (a deadline) returns. Errors: DATA_LOSS names the key.
  virtual absl::Status Read(const Plan& plan,
                            absl::FunctionRef<absl::Status(std::unique_ptr<ColumnHandle>)> visit,
                            absl::FunctionRef<absl::Status()> check) const = 0;

  // The same for who wants to know which columns there are, and not what they hold.
  virtual absl::Status ReadKeys(const Plan& plan,
                                absl::FunctionRef<absl::Status(Level, const ColumnKey&)> visit,
                                absl::FunctionRef<absl::Status()> check) const = 0;

  // Where the first, and the last, bucket of `level` with a column of any series of the site
  // begins, of those that begin in `range`. A hint: the column may be below a floor, or about to be
  // deleted, so that no plan has it. Takes microseconds.
  virtual absl::StatusOr<std::optional<Minute>> FirstBucket(SiteId site, Level level,
                                                            MinuteRange range) const = 0;
  virtual absl::StatusOr<std::optional<Minute>> LastBucket(SiteId site, Level level,
                                                           MinuteRange range) const = 0;

  // What is known about how complete the answer is for a profile type (five parts) at the sites
  // that `matches`, over what the plan covers. Errors: DATA_LOSS, and as above of `check`.
  virtual absl::StatusOr<Completeness> CompletenessOf(
      const Plan& plan, std::string_view profile_type,
      absl::FunctionRef<bool(std::string_view site)> matches,
      absl::FunctionRef<absl::Status()> check) const = 0;

  absl::StatusOr<Completeness> CompletenessOf(
      const Plan& plan, std::string_view profile_type,
      absl::FunctionRef<bool(std::string_view site)> matches) const {
    return CompletenessOf(plan, profile_type, matches, [] { return absl::OkStatus(); });
  }

  // A number for what the plan's series hold in its covered range: as long as the store is open,
  // snapshots that give the same number for the same series and range hold the same samples there.
  // Nothing while a change of it is being committed. Takes microseconds.
  virtual std::optional<uint64_t> ContentStamp(const Plan& plan) const = 0;

  // How many bytes the plan's pieces take, about: of all series that lie in them. Reads no columns.
  virtual std::vector<uint64_t> EstimateBytes(const Plan& plan) const = 0;  // by piece

  // The dictionary as of this snapshot: holds every id in its columns.
  virtual const StackTreeView& tree() const = 0;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_SNAPSHOT_H_
