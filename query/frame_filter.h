// Frame filters: which stacks of a selection count, and which of their frames are shown.
//
// Whether a frame matches is found out once a frame, not once a stack; stack_filter.h does the rest
// by numbers.
//
// Thread safety: values and pure functions. Errors: INVALID_ARGUMENT names the filter.
#ifndef FLAMEKEEP_QUERY_FRAME_FILTER_H_
#define FLAMEKEEP_QUERY_FRAME_FILTER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/frame_table.h"

namespace re2 {
class RE2;
}  // namespace re2

namespace flamekeep::query {

inline constexpr size_t kMaxFrameExpressionBytes = 4096;
inline constexpr size_t kMaxKeeps = 4;
inline constexpr size_t kMaxFrameMatchers = 32;  // of a filter
inline constexpr uint32_t kMaxFilterDepth = 65'535;

// RE2 expressions that match anywhere in the name; both have to, where both are given.
struct FrameMatcher {
  std::string function;  // empty: any
  std::string file;      // empty: any

  bool empty() const { return function.empty() && file.empty(); }
  auto operator<=>(const FrameMatcher&) const = default;
};

// Matches these names and no others. `file` empty: any file.
FrameMatcher ExactMatcher(std::string_view function, std::string_view file);

// The stacks as they were stored decide what counts; then frames are taken away.
struct FrameFilter {
  std::vector<FrameMatcher> keep;  // only stacks with a frame for each of these, at most kMaxKeeps
  std::vector<FrameMatcher> drop;  // no stack with a frame for any of these
  // Only stacks that hold such a frame, from the one nearest to the root on.
  FrameMatcher focus;
  // Only stacks that hold such a frame (behind the focus), up to the one nearest to the root: what
  // it calls counts as its own.
  FrameMatcher until;
  std::vector<FrameMatcher> hide;  // these frames are left out; what they do counts for the caller
  // Frames deeper than this, of those that are shown, count for the one above. 0: no limit.
  uint32_t max_depth = 0;

  bool empty() const {
    return keep.empty() && drop.empty() && focus.empty() && until.empty() && hide.empty() &&
           max_depth == 0;
  }
  bool operator==(const FrameFilter&) const = default;
};

// The same filter in one way of writing it: lists are sorted and hold nothing twice.
FrameFilter Normalized(FrameFilter filter);
// Names a filter that is normalized; empty for the empty filter.
std::string FilterName(const FrameFilter& filter);

// OK for a matcher that can be a part of a filter. Errors: INVALID_ARGUMENT tells what is wrong
// with `name`.
absl::Status CheckMatcher(const FrameMatcher& matcher, std::string_view name);

// What a frame matches: a bit for each of FrameFilter's lists and each `keep`.
using FrameFlags = uint8_t;
inline constexpr FrameFlags kFlagKeeps = (1u << kMaxKeeps) - 1;  // bit i: keep[i]
inline constexpr FrameFlags kFlagDrop = 1u << 4;
inline constexpr FrameFlags kFlagFocus = 1u << 5;
inline constexpr FrameFlags kFlagUntil = 1u << 6;
inline constexpr FrameFlags kFlagHide = 1u << 7;

// A filter, ready to be asked.
class CompiledFilter {
 public:
  static absl::StatusOr<CompiledFilter> Compile(FrameFilter filter);

  const FrameFilter& filter() const { return filter_; }
  FrameFlags Flags(const storage::Frame& frame) const;

 private:
  struct Expression {
    FrameFlags flag = 0;
    std::shared_ptr<const re2::RE2> function;  // null: any
    std::shared_ptr<const re2::RE2> file;      // null: any
  };

  absl::Status Add(const FrameMatcher& matcher, std::string_view name, FrameFlags flag);

  FrameFilter filter_;
  std::vector<Expression> expressions_;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_FRAME_FILTER_H_
