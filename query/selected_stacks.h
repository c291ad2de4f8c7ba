// The stacks of a selection: what every view starts from.
//
// Thread safety: values; const methods may be called from several threads. The store must outlive
// the object.
#ifndef FLAMEKEEP_QUERY_SELECTED_STACKS_H_
#define FLAMEKEEP_QUERY_SELECTED_STACKS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "query/columns.h"
#include "query/context.h"
#include "query/flame_graph.h"
#include "query/frame_filter.h"
#include "query/frame_flags_cache.h"
#include "query/result_cache.h"
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

// Opened, the plan and what is known of the sources are there; loaded, the stacks are.
class SelectedStacks {
 public:
  // Plans a selection in one snapshot of the store. Errors: INVALID_ARGUMENT (selector, range,
  // filter), NOT_FOUND, DATA_LOSS, and those of the context.
  static absl::StatusOr<SelectedStacks> Open(const storage::Store& store,
                                             const Selection& selection, const Context& context);
  // Opens and loads.
  static absl::StatusOr<SelectedStacks> Read(const storage::Store& store,
                                             const Selection& selection, FrameFlagsCache* flags,
                                             const Context& context);

  const storage::Snapshot& snapshot() const { return *snapshot_; }
  const storage::Plan& plan() const { return plan_; }
  const FrameFilter& filter() const { return filter_; }  // normalized
  // What is known before columns are read: without totals and version.
  const Coverage& coverage() const { return coverage_; }
  // The selection and a view of it, in one way of writing it: what the answer's version names
  // besides the range.
  std::string Question(std::string_view view) const { return question_ + std::string(view); }

  // The sum of the headers of all columns as they are stored, which tells the content: from the
  // cache, where there is one and it is known there. Errors: those of Load().
  absl::StatusOr<storage::ColumnHeader> Content(ResultCache* cache, const Context& context);
  // The same as far as the cache knows it.
  std::shared_ptr<const storage::ColumnHeader> KnownContent(ResultCache* cache) const;

  // Reads the columns and filters them. Errors: DATA_LOSS, and those of the context.
  absl::Status Load(FrameFlagsCache* flags, const Context& context);

  // The same in groups, one after the other: calls `visit` with the number of each group that has
  // columns, in ascending order; meanwhile the stacks of that group are what is loaded, and
  // afterwards those of the last one. `group_of`: of each of plan().series. Stops at the first
  // error that `visit` returns.
  absl::Status LoadGroups(absl::Span<const uint32_t> group_of, FrameFlagsCache* flags,
                          const Context& context,
                          absl::FunctionRef<absl::Status(uint32_t group)> visit);

  // Once loaded: columns to add up, and the tree that their ids belong to.
  absl::Span<const std::string_view> encoded() const { return encoded_; }
  const storage::StackTreeView& tree() const { return tree_; }
  // Whether that is the store's own tree, not one that a filter made.
  bool has_stored_tree() const { return tree_is_stored_; }
  // Of the frames in the tree; a damaged tree may hold others.
  uint32_t frame_count() const { return frame_count_; }
  // What all this takes.
  uint64_t bytes() const { return bytes_; }

  // Completes the coverage by what a pass over the loaded columns found. `view`: how they are
  // looked at, in one way of writing it; it becomes a part of the answer's version.
  Coverage Cover(const storage::ColumnHeader& sum, bool saturated, uint64_t visited,
                 std::string_view view) const;
  // The same for an answer that was given before about the same content.
  Coverage CoverKept(const Coverage& kept, storage::Digest digest, std::string_view view) const;

 private:
  absl::Status ReadColumns(const Context& context);
  // Reads the columns and takes the tree.
  absl::Status Prepare(const Context& context);
  // REQUIRES: there is a filter.
  absl::StatusOr<std::unique_ptr<StackFilter>> MakeFilter(FrameFlagsCache* flags,
                                                          const Context& context);
  // Puts what the filter leaves of `columns` in their place.
  absl::Status Filter(absl::Span<const std::string_view> columns, StackFilter* filter);

  std::unique_ptr<storage::Snapshot> snapshot_;
  const storage::Dictionary* dictionary_ = nullptr;
  FrameFilter filter_;  // normalized
  storage::Plan plan_;
  Coverage coverage_;
  std::string question_;

  std::optional<Columns> columns_;               // once they are read
  std::unique_ptr<const std::string> filtered_;  // instead of them; its place is in encoded_
  std::vector<std::string_view> encoded_;
  storage::StackTreeView tree_;
  bool tree_is_stored_ = true;
  uint32_t frame_count_ = 0;
  uint64_t bytes_ = 0;
  storage::Digest digest_ = 0;  // of the columns as they are stored, where they were filtered
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_SELECTED_STACKS_H_
