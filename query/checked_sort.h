// Sorting that can be given up: asks the context every so many items.
//
// Thread safety: a pure function. Errors: those of the context; the items are then in any order.
#ifndef FLAMEKEEP_QUERY_CHECKED_SORT_H_
#define FLAMEKEEP_QUERY_CHECKED_SORT_H_

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "base/status.h"
#include "query/context.h"

namespace flamekeep::query {

// Items between two looks at the context: some milliseconds.
inline constexpr size_t kItemsPerCheck = size_t{1} << 15;

// Runs are sorted, then merged. `less` orders them totally. Takes as much memory again where there
// are more than kItemsPerCheck.
template <typename T, typename Less>
absl::Status SortChecked(absl::Span<T> items, Less less, const Context& context) {
  const size_t size = items.size();
  for (size_t begin = 0; begin < size; begin += kItemsPerCheck) {
    if (begin != 0) FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    const absl::Span<T> run = items.subspan(begin, kItemsPerCheck);
    std::sort(run.begin(), run.end(), less);
  }
  std::vector<T> merged;
  for (size_t run = kItemsPerCheck; run < size; run *= 2) {
    merged.clear();
    merged.reserve(size);
    for (size_t begin = 0; begin < size; begin += 2 * run) {
      size_t left = begin;
      const size_t left_end = std::min(begin + run, size);
      size_t right = left_end;
      const size_t right_end = std::min(begin + 2 * run, size);
      while (left < left_end || right < right_end) {
        if (merged.size() % kItemsPerCheck == 0) FLAMEKEEP_RETURN_IF_ERROR(context.Check());
        const bool take_right =
            left == left_end || (right < right_end && less(items[right], items[left]));
        merged.push_back(std::move(items[take_right ? right++ : left++]));
      }
    }
    std::move(merged.begin(), merged.end(), items.begin());
  }
  return absl::OkStatus();
}

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_CHECKED_SORT_H_
