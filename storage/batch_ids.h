// The batches that clients named instead of numbering them, remembered for a while: a batch whose
// id is known was counted.
//
// Bounded in time (`window`) and in number (`max`). Beyond `max` the oldest ids are forgotten
// before their time, and counted: a batch that comes twice so far apart would count twice, while
// refusing new batches would lose them. Times are those of an AgeClock.
//
// Thread safety: none; the Committer guards it.
#ifndef FLAMEKEEP_STORAGE_BATCH_IDS_H_
#define FLAMEKEEP_STORAGE_BATCH_IDS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/numeric/int128.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "storage/ids.h"

namespace flamekeep::storage {

// XXH3-128 of the id that the client gave, of any length, with its source: sources do not share
// ids.
using BatchId = absl::uint128;
BatchId MakeBatchId(SourceId source, std::string_view id);

struct BatchIdRecord {
  int64_t unix_ms = 0;  // when it was accepted, by the AgeClock
  BatchId id = 0;

  bool operator==(const BatchIdRecord&) const = default;
};

class BatchIds {
 public:
  // Remembers nothing.
  BatchIds() = default;
  // `metrics` outlives it.
  BatchIds(absl::Duration window, size_t max, Metrics* metrics);

  // Takes in a record as it stands in RocksDB; they come in the order of their times.
  void Load(const BatchIdRecord& record);

  // Appends what was accepted before `over` to `forgotten`.
  void Expire(absl::Time over, std::vector<BatchIdRecord>* forgotten);
  bool Contains(BatchId id) const { return ids_.contains(id); }
  // Adds an id that is not there; where there are too many, appends the oldest to `forgotten`.
  // Times never go back: while the clock does, it is that of the last one.
  BatchIdRecord Add(BatchId id, absl::Time now, std::vector<BatchIdRecord>* forgotten);

  size_t size() const { return ids_.size(); }
  absl::Duration window() const { return window_; }
  // When the newest one was accepted; InfinitePast where there is none.
  absl::Time last() const {
    return by_time_.empty() ? absl::InfinitePast() : absl::FromUnixMillis(by_time_.back().unix_ms);
  }

 private:
  void ForgetOldest(std::vector<BatchIdRecord>* forgotten);
  void Tell();

  absl::Duration window_;
  size_t max_ = 0;
  Counter* early_ = nullptr;
  Gauge* known_ = nullptr;
  std::deque<BatchIdRecord> by_time_;
  absl::flat_hash_set<BatchId> ids_;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_BATCH_IDS_H_
