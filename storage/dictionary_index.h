// A hash index over complete blocks of the stack tree: a memory-mapped derived file.
//
// It answers "which node has this parent and this frame" for the nodes of its blocks [first, end).
// A store holds indexes of 1, 4, 16, ... blocks: four neighbours of one size are merged into one of
// the next, so a tree of n blocks has at most 3 log4(n) + 1 of them to ask.
//
// Layout of the payload (with n ids in the blocks, n and the number of blocks powers of two):
//   directory: n / 8 + 1 offsets u32; slot s holds the entries [directory[s], directory[s + 1])
//   entries:   5 bytes each, little endian: tag above log2(n) bits of (id - first id)
//   padding:   3 zero bytes, so that an entry can be loaded as 8 bytes
// Entries are sorted by the upper kIndexHashBits bits of NodeHash, then by id. A slot is named by
// the upper bits of these and the tag is the rest: nothing of the hash is lost, and merging is one
// sequential pass over its inputs, whatever their size.
//
// Thread safety: immutable once open.
#ifndef FLAMEKEEP_STORAGE_DICTIONARY_INDEX_H_
#define FLAMEKEEP_STORAGE_DICTIONARY_INDEX_H_

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/derived_file.h"
#include "storage/stack_tree_view.h"

namespace flamekeep::storage {

inline constexpr uint32_t kIndexHashBits = 37;
inline constexpr uint32_t kIndexEntryBits = 40;
inline constexpr uint32_t kIndexEntryBytes = kIndexEntryBits / 8;
inline constexpr uint32_t kIndexPadding = 8 - kIndexEntryBytes;
inline constexpr uint32_t kIndexSlotEntriesLog2 = 3;
// How many indexes of one size are merged into the next.
inline constexpr uint32_t kIndexFanIn = 4;

static_assert(kIndexHashBits == kIndexEntryBits - kIndexSlotEntriesLog2,
              "slot bits and tag bits make up the hash for every number of blocks");

// Which blocks an index covers, and the widths that follow from it.
struct IndexShape {
  uint32_t block_shift = kBlockShift;
  uint32_t first_block = 0;
  uint32_t end_block = 0;

  // Whether there can be such an index.
  bool valid() const;
  uint32_t first_id() const { return first_block << block_shift; }
  uint32_t id_bits() const;
  uint32_t tag_bits() const { return kIndexEntryBits - id_bits(); }
  uint64_t ids() const { return uint64_t{1} << id_bits(); }
  uint64_t slots() const { return ids() >> kIndexSlotEntriesLog2; }
  // The root is never looked up and has no entry.
  uint64_t entries() const { return ids() - (first_block == 0 ? 1 : 0); }
  uint64_t directory_bytes() const { return (slots() + 1) * sizeof(uint32_t); }
  uint64_t payload_bytes() const {
    return directory_bytes() + entries() * kIndexEntryBytes + kIndexPadding;
  }
  DerivedFileId file() const;
};

class DictionaryIndex {
 public:
  static absl::StatusOr<std::shared_ptr<const DictionaryIndex>> Open(const std::string& directory,
                                                                     const IndexShape& shape);

  const IndexShape& shape() const { return shape_; }
  const DerivedFile& file() const { return *file_; }

  // The first id with the hash NodeHash(...) for which `matches(id)` holds. A damaged file may hide
  // an id or offer a wrong one, but gives none outside of its blocks.
  template <typename Matches>
  std::optional<uint32_t> Find(uint64_t node_hash, Matches&& matches) const {
    const uint64_t slot = Slot(node_hash);
    const uint64_t tag = node_hash >> (64 - kIndexHashBits) & ((uint64_t{1} << tag_bits_) - 1);
    const uint64_t id_mask = (uint64_t{1} << id_bits_) - 1;
    const uint64_t end = directory_[slot + 1];
    if (end > entries_) return std::nullopt;
    for (uint64_t i = directory_[slot]; i < end; ++i) {
      const uint64_t entry = Entry(i);
      if (entry >> id_bits_ != tag) continue;
      const uint32_t id = first_id_ + static_cast<uint32_t>(entry & id_mask);
      if (matches(id)) return id;
    }
    return std::nullopt;
  }

  // Starts to load what Find() reads first, and next. For asking several indexes at once.
  void PrefetchSlot(uint64_t node_hash) const { __builtin_prefetch(&directory_[Slot(node_hash)]); }
  void PrefetchEntries(uint64_t node_hash) const {
    __builtin_prefetch(entry_bytes_ + uint64_t{directory_[Slot(node_hash)]} * kIndexEntryBytes);
  }

  // Reads all entries in the order of the file: the hash (kIndexHashBits wide) and the id.
  class Cursor {
   public:
    explicit Cursor(const DictionaryIndex* index) : index_(index) { FindSlot(); }
    bool done() const { return next_ == index_->entries_; }
    uint64_t hash() const {
      return slot_ << index_->tag_bits_ | index_->Entry(next_) >> index_->id_bits_;
    }
    uint32_t id() const {
      return index_->first_id_ +
             static_cast<uint32_t>(index_->Entry(next_) & ((uint64_t{1} << index_->id_bits_) - 1));
    }
    void Next() {
      ++next_;
      FindSlot();
    }

   private:
    void FindSlot() {
      while (slot_ + 1 < index_->slots_ && index_->directory_[slot_ + 1] <= next_) ++slot_;
    }
    const DictionaryIndex* index_;
    uint64_t next_ = 0;
    uint64_t slot_ = 0;
  };

 private:
  DictionaryIndex(const IndexShape& shape, std::shared_ptr<const DerivedFile> file);

  uint64_t Slot(uint64_t node_hash) const {
    return node_hash >> (64 - kIndexHashBits) >> tag_bits_;
  }
  uint64_t Entry(uint64_t i) const {
    uint64_t entry;
    std::memcpy(&entry, entry_bytes_ + i * kIndexEntryBytes, sizeof(entry));
    return entry & ((uint64_t{1} << kIndexEntryBits) - 1);
  }

  IndexShape shape_;
  std::shared_ptr<const DerivedFile> file_;
  const uint32_t* directory_;
  const char* entry_bytes_;
  uint64_t entries_;
  uint64_t slots_;
  uint32_t first_id_;
  uint32_t id_bits_;
  uint32_t tag_bits_;
};

using DictionaryIndexes = std::vector<std::shared_ptr<const DictionaryIndex>>;

// Writes the index of `shape` from the nodes themselves. `block` gives the arrays of a block.
absl::Status BuildIndex(const std::string& directory, const IndexShape& shape,
                        absl::FunctionRef<StackBlock(uint32_t)> block);

// Writes the index of `shape` from indexes that together cover the same blocks, in ascending order.
absl::Status MergeIndexes(const std::string& directory, const IndexShape& shape,
                          const DictionaryIndexes& parts);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_DICTIONARY_INDEX_H_
