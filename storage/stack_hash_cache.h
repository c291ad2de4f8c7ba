// Which hashes of stacks were computed lately: a bounded cache, id -> 128 bits.
//
// A set is one cache line with three entries, so a look-up costs one access to memory; on months of
// generated samples it misses as rarely as a direct-mapped cache of twice the size.
//
// Thread safety: none.
#ifndef FLAMEKEEP_STORAGE_STACK_HASH_CACHE_H_
#define FLAMEKEEP_STORAGE_STACK_HASH_CACHE_H_

#include <cstddef>
#include <cstdint>

#include "storage/zeroed_array.h"

namespace flamekeep::storage {

class StackHashCache {
 public:
  StackHashCache() : sets_(kSets) {}

  // The hash of `id`, or null; valid until the next Put(). REQUIRES: id is not the root.
  const unsigned __int128* Find(uint32_t id) {
    Set& set = sets_[id % kSets];
    for (uint32_t way = 0; way < kWays; ++way) {
      if (set.id[way] != id) continue;
      set.used |= static_cast<uint16_t>(1u << way);
      return &set.hash[way];
    }
    return nullptr;
  }

  // REQUIRES: the id is not there.
  void Put(uint32_t id, unsigned __int128 hash) {
    Set& set = sets_[id % kSets];
    // The clock: who was used since the hand came by is spared once.
    while ((set.used >> set.hand & 1) != 0) {
      set.used &= static_cast<uint16_t>(~(1u << set.hand));
      set.hand = (set.hand + 1) % kWays;
    }
    set.id[set.hand] = id;
    set.hash[set.hand] = hash;
    set.hand = (set.hand + 1) % kWays;
  }

  void Prefetch(uint32_t id) const { __builtin_prefetch(&sets_[id % kSets]); }

  size_t memory_bytes() const { return sets_.bytes(); }

 private:
  static constexpr uint32_t kSets = 1u << 19;
  static constexpr uint32_t kWays = 3;

  struct alignas(kCacheLineBytes) Set {
    unsigned __int128 hash[kWays];
    uint32_t id[kWays];  // 0, the root's, where empty
    uint16_t used;       // a bit for each entry
    uint16_t hand;
  };
  static_assert(sizeof(Set) == kCacheLineBytes);

  ZeroedArray<Set> sets_;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_STACK_HASH_CACHE_H_
