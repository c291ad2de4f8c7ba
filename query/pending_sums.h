// Sums that wait for their window: while totals fold from the highest ids to the lowest, what a
// node hands to a parent in a lower window is kept here until the fold comes there.
//
// A window's sums are a list of (offset, value) in 4 bytes each while they are few, and an array of
// 32-bit sums once the list would be as large (256 KiB). Values that do not fit stand in a list of
// their own. So whatever is handed down, memory is about 4 bytes an id of the windows still to
// come, and usually a small part of that.
//
// Thread safety: none; one thread at a time.
#ifndef FLAMEKEEP_QUERY_PENDING_SUMS_H_
#define FLAMEKEEP_QUERY_PENDING_SUMS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "storage/column_scan.h"

namespace flamekeep::query {

class PendingSums {
 public:
  // For the windows 0 .. windows-1.
  explicit PendingSums(uint32_t windows) : windows_(windows) {}

  // Adds `value` to what waits for an id. REQUIRES: window < windows, offset < kWindowIds.
  void Add(uint32_t window, uint32_t offset, uint64_t value) {
    Window& to = windows_[window];
    if (to.dense != nullptr) {
      uint32_t sum;
      if (!__builtin_add_overflow(to.dense[offset], value, &sum)) {
        to.dense[offset] = sum;
      } else {
        AddWideToDense(to, offset, value);
      }
    } else if (to.used < kListEntries && value < kWide) {
      to.list->entries[to.used++] = offset << 16 | static_cast<uint32_t>(value);
    } else {
      AddSlowly(to, offset, value);
    }
  }

  bool empty(uint32_t window) const {
    const Window& of = windows_[window];
    return of.list == nullptr && of.dense == nullptr && of.wide.empty();
  }

  // Calls visit(offset, value) for all that waits for a window, in any order, an id perhaps several
  // times, and forgets it.
  template <typename Visit>
  void Take(uint32_t window, Visit&& visit) {
    Window taken = std::exchange(windows_[window], Window());
    if (taken.dense != nullptr) {
      for (uint32_t offset = 0; offset < storage::kWindowIds; ++offset) {
        if (taken.dense[offset] != 0) visit(offset, uint64_t{taken.dense[offset]});
      }
      FreeDense(std::move(taken.dense));
    }
    TakeLists(taken, visit);
    for (const auto& [offset, value] : taken.wide) visit(offset, value);
    wide_bytes_ -= taken.wide.capacity() * sizeof(taken.wide[0]);
  }

  // What is allocated.
  uint64_t memory_bytes() const;

 private:
  static_assert(storage::kWindowIds == 1u << 16, "an offset takes 16 bits");
  static constexpr uint64_t kWide = 1u << 16;
  static constexpr uint32_t kListEntries = 510;  // a List takes 2 KiB
  static constexpr uint32_t kListsPerSlab = 128;
  static constexpr uint32_t kMaxLists = storage::kWindowIds / kListEntries;

  struct List {
    List* next;
    uint32_t entries[kListEntries];  // offset << 16 | value
  };
  struct Window {
    std::unique_ptr<uint32_t[]> dense;
    List* list = nullptr;  // the first is filled up to `used`, those behind it are full
    uint32_t used = kListEntries;
    uint32_t lists = 0;
    std::vector<std::pair<uint32_t, uint64_t>> wide;
  };

  template <typename Visit>
  void TakeLists(Window& window, Visit&& visit) {
    uint32_t used = window.used;
    while (List* list = window.list) {
      for (uint32_t i = 0; i < used; ++i) {
        visit(list->entries[i] >> 16, uint64_t{list->entries[i] & 0xffff});
      }
      used = kListEntries;
      window.list = list->next;
      list->next = free_lists_;
      free_lists_ = list;
    }
  }

  void AddSlowly(Window& to, uint32_t offset, uint64_t value);
  void AddWideToDense(Window& to, uint32_t offset, uint64_t value);
  void AddWide(Window& to, uint32_t offset, uint64_t value);
  void MakeDense(Window& window);
  void FreeDense(std::unique_ptr<uint32_t[]> dense);
  List* NewList();

  std::vector<Window> windows_;
  std::vector<std::unique_ptr<List[]>> slabs_;
  List* free_lists_ = nullptr;
  std::unique_ptr<uint32_t[]> spare_dense_;
  uint64_t dense_count_ = 0;  // with the spare one
  uint64_t wide_bytes_ = 0;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_PENDING_SUMS_H_
