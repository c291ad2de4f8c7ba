// One of the two selections of a diff: its range in buckets, whose columns are read and filtered
// one bucket at a time.
//
// Selections with the same frame filter share what it makes of the stack tree, so that their stacks
// have the same ids; so do those whose filters take no frames away.
//
// Thread safety: none; one thread at a time.
// Errors: as those of SelectedStacks.
#ifndef FLAMEKEEP_QUERY_DIFF_SIDE_H_
#define FLAMEKEEP_QUERY_DIFF_SIDE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "query/columns.h"
#include "query/context.h"
#include "query/diff.h"
#include "query/flame_graph.h"
#include "query/frame_flags_cache.h"
#include "query/noise.h"
#include "query/repeats.h"
#include "query/selected_stacks.h"
#include "query/stack_filter.h"
#include "storage/column.h"
#include "storage/snapshot.h"
#include "storage/stack_tree_view.h"
#include "storage/store.h"

namespace flamekeep::query {

// The stored stack tree, or what a filter makes of it.
class DiffTreeSource {
 public:
  // `stored_repeats` is of the stored tree; `held_bytes` is what the query holds besides. What is
  // pointed to must outlive the object.
  static absl::StatusOr<std::shared_ptr<DiffTreeSource>> Make(
      const storage::StackTreeView& stored, RepeatTable* stored_repeats, const FrameFilter& filter,
      const storage::Dictionary& dictionary, FrameFlagsCache* flags, const Context& context,
      uint64_t held_bytes);

  bool is_stored() const { return filter_ == nullptr || !filter_->moves(); }
  // Null where there is none.
  StackFilter* filter() { return filter_.get(); }
  // Valid until something is filtered again.
  storage::StackTreeView tree() const { return filter_ != nullptr ? filter_->tree() : stored_; }
  RepeatTable* repeats() { return is_stored() ? stored_repeats_ : &own_repeats_; }
  uint64_t memory_bytes() const;

 private:
  DiffTreeSource(storage::StackTreeView stored, RepeatTable* stored_repeats)
      : stored_(std::move(stored)), stored_repeats_(stored_repeats) {}

  const storage::StackTreeView stored_;
  RepeatTable* const stored_repeats_;
  std::unique_ptr<StackFilter> filter_;
  RepeatTable own_repeats_;
};

class DiffSide {
 public:
  // Columns of a bucket, or of the whole range.
  struct Loaded {
    std::vector<std::string_view> encoded;
    storage::ColumnHeader stored;  // the sum of the headers before the filter
    uint64_t columns = 0;          // that were read
    uint64_t bytes = 0;            // what they take

    Columns kept;
    std::unique_ptr<const std::string> filtered;  // instead of them
  };

  static absl::StatusOr<DiffSide> Open(const storage::Store& store, const Selection& selection,
                                       const Context& context);

  const SelectedStacks& stacks() const { return stacks_; }
  const std::vector<storage::Plan>& buckets() const { return buckets_; }
  void UseTree(std::shared_ptr<DiffTreeSource> source) { source_ = std::move(source); }
  DiffTreeSource& source() const { return *source_; }

  // `held_bytes` is what the query holds besides, without the source.
  absl::StatusOr<Loaded> LoadWhole(const Context& context, uint64_t held_bytes) {
    return Load(stacks_.plan(), context, held_bytes);
  }
  absl::StatusOr<Loaded> LoadBucket(size_t bucket, const Context& context, uint64_t held_bytes) {
    return Load(buckets_[bucket], context, held_bytes);
  }

  // Notes what a bucket holds: `total` is that after the filter. In ascending order.
  void AddBucket(size_t bucket, const Loaded& loaded, uint64_t total, uint64_t visited);
  void Saturate() { sum_.saturated = true; }

  // Of all buckets that were added.
  RangeSize size() const;
  const DiffContent& content() const { return content_; }
  // `view`: as in SelectedStacks::Cover(). What each bucket holds becomes a part of it: noise is
  // told by that, not by their sum.
  Coverage Cover(std::string_view view) const;
  // The same for an answer that was given before about the same content.
  Coverage CoverKept(const Coverage& kept, const DiffContent& content,
                     std::string_view view) const {
    return stacks_.CoverKept(kept, content.digest, std::string(view) + content.buckets);
  }
  // All that this side's part of an answer depends on, with the same content as long as it is the
  // same; nothing where that can not be told.
  std::optional<std::string> ContentName() const;

 private:
  explicit DiffSide(SelectedStacks stacks) : stacks_(std::move(stacks)) {}
  absl::StatusOr<Loaded> Load(const storage::Plan& plan, const Context& context,
                              uint64_t held_bytes);

  SelectedStacks stacks_;
  std::vector<storage::Plan> buckets_;
  std::shared_ptr<DiffTreeSource> source_;
  RangeSize size_;
  storage::ColumnHeader sum_;  // as stored
  uint64_t total_ = 0;         // after the filter
  uint64_t columns_ = 0;
  uint64_t visited_ = 0;
  DiffContent content_;  // of the buckets that were added
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_DIFF_SIDE_H_
