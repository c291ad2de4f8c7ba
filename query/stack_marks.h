// Which stacks hold a function: a byte for each node of the stack tree, found once, whatever number
// of columns is then counted by it. Nodes are looked up as they are met, or all at once.
//
//   StackMarks marks(tree, {.function = flags, .filter_flags = ..., .filter = ...});
//   FLAMEKEEP_ASSIGN_OR_RETURN(const MarkedSums sums, marks.Count(column, context));
//
// With a frame filter, stacks that it leaves out count for nothing, and a function counts where it
// is shown: the sums are those of the filtered stacks (stack_filter.h), without making these.
//
// Thread safety: Count() and status() from several threads; the bytes are shared.
// Errors: DATA_LOSS (damaged columns or tree), and those of the context.
#ifndef FLAMEKEEP_QUERY_STACK_MARKS_H_
#define FLAMEKEEP_QUERY_STACK_MARKS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "query/context.h"
#include "query/frame_flags_cache.h"
#include "query/stack_states.h"
#include "storage/column.h"
#include "storage/stack_tree_view.h"
#include "storage/zeroed_array.h"

namespace flamekeep::query {

// Of one column; all saturate.
struct MarkedSums {
  uint64_t total = 0;  // of the stacks that count
  uint64_t value = 0;  // of those that hold the function, once however often
  uint64_t self = 0;   // of those that end in it
};

class StackMarks {
 public:
  struct Question {
    FrameFlagsCache::Flags function;      // kFlagKeeps: is the function. Null: there is none
    FrameFlagsCache::Flags filter_flags;  // null where the filter is empty
    FrameFilter filter;                   // normalized
  };

  StackMarks(storage::StackTreeView tree, Question question);

  // Looks up all stacks of the tree, in their order: some nanoseconds each, where one that is met
  // by itself takes a hundred. What is damaged is left to who meets it. Errors: of the context.
  absl::Status FindAll(const Context& context) ABSL_LOCKS_EXCLUDED(mutex_);

  // Sums up the pairs of a column.
  absl::StatusOr<MarkedSums> Count(std::string_view column, const Context& context)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // What all stacks would take, and how many were met with their parents.
  uint64_t bytes() const { return marks_.bytes() + depths_.bytes() + filter_bytes_; }
  uint64_t visited() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Mark = uint8_t;
  static constexpr Mark kMet = 1u << 0;
  static constexpr Mark kCounts = 1u << 1;  // for the total
  static constexpr Mark kValue = 1u << 2;   // counts, and holds the function
  static constexpr Mark kSelf = 1u << 3;    // counts, and ends in it
  static constexpr Mark kHolds = 1u << 4;   // whether or not it counts
  static constexpr Mark kEnds = 1u << 5;

  Mark Load(uint32_t id);
  // FindAll() where there is no filter: `begin` to `end` of one block.
  void FindUnfiltered(uint32_t begin, uint32_t end) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The same with one.
  void FindFiltered(uint32_t begin, uint32_t end) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsFunction(uint32_t frame) const {
    return function_ != nullptr && frame < function_->size() &&
           ((*function_)[frame] & kFlagKeeps) != 0;
  }
  // Finds the marks of a chunk's stacks that were not met yet.
  absl::Status FindMarks(const uint32_t* stacks, size_t size) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Find(uint32_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Mark Next(Mark parent, uint32_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Of stacks that were met.
  template <typename Value>
  void Add(const uint32_t* stacks, const Value* values, size_t size, MarkedSums* sums);
  void AddSaturating(const storage::ColumnReader& chunk, MarkedSums* sums);

  const storage::StackTreeView tree_;
  const FrameFlagsCache::Flags function_;
  const uint32_t max_depth_;

  // By stack; 0: not met. Written under the mutex, read without it: a byte says all by itself.
  storage::ZeroedArray<Mark> marks_;
  mutable absl::Mutex mutex_;
  std::optional<StackStates> states_ ABSL_GUARDED_BY(mutex_);  // where there is a filter
  // Of the frames that are shown; where there is a max_depth. Used under the mutex.
  storage::ZeroedArray<uint16_t> depths_;
  std::vector<uint32_t> path_ ABSL_GUARDED_BY(mutex_);  // scratch
  uint64_t visited_ ABSL_GUARDED_BY(mutex_) = 1;
  uint64_t filter_bytes_ = 0;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_STACK_MARKS_H_
