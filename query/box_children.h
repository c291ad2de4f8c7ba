// The children of each box of a tree, as runs of one list.
//
// Thread safety: const methods may be called from several threads.
#ifndef FLAMEKEEP_QUERY_BOX_CHILDREN_H_
#define FLAMEKEEP_QUERY_BOX_CHILDREN_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "query/layout.h"

namespace flamekeep::query {

class BoxChildren {
 public:
  // Children come in the order of their boxes. REQUIRES: at least the root.
  explicit BoxChildren(absl::Span<const Box> boxes)
      : begin_(boxes.size() + 1), list_(boxes.size() - 1) {
    for (const Box& box : boxes.subspan(1)) ++begin_[box.parent + 1];
    for (size_t i = 1; i < begin_.size(); ++i) begin_[i] += begin_[i - 1];
    std::vector<uint32_t> next(begin_.begin(), begin_.end() - 1);
    for (uint32_t i = 1; i < boxes.size(); ++i) list_[next[boxes[i].parent]++] = i;
  }

  // May be reordered.
  absl::Span<uint32_t> of(uint32_t box) {
    return absl::MakeSpan(list_).subspan(begin_[box], begin_[box + 1] - begin_[box]);
  }

 private:
  std::vector<uint32_t> begin_;
  std::vector<uint32_t> list_;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_BOX_CHILDREN_H_
