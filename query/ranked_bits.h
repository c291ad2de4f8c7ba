// A set of ids that tells how many of its ids are below one: the place of that id in an array that
// has an entry for each of the set.
//
// Thread safety: const methods may be called from several threads.
#ifndef FLAMEKEEP_QUERY_RANKED_BITS_H_
#define FLAMEKEEP_QUERY_RANKED_BITS_H_

#include <bit>
#include <cstddef>
#include <cstdint>

#include "absl/base/attributes.h"
#include "query/prefetch.h"
#include "storage/zeroed_array.h"

namespace flamekeep::query {

class RankedBits {
 public:
  explicit RankedBits(uint32_t size) : words_(size_t{size} / 64 + 1) {}

  void Set(uint32_t id) { words_[id / 64] |= uint64_t{1} << (id % 64); }
  bool Has(uint32_t id) const { return (words_[id / 64] >> (id % 64) & 1) != 0; }
  // Of the ids 64 * i .. 64 * i + 63.
  uint64_t word(size_t i) const { return words_[i]; }
  size_t words() const { return words_.size(); }

  // No more ids.
  void Rank() {
    ranks_ = storage::ZeroedArray<uint32_t>(words_.size());
    uint32_t count = 0;
    for (size_t i = 0; i < words_.size(); ++i) {
      ranks_[i] = count;
      count += static_cast<uint32_t>(std::popcount(words_[i]));
    }
    count_ = count;
  }

  // REQUIRES of what follows: ranked.
  uint32_t count() const { return count_; }
  // How many are below an id.
  uint32_t rank(uint32_t id) const {
    const uint64_t below = words_[id / 64] & ((uint64_t{1} << (id % 64)) - 1);
    return ranks_[id / 64] + static_cast<uint32_t>(std::popcount(below));
  }
  ABSL_ATTRIBUTE_ALWAYS_INLINE void PrefetchRank(uint32_t id) const {
    Prefetch(&words_[id / 64]);
    Prefetch(&ranks_[id / 64]);
  }

  uint64_t bytes() const { return words_.bytes() + ranks_.bytes(); }

 private:
  storage::ZeroedArray<uint64_t> words_;
  storage::ZeroedArray<uint32_t> ranks_;  // of each word's first id
  uint32_t count_ = 0;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_RANKED_BITS_H_
