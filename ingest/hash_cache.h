// A bounded cache from the hash of some bytes to 64 bits, which many threads read and write without
// locks.
//
// An entry is three words: both halves of the key, each XORed with the value, and the value. A
// reader that catches an entry between two writers sees halves that do not fit its key and takes it
// for a miss. So no word needs an order, and a torn entry can not give a wrong value (short of two
// 128-bit hashes being equal). Old entries give way: a bucket holds two, the younger first.
//
// Keys are hashed under a random seed: nobody outside can choose lines that collide.
//
// Thread safety: all methods.
#ifndef FLAMEKEEP_INGEST_HASH_CACHE_H_
#define FLAMEKEEP_INGEST_HASH_CACHE_H_

#include <xxhash.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace flamekeep::ingest {

class HashCache {
 public:
  using Key = XXH128_hash_t;

  // `entries` is rounded up to a power of two, at least 4. Takes 32 bytes an entry.
  explicit HashCache(uint32_t entries);

  Key KeyOf(std::string_view bytes) const {
    return XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed_);
  }
  // Lets the memory of the key's bucket come.
  void Prefetch(Key key) const { __builtin_prefetch(&BucketOf(key)); }

  std::optional<uint64_t> Find(Key key) const {
    const Bucket& bucket = BucketOf(key);
    for (const Entry& entry : bucket.entries) {
      const uint64_t value = entry.value.load(std::memory_order_relaxed);
      if ((entry.low.load(std::memory_order_relaxed) ^ value) == key.low64 &&
          (entry.high.load(std::memory_order_relaxed) ^ value) == key.high64) {
        return value;
      }
    }
    return std::nullopt;
  }

  void Insert(Key key, uint64_t value);

 private:
  struct Entry {
    std::atomic<uint64_t> low{0};
    std::atomic<uint64_t> high{0};
    std::atomic<uint64_t> value{0};
  };
  struct alignas(64) Bucket {
    Entry entries[2];
  };

  const Bucket& BucketOf(Key key) const { return buckets_[key.low64 & mask_]; }

  const uint64_t seed_;
  uint64_t mask_;
  std::unique_ptr<Bucket[]> buckets_;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_HASH_CACHE_H_
