// Counts how often keys occur in one bucket; reused from bucket to bucket.
//
// Thread safety: none.
#ifndef FLAMEKEEP_BENCH_SUPPORT_BUCKET_COUNTS_H_
#define FLAMEKEEP_BENCH_SUPPORT_BUCKET_COUNTS_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace flamekeep::bench {

class BucketCounts {
 public:
  BucketCounts() : slots_(kInitialSlots), mask_(kInitialSlots - 1) {}

  void Add(uint32_t key) {
    for (size_t place = Hash(key);; ++place) {
      Slot& slot = slots_[place & mask_];
      if (slot.count == 0) {
        slot = {key, 1};
        used_.push_back(static_cast<uint32_t>(place & mask_));
        if (used_.size() * 2 > slots_.size()) Grow();
        return;
      }
      if (slot.key == key) {
        ++slot.count;
        return;
      }
    }
  }

  size_t size() const { return used_.size(); }

  // Calls visit(key, count) for each key, in the order of their first occurrence, and forgets all;
  // calls soon(key) a little earlier.
  template <typename Visit, typename Soon>
  void Take(Visit&& visit, Soon&& soon) {
    for (size_t i = 0; i < used_.size(); ++i) {
      if (i + kAhead < used_.size()) soon(slots_[used_[i + kAhead]].key);
      const Slot slot = std::exchange(slots_[used_[i]], Slot());
      visit(slot.key, slot.count);
    }
    used_.clear();
  }

 private:
  static constexpr size_t kAhead = 16;
  static constexpr size_t kInitialSlots = size_t{1} << 12;
  struct Slot {
    uint32_t key = 0;
    uint32_t count = 0;
  };

  static size_t Hash(uint32_t key) { return (uint64_t{key} * 0x9e3779b97f4a7c15) >> 20; }

  void Grow() {
    const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
    mask_ = slots_.size() - 1;
    for (uint32_t& place : used_) {
      const Slot& slot = old[place];
      size_t to = Hash(slot.key);
      while (slots_[to & mask_].count != 0) ++to;
      slots_[to & mask_] = slot;
      place = static_cast<uint32_t>(to & mask_);
    }
  }

  std::vector<Slot> slots_;
  size_t mask_;
  std::vector<uint32_t> used_;
};

}  // namespace flamekeep::bench

#endif  // FLAMEKEEP_BENCH_SUPPORT_BUCKET_COUNTS_H_
