// Reads one partition of an export (export.h) from one snapshot.
//
// Thread safety: none. Errors: ABORTED, DATA_LOSS, and those of the context and of the sink; see
// Exporter::Next().
#ifndef FLAMEKEEP_QUERY_EXPORT_PARTITION_H_
#define FLAMEKEEP_QUERY_EXPORT_PARTITION_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "query/context.h"
#include "query/export.h"
#include "query/frame_filter.h"
#include "query/frame_flags_cache.h"
#include "query/stack_filter.h"
#include "storage/bucket.h"
#include "storage/snapshot.h"
#include "storage/store.h"

namespace flamekeep::query {

class ExportPartitionReader {
 public:
  ExportPartitionReader(const storage::Store& store, absl::FunctionRef<Context()> bounds)
      : store_(store), bounds_(bounds), context_(bounds()) {}

  // Plans what begins at or after `begin`, on the same day and before `end`. Whether it has
  // samples; where it has none, range() tells how far that is so, which may be beyond the day.
  absl::StatusOr<bool> Open(std::string_view selector, const std::string& site,
                            storage::Minute begin, storage::Minute end, storage::Level level);

  // Once opened: what the buckets cover.
  const storage::MinuteRange& range() const { return range_; }

  // Names the content of what was opened.
  absl::StatusOr<std::string> Version(std::string_view question);

  // Hands out the columns. REQUIRES: Version() was called.
  absl::Status Read(const FrameFilter& filter, FrameFlagsCache* flags, ExportSink* sink);

 private:
  struct Bucket {
    storage::MinuteRange range;
    storage::Level level;
    std::vector<storage::Piece> pieces;
  };
  // The place of a series among those of the site in the order of their labels.
  using Rank = uint32_t;

  absl::Status FindSeries(std::string_view selector, const std::string& site);
  // The plan from `begin` to `end`; its covered range may end later.
  absl::StatusOr<storage::Plan> PlanFrom(storage::Minute begin, storage::Minute end) const;
  absl::StatusOr<bool> HasColumns(const storage::Plan& plan) const;
  absl::StatusOr<bool> SkipEmptyHour(storage::Minute day_end);
  storage::Level LevelOf(const storage::MinuteRange& range, storage::Minute end) const;
  absl::Status CheckMemory(uint64_t bytes) const;
  // Calls `visit(rank, handle)` with each column of a bucket.
  template <typename Visit>
  absl::Status ReadColumns(const Bucket& bucket, Visit visit) const;
  absl::Status ReadBucket(const Bucket& bucket, StackFilter* filter, ExportSink* sink);

  const storage::Store& store_;
  const absl::FunctionRef<Context()> bounds_;
  Context context_;  // of the bucket that is being read
  storage::Level level_{};
  std::unique_ptr<storage::Snapshot> snapshot_;
  std::vector<storage::SeriesId> series_;  // sorted
  std::vector<storage::SeriesKey> keys_;   // by rank
  absl::flat_hash_map<storage::SeriesId, Rank> ranks_;
  storage::MinuteRange range_;
  std::vector<Bucket> buckets_;  // that may have columns
  uint64_t bucket_bytes_ = 0;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_EXPORT_PARTITION_H_
