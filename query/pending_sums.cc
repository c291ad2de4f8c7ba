#include "query/pending_sums.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace flamekeep::query {

using storage::kWindowIds;

uint64_t PendingSums::memory_bytes() const {
  return ends_.size() * (sizeof(ends_[0]) + sizeof(Rest)) +
         slabs_.size() * kListsPerSlab * sizeof(List) +
         dense_count_ * kWindowIds * sizeof(uint32_t) + wide_bytes_;
}

PendingSums::List* PendingSums::NewList() {
  if (free_lists_ == nullptr) {
    // One huge page: the tails of a thousand lists are written to in turn.
    constexpr size_t kSlabBytes = kListsPerSlab * sizeof(List);
    static_assert(kSlabBytes == size_t{2} << 20);
    void* memory = std::aligned_alloc(kSlabBytes, kSlabBytes);
    if (memory == nullptr) throw std::bad_alloc();
    madvise(memory, kSlabBytes, MADV_HUGEPAGE);  // a hint
    auto* lists = static_cast<List*>(memory);
    slabs_.emplace_back(lists);
    for (uint32_t i = 0; i < kListsPerSlab; ++i) {
      lists[i].previous = free_lists_;
      free_lists_ = lists[i].entries;
    }
  }
  List* const list = ListOf(free_lists_);
  free_lists_ = list->previous;
  return list;
}

bool PendingSums::MakeRoom(uint32_t window, uint32_t offset, uint64_t value) {
  Rest& rest = rest_[window];
  if (value >= kWide) {
    AddWide(rest, offset, value);
    return false;
  }
  if (rest.lists == kMaxLists) MoveToDense(window);
  List* list = NewList();
  list->previous = ends_[window];
  ends_[window] = list->entries;
  ++rest.lists;
  return true;
}

void PendingSums::AddWide(Rest& rest, uint32_t offset, uint64_t value) {
  const auto add = [&rest](uint32_t at, uint64_t more) {
    uint64_t& sum = rest.wide_dense[at];
    if (__builtin_add_overflow(sum, more, &sum)) sum = UINT64_MAX;
  };
  if (rest.wide_dense != nullptr) {
    add(offset, value);
    return;
  }
  wide_bytes_ -= WideBytes(rest);
  rest.wide.emplace_back(offset, value);
  if (rest.wide.size() == kMaxWide) {
    rest.wide_dense = std::make_unique<uint64_t[]>(kWindowIds);
    for (const auto& [at, more] : rest.wide) add(at, more);
    rest.wide = {};
  }
  wide_bytes_ += WideBytes(rest);
}

uint64_t PendingSums::WideBytes(const Rest& rest) {
  return rest.wide.capacity() * sizeof(rest.wide[0]) +
         (rest.wide_dense != nullptr ? kWindowIds * sizeof(rest.wide_dense[0]) : 0);
}

void PendingSums::MoveToDense(uint32_t window) {
  Rest& rest = rest_[window];
  if (rest.dense == nullptr) {
    if (spare_dense_ != nullptr) {
      rest.dense = std::move(spare_dense_);
      std::fill_n(rest.dense.get(), kWindowIds, 0);
    } else {
      rest.dense = std::make_unique<uint32_t[]>(kWindowIds);
      ++dense_count_;
    }
  }
  TakeList(window, [&](uint32_t offset, uint64_t value) {
    uint32_t& sum = rest.dense[offset];
    const uint64_t larger = sum + value;
    if (larger <= UINT32_MAX) [[likely]] {
      sum = static_cast<uint32_t>(larger);
    } else {
      AddWide(rest, offset, larger);
      sum = 0;
    }
  });
}

void PendingSums::FreeDense(std::unique_ptr<uint32_t[]> dense) {
  if (spare_dense_ == nullptr) {
    spare_dense_ = std::move(dense);
  } else {
    --dense_count_;
  }
}

}  // namespace flamekeep::query
