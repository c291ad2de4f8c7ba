// How far live sources have been read, and where something of them is missing.
//
// A live source (pub/sub channel or stream) reports progress in the batches that carry its samples,
// so progress never runs ahead of data. Times are Unix milliseconds. From it follow the marks that
// an answer carries:
//
//   complete through  the smallest complete_through_ms of the live sources that may hold samples of
//                     the selection; retired ones, pushes and imports do not hold it back
//   final             the whole range lies where nothing can change any more, see FinalRange
//   gaps              spans in which samples of a matching source were lost
//
// Thread safety: values; ProgressTable, all methods.
#ifndef FLAMEKEEP_STORAGE_PROGRESS_H_
#define FLAMEKEEP_STORAGE_PROGRESS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "storage/ids.h"
#include "storage/registry.h"

namespace flamekeep::storage {

// Why samples are missing. The values are on disk: never change them.
enum class GapReason : uint8_t {
  kDisconnected = 1,  // pub/sub: nobody listened
  kTrimmed = 2,       // stream: entries were removed before they were read
  kReplaced = 3,      // stream: a failover, or deleted and made again
  kOverflow = 4,      // pub/sub: received, and dropped as decoding was behind
};
std::string_view GapReasonName(GapReason reason);  // "disconnected", ...

// Half open: [begin_ms, end_ms).
struct Gap {
  int64_t begin_ms = 0;
  int64_t end_ms = 0;
  GapReason reason{};

  auto operator<=>(const Gap&) const = default;
};

// What a source reports with a batch.
struct Progress {
  // Since when the source is read; counts where the store has no record of it yet.
  int64_t begins_ms = 0;
  // All that the source had before it is in this batch or an earlier one. Never goes back; 0:
  // nothing new.
  int64_t complete_through_ms = 0;
  std::vector<Gap> gaps;  // joined with what touches them and has the same reason

  bool empty() const { return begins_ms == 0 && complete_through_ms == 0 && gaps.empty(); }
  // Takes in a later report of the same source.
  void Add(const Progress& later);
};

// What a store keeps of a live source; of one pushing client of each site and profile type, that
// there are such.
struct ProgressRecord {
  int64_t recorded_from_ms = 0;         // the source has been read since; 0: not yet
  int64_t complete_through_ms = 0;      // 0: nothing is complete yet
  bool retired = false;                 // not configured any more
  std::set<std::string> profile_types;  // five parts: what it has given, or is configured to give

  bool operator==(const ProgressRecord&) const = default;
};

// A gap as an answer tells it.
struct SourceGap {
  SourceKey source;
  Gap gap;

  auto operator<=>(const SourceGap&) const = default;
};

// What a store can say about a selection's completeness.
struct Completeness {
  // Nothing where no live source may hold samples of the selection.
  std::optional<int64_t> complete_through_ms;
  bool final = false;
  std::vector<SourceGap> gaps;  // that touch the range; ordered by source, then time
};

// Where a profile type of a site can not change any more but by imports that amend (final_guard.h):
// from the first moment at which a live source was read, to where all live ones are complete (for
// retired ones: to where they came). Empty where there is no live source, or clients push: what
// they send may be of any time within the bounds, and the bounds may change.
struct FinalRange {
  int64_t begin_ms = 0;
  int64_t end_ms = 0;

  bool empty() const { return begin_ms >= end_ms; }
};

// A source that is read now.
struct LiveSource {
  SourceId id{};
  std::vector<std::string> profile_types;  // five parts: that it may give, as far as is known
};

// The records of all sources in memory, as they are in RocksDB.
class ProgressTable {
 public:
  // Takes in a record as it stands in RocksDB. Errors: DATA_LOSS.
  absl::Status Load(std::string_view key, std::string_view value);

  std::optional<ProgressRecord> Get(SourceId source) const;
  std::map<SourceId, ProgressRecord> All() const;
  void Set(SourceId source, ProgressRecord record);

 private:
  mutable absl::Mutex mutex_;
  std::map<SourceId, ProgressRecord> records_ ABSL_GUARDED_BY(mutex_);
};

// Records with the keys of their sources.
using KeyedRecords = std::vector<std::pair<SourceKey, ProgressRecord>>;
FinalRange FinalRangeOf(const KeyedRecords& records, std::string_view site,
                        std::string_view profile_type);
std::optional<int64_t> CompleteThrough(const KeyedRecords& records, std::string_view site,
                                       std::string_view profile_type);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_PROGRESS_H_
