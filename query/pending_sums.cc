#include "query/pending_sums.h"

#include <algorithm>

namespace flamekeep::query {

using storage::kWindowIds;

uint64_t PendingSums::memory_bytes() const {
  return windows_.size() * sizeof(Window) + slabs_.size() * kListsPerSlab * sizeof(List) +
         dense_count_ * kWindowIds * sizeof(uint32_t) + wide_bytes_;
}

PendingSums::List* PendingSums::NewList() {
  if (free_lists_ == nullptr) {
    slabs_.push_back(std::make_unique_for_overwrite<List[]>(kListsPerSlab));
    for (uint32_t i = 0; i < kListsPerSlab; ++i) {
      slabs_.back()[i].next = free_lists_;
      free_lists_ = &slabs_.back()[i];
    }
  }
  List* list = free_lists_;
  free_lists_ = list->next;
  return list;
}

void PendingSums::AddSlowly(Window& to, uint32_t offset, uint64_t value) {
  if (value >= kWide) {
    AddWide(to, offset, value);
    return;
  }
  if (to.lists == kMaxLists) {
    MakeDense(to);
    to.dense[offset] += static_cast<uint32_t>(value);  // at most kWindowIds sums of 16 bits so far
    return;
  }
  List* list = NewList();
  list->next = to.list;
  list->entries[0] = offset << 16 | static_cast<uint32_t>(value);
  to.list = list;
  to.used = 1;
  ++to.lists;
}

void PendingSums::AddWide(Window& to, uint32_t offset, uint64_t value) {
  wide_bytes_ -= to.wide.capacity() * sizeof(to.wide[0]);
  to.wide.emplace_back(offset, value);
  wide_bytes_ += to.wide.capacity() * sizeof(to.wide[0]);
}

void PendingSums::AddWideToDense(Window& to, uint32_t offset, uint64_t value) {
  // Moves the sum along, so that the next one of these is 2^32 away.
  uint64_t sum;
  if (__builtin_add_overflow(value, uint64_t{to.dense[offset]}, &sum)) {
    AddWide(to, offset, value);
    return;
  }
  to.dense[offset] = 0;
  AddWide(to, offset, sum);
}

void PendingSums::MakeDense(Window& window) {
  if (spare_dense_ != nullptr) {
    window.dense = std::move(spare_dense_);
    std::fill_n(window.dense.get(), kWindowIds, 0);
  } else {
    window.dense = std::make_unique<uint32_t[]>(kWindowIds);
    ++dense_count_;
  }
  TakeLists(window, [&](uint32_t offset, uint64_t value) {
    window.dense[offset] += static_cast<uint32_t>(value);
  });
  window.lists = 0;
}

void PendingSums::FreeDense(std::unique_ptr<uint32_t[]> dense) {
  if (spare_dense_ == nullptr) {
    spare_dense_ = std::move(dense);
  } else {
    --dense_count_;
  }
}

}  // namespace flamekeep::query
