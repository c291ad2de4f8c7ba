#include "ingest/hash_cache.h"

#include <algorithm>
#include <bit>
#include <random>

namespace flamekeep::ingest {
namespace {

uint64_t RandomSeed() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

}  // namespace

HashCache::HashCache(uint32_t entries) : seed_(RandomSeed()) {
  const uint64_t buckets = std::bit_ceil(std::max<uint64_t>(entries, 4)) / 2;
  mask_ = buckets - 1;
  buckets_ = std::make_unique<Bucket[]>(buckets);
}

void HashCache::Insert(Key key, uint64_t value) {
  const auto store = [](Entry* entry, uint64_t low, uint64_t high, uint64_t new_value) {
    entry->low.store(low, std::memory_order_relaxed);
    entry->high.store(high, std::memory_order_relaxed);
    entry->value.store(new_value, std::memory_order_relaxed);
  };
  Bucket& bucket = buckets_[key.low64 & mask_];
  Entry& younger = bucket.entries[0];
  // Words of several writers mixed up are moved as they are: they fit no key in the new place
  // either.
  store(&bucket.entries[1], younger.low.load(std::memory_order_relaxed),
        younger.high.load(std::memory_order_relaxed),
        younger.value.load(std::memory_order_relaxed));
  store(&younger, key.low64 ^ value, key.high64 ^ value, value);
}

}  // namespace flamekeep::ingest
