// Pairs sorted by window as they come: where a scan keeps those of small columns.
//
// Each window has a chain of small blocks, so that adding a pair is one store, and memory is what
// the pairs take: 4 bytes for a value below 2^16, else 8, and 16 from 2^47 on.
//
// Thread safety: none.
#ifndef FLAMEKEEP_STORAGE_PAIR_BUCKETS_H_
#define FLAMEKEEP_STORAGE_PAIR_BUCKETS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace flamekeep::storage {

// Chains of entries by number.
template <typename Entry>
class EntryChains {
 public:
  static constexpr size_t kBlockBytes = 256;

  // Makes room for chains below `chains`.
  void Grow(size_t chains) {
    if (chains > ends_.size()) ends_.resize(chains);
  }
  // Forgets chains from `chains` on. REQUIRES: they are empty.
  void Shrink(size_t chains) { ends_.resize(std::min(ends_.size(), chains)); }
  size_t size() const { return ends_.size(); }
  bool empty(size_t chain) const { return chain >= ends_.size() || ends_[chain] == nullptr; }

  // REQUIRES: Grow() made room for the chain.
  void Add(size_t chain, Entry entry) {
    Entry*& end = ends_[chain];
    if (reinterpret_cast<uintptr_t>(end) % sizeof(Block) == 0) [[unlikely]] {
      Extend(&end);
    }
    *end++ = entry;
  }

  // Calls visit(entry) for all entries of the chain, and empties it.
  template <typename Visit>
  void Take(size_t chain, const Visit& visit) {
    const Entry* end = std::exchange(ends_[chain], nullptr);
    while (end != nullptr) {
      // `end` is behind the last entry, so it may be the start of the next block.
      const auto address = reinterpret_cast<uintptr_t>(end - 1) / sizeof(Block) * sizeof(Block);
      // NOLINTNEXTLINE(performance-no-int-to-ptr): blocks are aligned to their size
      const auto* block = reinterpret_cast<const Block*>(address);
      if (block->previous != nullptr) Prefetch(block->previous);
      for (const Entry* entry = block->entries; entry < end; ++entry) visit(*entry);
      end = block->previous;
    }
  }

  size_t memory_bytes() const {
    return arenas_.size() * kArenaBlocks * sizeof(Block) + ends_.capacity() * sizeof(ends_[0]);
  }

 private:
  static constexpr size_t kArenaBlocks = 256;

  struct alignas(kBlockBytes) Block {
    const Entry* previous;  // the end of the block before
    Entry entries[(kBlockBytes - sizeof(Entry*)) / sizeof(Entry)];
  };
  static_assert(sizeof(Block) == kBlockBytes);

  // Blocks of a chain lie anywhere: without this, each line of each block is waited for.
  static void Prefetch(const Entry* end) {
    constexpr size_t kLineBytes = 64;
    const char* byte = reinterpret_cast<const char*>(end) - kBlockBytes;
    for (size_t i = 0; i < kBlockBytes; i += kLineBytes) __builtin_prefetch(byte + i);
  }

  void Extend(Entry** end) {
    if (arena_used_ == kArenaBlocks) {
      arenas_.push_back(std::make_unique_for_overwrite<Block[]>(kArenaBlocks));
      arena_used_ = 0;
    }
    Block* block = &arenas_.back()[arena_used_++];
    block->previous = *end;
    *end = block->entries;
  }

  std::vector<Entry*> ends_;  // by chain: behind its last entry; null where there is none
  std::vector<std::unique_ptr<Block[]>> arenas_;
  size_t arena_used_ = kArenaBlocks;
};

class PairBuckets {
 public:
  static constexpr int kOffsetBits = 16;
  static constexpr uint32_t kWindow = 1u << kOffsetBits;

  // Adds pairs with descending ids.
  template <typename Value>
  void Add(const uint32_t* stacks, const Value* values, size_t count) {
    if (count == 0) return;
    narrow_.Grow(stacks[0] / kWindow + 1);
    for (size_t i = 0; i < count; ++i) {
      if (values[i] < kWide) [[likely]] {
        narrow_.Add(stacks[i] / kWindow,
                    static_cast<uint32_t>(values[i]) << kOffsetBits | stacks[i] % kWindow);
      } else {
        AddWide(stacks[i], values[i]);
      }
    }
  }

  // Windows from windows() on are empty.
  size_t windows() const { return std::max(narrow_.size(), wide_.size()); }
  bool empty(uint32_t window) const { return narrow_.empty(window) && wide_.empty(window); }

  // Calls sink(offset, value) for all pairs of the window, which is empty after that, as have to be
  // all above it.
  template <typename Sink>
  void Take(uint32_t window, const Sink& sink) {
    if (!narrow_.empty(window)) {
      narrow_.Take(window, [&sink](uint32_t entry) {
        sink(entry % kWindow, uint64_t{entry >> kOffsetBits});
      });
    }
    if (!wide_.empty(window)) {
      wide_.Take(window, [this, &sink](uint64_t entry) {
        const uint64_t value = entry >> kOffsetBits;
        sink(static_cast<uint32_t>(entry % kWindow), value < kHuge ? value : huge_[value - kHuge]);
      });
    }
    narrow_.Shrink(window);
    wide_.Shrink(window);
  }

  // The most that so many pairs with values of this sum add to memory_bytes(), blocks that are not
  // full aside.
  static size_t MaxBytes(uint64_t pairs, uint64_t total) {
    const uint64_t wide = std::min(pairs, total / kWide);
    const uint64_t huge = std::min(pairs, total / kHuge);
    const uint64_t bytes =
        pairs * sizeof(uint32_t) + wide * sizeof(uint64_t) + 2 * huge * sizeof(huge_[0]);
    return bytes + bytes / 16;  // blocks know the one before; their entries do not fill them
  }
  // Of each window, in blocks that are not full.
  static constexpr size_t kSlackBytes = 2 * EntryChains<uint32_t>::kBlockBytes;

  size_t memory_bytes() const {
    return narrow_.memory_bytes() + wide_.memory_bytes() + huge_.capacity() * sizeof(huge_[0]);
  }

 private:
  static constexpr uint64_t kWide = uint64_t{1} << 16;
  static constexpr uint64_t kHuge = uint64_t{1} << 47;

  void AddWide(uint32_t stack, uint64_t value) {
    if (value >= kHuge) {
      huge_.push_back(value);
      value = kHuge + huge_.size() - 1;
    }
    wide_.Grow(stack / kWindow + 1);
    wide_.Add(stack / kWindow, value << kOffsetBits | stack % kWindow);
  }

  // Entries hold the offset of the id in the lowest bits and the value above; from kHuge on, the
  // value's place in huge_.
  EntryChains<uint32_t> narrow_;
  EntryChains<uint64_t> wide_;
  std::vector<uint64_t> huge_;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_PAIR_BUCKETS_H_
