// The head: samples that were accepted and are not yet on disk, added up into columns.
//
// Thread safety: none; the Committer guards it.
#ifndef FLAMEKEEP_STORAGE_HEAD_H_
#define FLAMEKEEP_STORAGE_HEAD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "storage/bucket.h"
#include "storage/column.h"
#include "storage/ids.h"
#include "storage/registry.h"
#include "storage/store.h"

namespace flamekeep::storage {

// Names a column of the head. The level it is written to is decided at the flush: the finest that
// is kept there and not finer than `resolution`.
struct HeadKey {
  Minute start = 0;  // of the bucket of `resolution`
  SeriesId series{};
  SourceId source{};
  Level resolution = Level::kMinute;

  bool operator==(const HeadKey&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const HeadKey& key) {
    return H::combine(std::move(h), key.start, Raw(key.series), Raw(key.source), key.resolution);
  }
};

struct HeadColumn {
  HeadKey key;
  uint64_t observations = 0;
  std::vector<Pair> pairs;   // any order, ids may repeat
  size_t next_merge = 4096;  // when so many pairs have gathered, equal ids are added up
};

// What one flush takes out of the head.
struct HeadContents {
  std::vector<HeadColumn> columns;
  absl::flat_hash_map<SourceId, Position> positions;
  absl::flat_hash_map<SourceId, Progress> progress;
  std::optional<std::vector<LiveSource>> live;
  std::vector<BatchIdRecord> batch_ids;
  std::vector<SourceId> forgotten_positions;  // before `positions`
  std::vector<BatchIdRecord> forgotten_ids;   // wait for the next flush, cause none
  std::vector<Replacement> replacements;      // after the columns, in this order

  bool has_data() const {
    return !columns.empty() || !positions.empty() || !replacements.empty() || live.has_value() ||
           !batch_ids.empty() || !forgotten_positions.empty();
  }
  bool empty() const { return !has_data() && progress.empty(); }
};

class Head {
 public:
  void Add(const Batch& batch);
  void Add(Replacement replacement);
  void AddBatchId(const BatchIdRecord& record);
  // Writes the position that a source has once more.
  void SetPosition(SourceId source, const Position& position) {
    contents_.positions[source] = position;
  }
  void ForgetPosition(SourceId source) { contents_.forgotten_positions.push_back(source); }
  std::vector<BatchIdRecord>* forgotten_ids() { return &contents_.forgotten_ids; }
  void SetLiveSources(std::vector<LiveSource> live) { contents_.live = std::move(live); }

  // About how much memory the contents take.
  size_t bytes() const { return bytes_; }
  bool empty() const { return contents_.empty(); }
  // Whether it holds more than progress.
  bool has_data() const { return contents_.has_data(); }

  // Leaves the head empty.
  HeadContents Take();

 private:
  // A place of the memo below.
  struct Recent {
    HeadKey key;
    uint32_t index = UINT32_MAX;
  };

  HeadColumn& ColumnFor(const HeadKey& key);

  HeadContents contents_;
  absl::flat_hash_map<HeadKey, uint32_t> index_;  // into contents_.columns
  // Samples of one minute spread over few series: a direct-mapped memo in front of the map.
  std::array<Recent, 64> recent_;
  size_t bytes_ = 0;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_HEAD_H_
