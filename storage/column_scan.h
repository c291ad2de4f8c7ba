// Adds many columns up, window of ids by window of ids, from the highest to the lowest: the core of
// queries and of rollup. Memory stays small whatever the columns hold: one window of sums, a
// decoded chunk for each large column, and 4 bytes for most pairs of a small column (these are
// decoded at once and sorted by window, which is cheaper than to visit every column in every
// window).
//
//   ColumnScan scan;
//   for (std::string_view column : columns) FLAMEKEEP_RETURN_IF_ERROR(scan.Add(column));
//   WindowSums sums;
//   while (std::optional<uint32_t> window = scan.NextWindow()) {
//     FLAMEKEEP_RETURN_IF_ERROR(scan.AddWindow(*window, &sums));
//     sums.TakeDescending(...);
//   }
//
// Damage in a large column shows as late as in the AddWindow() that meets it. After an error
// neither the scan nor the sums that were taken from it are to be used.
//
// Thread safety: none; one thread at a time.
#ifndef FLAMEKEEP_STORAGE_COLUMN_SCAN_H_
#define FLAMEKEEP_STORAGE_COLUMN_SCAN_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "storage/column.h"

namespace flamekeep::storage {

class PairBuckets;

inline constexpr uint32_t kWindowIds = 1u << 16;

// Dense sums of one window, with a bit for each id that was met. Reused from window to window;
// lives on the heap.
class WindowSums {
 public:
  WindowSums() : values_(kWindowIds), bits_(kWindowIds / 64) {}

  // `offset` is the id within the window. Saturates.
  void Add(uint32_t offset, uint64_t value) {
    uint64_t& sum = values_[offset];
    if (__builtin_add_overflow(sum, value, &sum)) {
      sum = UINT64_MAX;
      saturated_ = true;
    }
    bits_[offset / 64] |= uint64_t{1} << (offset % 64);
  }

  // The same where the caller knows that no sum can overflow.
  void AddUnchecked(uint32_t offset, uint64_t value) {
    values_[offset] += value;
    bits_[offset / 64] |= uint64_t{1} << (offset % 64);
  }

  uint64_t value(uint32_t offset) const { return values_[offset]; }
  bool saturated() const { return saturated_; }

  // Calls visit(offset, value) for every id met, highest first, and forgets it. `visit` must not
  // Add().
  template <typename Visit>
  void TakeDescending(Visit&& visit) {
    for (uint32_t word = kWindowIds / 64; word-- > 0;) {
      for (uint64_t left = std::exchange(bits_[word], 0); left != 0;) {
        const int bit = 63 - std::countl_zero(left);
        left ^= uint64_t{1} << bit;
        const uint32_t offset = word * 64 + static_cast<uint32_t>(bit);
        visit(offset, std::exchange(values_[offset], 0));
      }
    }
    saturated_ = false;
  }

  // Forgets all; costs as much as was met.
  void Clear();

 private:
  std::vector<uint64_t> values_;
  std::vector<uint64_t> bits_;
  bool saturated_ = false;
};

class ColumnScan {
 public:
  ColumnScan();
  ~ColumnScan();
  ColumnScan(ColumnScan&&) noexcept;
  ColumnScan& operator=(ColumnScan&&) noexcept;

  // `encoded` must stay where it is until the scan is done. All columns are added before the first
  // call of NextWindow(). Errors: DATA_LOSS.
  absl::Status Add(std::string_view encoded);

  // The sum of the headers added so far; its `pairs` is an upper bound.
  const ColumnHeader& header() const { return header_; }

  // Other columns are added to the same sums, which may overflow although these columns alone do
  // not.
  void SetSumsMayOverflow() { sums_may_overflow_ = true; }

  // The most that a column with this header adds to memory_bytes(), beside kSlackBytes for each
  // window that it has pairs in.
  static size_t MaxBytes(const ColumnHeader& header);
  static const size_t kSlackBytes;

  // Anonymous memory that the scan holds.
  size_t memory_bytes() const;

  // The number (id / kWindowIds) of the highest window that still has pairs.
  std::optional<uint32_t> NextWindow() const;

  // Asked every so many chunks of large columns: its error ends AddWindow(). Of the thread that
  // calls that.
  void SetCheck(std::function<absl::Status()> check) { check_ = std::move(check); }

  // Adds the pairs of `window` to `sums`. REQUIRES: window == NextWindow().
  absl::Status AddWindow(uint32_t window, WindowSums* sums);

 private:
  struct Large;

  absl::Status Enqueue(uint32_t number);
  template <typename Sink>
  absl::Status TakeWindow(uint32_t window, const Sink& sink);

  ColumnHeader header_;
  bool sums_may_overflow_ = false;
  std::unique_ptr<PairBuckets> buckets_;  // the pairs of small columns
  std::vector<Large> large_;
  std::function<absl::Status()> check_;
  uint32_t chunks_ = 0;        // since it was asked
  std::vector<uint32_t> due_;  // by window: the first large column whose next pair is there
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_COLUMN_SCAN_H_
