// The hash of a node of the stack tree, by which it is looked up. Derived files hold it: never
// change it without a new kDerivedFormat.
#ifndef FLAMEKEEP_STORAGE_NODE_HASH_H_
#define FLAMEKEEP_STORAGE_NODE_HASH_H_

#include <cstdint>

namespace flamekeep::storage {

// A bijection of (parent, frame) in which every bit of the result depends on every bit of both.
constexpr uint64_t NodeHash(uint32_t parent, uint32_t frame) {
  constexpr uint64_t kMultiplier = 0xd6e8feb86659fd93;
  uint64_t hash = uint64_t{parent} << 32 | frame;
  hash = (hash ^ hash >> 32) * kMultiplier;
  hash = (hash ^ hash >> 32) * kMultiplier;
  return hash ^ hash >> 32;
}

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_NODE_HASH_H_
