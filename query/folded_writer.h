// Writes stacks as folded text: `frame;frame;...;frame VALUE` and a line feed for each distinct
// stack, root first (leaf first if inverted), sorted as `LC_ALL=C sort` does. Exact: nothing is
// left out.
//
// A frame is written as its function; folded text has no place for its file, so stacks that differ
// only in files share a line. Where a function holds what the format gives a meaning to, that is
// replaced: `;` by `:`, line feed by `_`. A line with an empty path is the value of the empty
// stack.
//
// Lines are made one at a time while walking the tree in the order of their bytes, so memory does
// not grow with their length.
//
// Thread safety: pure functions.
// Errors: DATA_LOSS, those of the context, and what `write` returns.
#ifndef FLAMEKEEP_QUERY_FOLDED_WRITER_H_
#define FLAMEKEEP_QUERY_FOLDED_WRITER_H_

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "query/caller_groups.h"
#include "query/context.h"
#include "query/layout.h"
#include "query/piece_writer.h"

namespace flamekeep::query {

// What each frame is written as, and the order of these texts. Frames with equal texts have equal
// ranks.
class FrameTexts {
 public:
  static absl::StatusOr<FrameTexts> Make(uint32_t frame_count, FrameNames names,
                                         const Context& context);

  uint32_t rank(uint32_t frame) const { return ranks_[frame]; }
  const std::vector<uint32_t>& ranks() const { return ranks_; }  // by frame
  std::string_view text(uint32_t rank) const { return texts_[rank]; }
  uint64_t memory_bytes() const;

 private:
  std::vector<uint32_t> ranks_;
  std::vector<std::string_view> texts_;  // by rank
  std::deque<std::string> replaced_;     // texts that differ from the function's name
};

// `boxes` are the whole tree, nothing cut (see BoxesOf).
inline constexpr uint64_t kBytesPerFoldedBox = 16;  // besides the box
absl::Status WriteFoldedBoxes(absl::Span<const Box> boxes, const FrameTexts& texts,
                              const Context& context, WritePiece write);

// Leaf first. `groups` have counted `columns`, with the ranks of `texts` as keys. `held_bytes` is
// what the query holds besides. Stacks are taken in so many at a time; 0: as the budget allows.
absl::Status WriteFoldedInverted(absl::Span<const std::string_view> columns, CallerGroups* groups,
                                 const FrameTexts& texts, const Context& context,
                                 uint64_t held_bytes, WritePiece write,
                                 size_t max_batch_stacks = 0);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_FOLDED_WRITER_H_
