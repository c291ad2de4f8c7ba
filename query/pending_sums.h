// Sums that wait for their window: while totals fold from the highest ids to the lowest, what a
// node hands to a parent in a lower window is kept here until the fold comes there.
//
// Whatever comes is appended to a list of its window, 4 bytes each, which costs no cache miss. A
// long list is added up into an array of 32-bit sums (256 KiB) from time to time. Values of 2^16
// and more have a list of their own, 16 bytes each, which gives way to an array of 64-bit sums
// (512 KiB) as soon as that is smaller. So memory is at most about 8 bytes an id of the windows
// still to come, twice that where large values come too, and usually a small part of it.
//
// Sums saturate. Thread safety: none; one thread at a time.
#ifndef FLAMEKEEP_QUERY_PENDING_SUMS_H_
#define FLAMEKEEP_QUERY_PENDING_SUMS_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "storage/column_scan.h"

namespace flamekeep::query {

class PendingSums {
 public:
  // For the windows 0 .. windows-1.
  explicit PendingSums(uint32_t windows) : ends_(windows), rest_(windows) {}

  // Adds `value` to what waits for an id. REQUIRES: window < windows, offset < kWindowIds.
  void Add(uint32_t window, uint32_t offset, uint64_t value) {
    uint32_t*& end = ends_[window];
    if (value >= kWide || reinterpret_cast<uintptr_t>(end) % sizeof(List) == 0) [[unlikely]] {
      if (!MakeRoom(window, offset, value)) return;
    }
    *end++ = offset << 16 | static_cast<uint32_t>(value);
  }

  bool empty(uint32_t window) const {
    const Rest& rest = rest_[window];
    return ends_[window] == nullptr && rest.dense == nullptr && rest.wide.empty() &&
           rest.wide_dense == nullptr;
  }

  // Calls visit(offset, value) for all that waits for a window, in any order, an id perhaps several
  // times, and forgets it. `visit` must not Add().
  template <typename Visit>
  void Take(uint32_t window, Visit&& visit) {
    TakeList(window, visit);
    Rest rest = std::exchange(rest_[window], Rest());
    if (rest.dense != nullptr) {
      for (uint32_t offset = 0; offset < storage::kWindowIds; ++offset) {
        if (rest.dense[offset] != 0) visit(offset, uint64_t{rest.dense[offset]});
      }
      FreeDense(std::move(rest.dense));
    }
    for (const auto& [offset, value] : rest.wide) visit(offset, value);
    if (rest.wide_dense != nullptr) {
      for (uint32_t offset = 0; offset < storage::kWindowIds; ++offset) {
        if (rest.wide_dense[offset] != 0) visit(offset, rest.wide_dense[offset]);
      }
    }
    wide_bytes_ -= WideBytes(rest);
  }

  // What is allocated.
  uint64_t memory_bytes() const;

 private:
  static_assert(storage::kWindowIds == 1u << 16, "an offset takes 16 bits");
  static constexpr uint64_t kWide = 1u << 16;
  static constexpr size_t kListEntries = 510;
  static constexpr uint32_t kMaxLists = storage::kWindowIds / kListEntries;
  static constexpr uint32_t kListsPerSlab = 1024;

  // Aligned to its size, so that the end of its entries is known by their address.
  struct alignas(2048) List {
    uint32_t* previous;              // the end of the list before; null for the first
    uint32_t entries[kListEntries];  // offset << 16 | value
  };
  static_assert(sizeof(List) == 2048);

  struct FreeSlab {
    void operator()(List* lists) const { std::free(lists); }
  };
  using Slab = std::unique_ptr<List, FreeSlab>;

  // What a window has besides its lists.
  struct Rest {
    std::unique_ptr<uint32_t[]> dense;
    uint32_t lists = 0;
    std::vector<std::pair<uint32_t, uint64_t>> wide;  // empty where there is wide_dense
    std::unique_ptr<uint64_t[]> wide_dense;
  };
  // From so many entries on the array of 64-bit sums is smaller than the list.
  static constexpr size_t kMaxWide =
      storage::kWindowIds * sizeof(uint64_t) / sizeof(std::pair<uint32_t, uint64_t>);

  // The list that holds an entry.
  static List* ListOf(uint32_t* entry) {
    const uintptr_t within = reinterpret_cast<uintptr_t>(entry) % sizeof(List);
    return reinterpret_cast<List*>(reinterpret_cast<char*>(entry) - within);
  }

  template <typename Visit>
  void TakeList(uint32_t window, Visit&& visit) {
    uint32_t* end = std::exchange(ends_[window], nullptr);
    while (end != nullptr) {
      // `end` is behind the last entry, so it may be the address of what follows the list.
      List* const list = ListOf(end - 1);
      for (const uint32_t* entry = list->entries; entry < end; ++entry) {
        visit(*entry >> 16, uint64_t{*entry & 0xffff});
      }
      end = list->previous;
      list->previous = free_lists_;
      free_lists_ = list->entries;
    }
    rest_[window].lists = 0;
  }

  // False where it has added the value itself.
  bool MakeRoom(uint32_t window, uint32_t offset, uint64_t value);
  void AddWide(Rest& rest, uint32_t offset, uint64_t value);
  static uint64_t WideBytes(const Rest& rest);
  void MoveToDense(uint32_t window);
  void FreeDense(std::unique_ptr<uint32_t[]> dense);
  List* NewList();

  std::vector<uint32_t*> ends_;  // by window: behind its last entry; null where it has none
  std::vector<Rest> rest_;
  std::vector<Slab> slabs_;
  uint32_t* free_lists_ = nullptr;  // the entries of the first; `previous` leads on
  std::unique_ptr<uint32_t[]> spare_dense_;
  uint64_t dense_count_ = 0;  // with the spare one
  uint64_t wide_bytes_ = 0;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_PENDING_SUMS_H_
