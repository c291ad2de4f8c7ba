// The stacks of a selection: what every view starts from.
//
// Thread safety: values; const methods may be called from several threads. The store must outlive
// the object.
#ifndef FLAMEKEEP_QUERY_SELECTED_STACKS_H_
#define FLAMEKEEP_QUERY_SELECTED_STACKS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "query/columns.h"
#include "query/context.h"
#include "query/flame_graph.h"
#include "query/frame_filter.h"
#include "query/frame_flags_cache.h"
#include "query/stack_filter.h"
#include "storage/column.h"
#include "storage/snapshot.h"
#include "storage/stack_tree_view.h"
#include "storage/store.h"

namespace flamekeep::query {

// What, and when: [begin, end).
struct Selection {
  std::string selector;  // selector.h
  absl::Time begin;
  absl::Time end;
  FrameFilter filter;
};

class SelectedStacks {
 public:
  // Reads the columns of a selection in one snapshot of the store, and filters them. Errors:
  // INVALID_ARGUMENT (selector, range, filter), NOT_FOUND, DATA_LOSS, and those of the context.
  static absl::StatusOr<SelectedStacks> Read(const storage::Store& store,
                                             const Selection& selection, FrameFlagsCache* flags,
                                             const Context& context);

  // Columns to add up, and the tree that their ids belong to.
  absl::Span<const std::string_view> encoded() const { return encoded_; }
  const storage::StackTreeView& tree() const { return tree_; }
  // Of the frames in the tree; a damaged tree may hold others.
  uint32_t frame_count() const { return frame_count_; }
  // What all this takes.
  uint64_t bytes() const { return bytes_; }

  // Completes the coverage by what a pass over the columns found. `view`: how they are looked at,
  // in one way of writing it; it becomes a part of the answer's version.
  Coverage Cover(const storage::ColumnHeader& sum, bool saturated, uint64_t visited,
                 std::string_view view) const;

 private:
  absl::Status Filter(const FrameFilter& filter, FrameFlagsCache::Flags flags,
                      const Context& context);

  std::unique_ptr<storage::Snapshot> snapshot_;
  Columns columns_;
  std::unique_ptr<const std::string> filtered_;  // instead of them; its place is in encoded_
  std::vector<std::string_view> encoded_;
  storage::StackTreeView tree_;
  uint32_t frame_count_ = 0;
  uint64_t bytes_ = 0;
  // Of the columns as they are stored: tells the content, with the filter in the question.
  storage::Digest digest_ = 0;
  Coverage coverage_;
  std::string question_;  // what the version names besides the range and the view
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_SELECTED_STACKS_H_
