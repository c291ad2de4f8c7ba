// All frames of a store, in memory: the names of an id, and the id of a pair of names.
//
// Thread safety: all methods. Names and ids are found without a lock; a new frame takes a mutex.
//
// Invariants:
//   1. An entry is complete before its id can be found or is counted by size(), and never changes.
//   2. Entries and names never move: views into them live as long as the table.
#ifndef FLAMEKEEP_STORAGE_FRAME_TABLE_H_
#define FLAMEKEEP_STORAGE_FRAME_TABLE_H_

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "storage/ids.h"
#include "storage/zeroed_array.h"

namespace flamekeep::storage {

// A frame: one function in a stack. Line numbers and addresses are not part of it.
struct Frame {
  std::string_view function;
  std::string_view file;  // empty where unknown
};

class FrameTable {
 public:
  // Holds the root's frame: id 0, both names empty.
  FrameTable();
  FrameTable(const FrameTable&) = delete;
  FrameTable& operator=(const FrameTable&) = delete;

  // The id of a frame, given at first sight. Errors: FAILED_PRECONDITION when there are no ids
  // left.
  absl::StatusOr<FrameId> Intern(std::string_view function, std::string_view file);
  // Adds a frame whose names were blanked: nothing finds it. Errors: RESOURCE_EXHAUSTED.
  absl::StatusOr<FrameId> AddBlank();
  std::optional<FrameId> Find(std::string_view function, std::string_view file) const;

  // Ids 0 .. size-1 exist.
  uint32_t size() const { return size_.load(std::memory_order_acquire); }

  // REQUIRES: the id exists.
  Frame frame(FrameId id) const {
    const Entry& entry = EntryOf(Raw(id));
    return {{entry.bytes, entry.function_bytes},
            {entry.bytes + entry.function_bytes + 1, entry.file_bytes}};
  }
  // Function, one zero byte, file: what a stack's hash takes in.
  std::string_view HashedBytes(FrameId id) const {
    const Entry& entry = EntryOf(Raw(id));
    return {entry.bytes, size_t{entry.function_bytes} + 1 + entry.file_bytes};
  }

  size_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }

 private:
  struct Entry {
    const char* bytes;  // function, zero, file
    uint32_t function_bytes;
    uint32_t file_bytes;
  };

  // Chunk k holds kFirstChunk << k entries, so a few pointers reach all ids and no entry moves.
  static constexpr uint32_t kFirstChunkLog2 = 10;
  static constexpr uint64_t kFirstChunk = uint64_t{1} << kFirstChunkLog2;
  static constexpr int kChunks = 33 - kFirstChunkLog2;

  // An open hash table of ids: a slot is the upper half of the names' hash and the id, 0 if empty
  // (the root's frame is never in it). Never more than half full. A full table is followed by a
  // larger one; the old ones stay for readers that still look at them.
  struct Slots {
    explicit Slots(size_t size) : slot(size), mask(size - 1) {}
    ZeroedArray<std::atomic<uint64_t>> slot;
    size_t mask;
  };

  const Entry& EntryOf(uint32_t id) const {
    const uint64_t place = id + kFirstChunk;
    const int log2 = std::bit_width(place) - 1;
    return chunks_[log2 - kFirstChunkLog2].load(
        std::memory_order_acquire)[place - (uint64_t{1} << log2)];
  }
  std::optional<FrameId> FindHashed(uint32_t hash, std::string_view function,
                                    std::string_view file) const;
  Entry* NewEntry(uint32_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  const char* Store(std::string_view function, std::string_view file)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void InsertSlot(uint32_t hash, uint32_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Grow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  std::array<std::atomic<Entry*>, kChunks> chunks_{};
  std::atomic<uint32_t> size_{0};
  std::atomic<const Slots*> slots_{nullptr};
  std::atomic<size_t> memory_bytes_{0};

  mutable absl::Mutex mutex_;
  std::vector<std::unique_ptr<Slots>> all_slots_ ABSL_GUARDED_BY(mutex_);  // the last is current
  std::vector<std::unique_ptr<Entry[]>> all_chunks_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<char[]>> arenas_ ABSL_GUARDED_BY(mutex_);
  char* arena_next_ ABSL_GUARDED_BY(mutex_) = nullptr;
  size_t arena_left_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t next_arena_bytes_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_FRAME_TABLE_H_
