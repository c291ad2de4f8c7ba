#include "storage/frame_table.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/status.h"

namespace flamekeep::storage {
namespace {

constexpr size_t kFirstSlots = 4096;
constexpr size_t kFirstArenaBytes = size_t{16} << 10;
constexpr size_t kMaxArenaBytes = size_t{1} << 20;
constexpr size_t kMaxNameBytes = size_t{1} << 30;

// Slots are placed by the same 32 bits that they keep, so that growing needs no names.
uint32_t HashOf(std::string_view function, std::string_view file) {
  const uint64_t seed = file.empty() ? 0 : XXH3_64bits(file.data(), file.size());
  return static_cast<uint32_t>(XXH3_64bits_withSeed(function.data(), function.size(), seed) >> 32);
}

}  // namespace

FrameTable::FrameTable() : next_arena_bytes_(kFirstArenaBytes) {
  absl::MutexLock lock(&mutex_);
  all_slots_.push_back(std::make_unique<Slots>(kFirstSlots));
  slots_.store(all_slots_.back().get(), std::memory_order_release);
  *NewEntry(0) = {Store({}, {}), 0, 0};
  size_.store(1, std::memory_order_release);
}

absl::StatusOr<FrameId> FrameTable::Intern(std::string_view function, std::string_view file) {
  if (function.empty() && file.empty()) return kRootFrame;
  const uint32_t hash = HashOf(function, file);
  if (std::optional<FrameId> id = FindHashed(hash, function, file)) return *id;

  absl::MutexLock lock(&mutex_);
  if (std::optional<FrameId> id = FindHashed(hash, function, file)) return *id;
  const uint32_t id = size_.load(std::memory_order_relaxed);
  if (id == UINT32_MAX) {
    return Error(absl::StatusCode::kFailedPrecondition,
                 "the store has no frame ids left: go on in a new one");
  }
  if (function.size() > kMaxNameBytes || file.size() > kMaxNameBytes) {
    return Error(absl::StatusCode::kInvalidArgument, "a frame's name has more than {} bytes",
                 kMaxNameBytes);
  }
  *NewEntry(id) = {Store(function, file), static_cast<uint32_t>(function.size()),
                   static_cast<uint32_t>(file.size())};
  if ((size_t{id} + 1) * 2 > all_slots_.back()->slot.size()) Grow();
  // Counted before it can be found: whoever finds an id may rely on size().
  size_.store(id + 1, std::memory_order_release);
  InsertSlot(hash, id);
  return FrameId{id};
}

absl::StatusOr<FrameId> FrameTable::AddBlank() {
  absl::MutexLock lock(&mutex_);
  const uint32_t id = size_.load(std::memory_order_relaxed);
  if (id == UINT32_MAX) {
    return Error(absl::StatusCode::kFailedPrecondition, "the store has no frame ids left");
  }
  *NewEntry(id) = {Store({}, {}), 0, 0};
  size_.store(id + 1, std::memory_order_release);
  return FrameId{id};
}

std::optional<FrameId> FrameTable::Find(std::string_view function, std::string_view file) const {
  if (function.empty() && file.empty()) return kRootFrame;
  return FindHashed(HashOf(function, file), function, file);
}

std::optional<FrameId> FrameTable::FindHashed(uint32_t hash, std::string_view function,
                                              std::string_view file) const {
  const Slots& slots = *slots_.load(std::memory_order_acquire);
  for (size_t i = hash & slots.mask;; i = (i + 1) & slots.mask) {
    const uint64_t slot = slots.slot[i].load(std::memory_order_acquire);
    if (slot == 0) return std::nullopt;
    if (static_cast<uint32_t>(slot >> 32) != hash) continue;
    const FrameId id{static_cast<uint32_t>(slot)};
    const Frame found = frame(id);
    if (found.function == function && found.file == file) return id;
  }
}

FrameTable::Entry* FrameTable::NewEntry(uint32_t id) {
  const uint64_t place = id + kFirstChunk;
  const int log2 = std::bit_width(place) - 1;
  const uint64_t chunk_size = uint64_t{1} << log2;
  std::atomic<Entry*>& chunk = chunks_[log2 - kFirstChunkLog2];
  if (place == chunk_size) {
    all_chunks_.push_back(std::make_unique_for_overwrite<Entry[]>(chunk_size));
    memory_bytes_ += chunk_size * sizeof(Entry);
    chunk.store(all_chunks_.back().get(), std::memory_order_release);
  }
  return chunk.load(std::memory_order_relaxed) + (place - chunk_size);
}

const char* FrameTable::Store(std::string_view function, std::string_view file) {
  const size_t bytes = function.size() + 1 + file.size();
  if (bytes > arena_left_) {
    const size_t arena_bytes = std::max(bytes, next_arena_bytes_);
    next_arena_bytes_ = std::min(next_arena_bytes_ * 2, kMaxArenaBytes);
    arenas_.push_back(std::make_unique_for_overwrite<char[]>(arena_bytes));
    memory_bytes_ += arena_bytes;
    arena_next_ = arenas_.back().get();
    arena_left_ = arena_bytes;
  }
  char* const start = arena_next_;
  if (!function.empty()) std::memcpy(start, function.data(), function.size());
  start[function.size()] = '\0';
  if (!file.empty()) std::memcpy(start + function.size() + 1, file.data(), file.size());
  arena_next_ += bytes;
  arena_left_ -= bytes;
  return start;
}

void FrameTable::InsertSlot(uint32_t hash, uint32_t id) {
  Slots& slots = *all_slots_.back();
  size_t i = hash & slots.mask;
  while (slots.slot[i].load(std::memory_order_relaxed) != 0) i = (i + 1) & slots.mask;
  slots.slot[i].store(uint64_t{hash} << 32 | id, std::memory_order_release);
}

void FrameTable::Grow() {
  const Slots& old = *all_slots_.back();
  all_slots_.push_back(std::make_unique<Slots>(old.slot.size() * 2));
  memory_bytes_ += all_slots_.back()->slot.bytes();
  for (size_t i = 0; i < old.slot.size(); ++i) {
    const uint64_t slot = old.slot[i].load(std::memory_order_relaxed);
    if (slot != 0) InsertSlot(static_cast<uint32_t>(slot >> 32), static_cast<uint32_t>(slot));
  }
  slots_.store(all_slots_.back().get(), std::memory_order_release);
}

}  // namespace flamekeep::storage
