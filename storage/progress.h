// How far live sources have been read, and where something of them is missing.
//
// A live source (pub/sub channel or stream) reports progress in the batches that carry its samples,
// so progress never runs ahead of data. Times are Unix milliseconds. From it follow the marks that
// an answer carries:
//
//   complete through  the smallest complete_through_ms of the live sources that may hold samples of
//                     the selection; retired ones, pushes and imports do not hold it back
//   final             the whole range lies where nothing can change any more, see FinalRangesOf()
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

class Catalog;

// Why samples are missing. The values are on disk: never change them.
enum class GapReason : uint8_t {
  kDisconnected = 1,  // pub/sub: nobody listened
  kTrimmed = 2,       // stream: entries were removed before they were read
  kReplaced = 3,      // stream: a failover, or deleted and made again
  kOverflow = 4,      // pub/sub: received, and dropped as decoding was behind
  kUnhashed = 5,      // stream: only labels are missing, as the salt to hash them with was gone
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
  // Of a pushing client, by profile type: what live sources had made final before it came, which
  // stays so. Types without are left out.
  std::map<std::string, int64_t> final_before_ms;

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

// A range in which a profile type of a site can not change any more but by imports that amend
// (final_guard.h).
struct FinalRange {
  int64_t begin_ms = 0;
  int64_t end_ms = 0;

  bool operator==(const FinalRange&) const = default;
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
KeyedRecords Keyed(std::map<SourceId, ProgressRecord> records, const Catalog& catalog);
// The final ranges, apart and in order: where some live source was read, up to where all that are
// configured are complete. Not what lies between a retired source and the next one, when nobody
// listened: it can be imported. Where clients push, only what was final before they came: what they
// send may be of any time within the bounds, and the bounds may change.
std::vector<FinalRange> FinalRangesOf(const KeyedRecords& records, std::string_view site,
                                      std::string_view profile_type);
// The parts of a gap that lie in none of the ranges, which are apart and in order.
std::vector<Gap> Outside(const Gap& gap, absl::Span<const FinalRange> ranges);
// Whether clients push it.
bool IsPushed(const KeyedRecords& records, std::string_view site, std::string_view profile_type);
std::optional<int64_t> CompleteThrough(const KeyedRecords& records, std::string_view site,
                                       std::string_view profile_type);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_PROGRESS_H_
