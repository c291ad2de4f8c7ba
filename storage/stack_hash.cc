#include "storage/stack_hash.h"

#include <xxhash.h>

#include <bit>
#include <cstring>

namespace flamekeep::storage {
namespace {

static_assert(std::endian::native == std::endian::little, "hashes and files are little endian");

// Longer names are put together on the heap.
constexpr size_t kShortNames = 496;

// How many stacks are done under one lock.
constexpr size_t kSlice = 1024;

// How far ahead memory is asked for.
constexpr size_t kLookAhead = 12;
constexpr size_t kLookAheadMissed = 4;

StackHashValue Value(const XXH128_hash_t& hash) {
  return static_cast<StackHashValue>(hash.high64) << 64 | hash.low64;
}

}  // namespace

StackHashValue HashChild(StackHashValue parent, std::string_view frame) {
  if (frame.size() <= kShortNames) {
    char bytes[sizeof(parent) + kShortNames];
    std::memcpy(bytes, &parent, sizeof(parent));
    std::memcpy(bytes + sizeof(parent), frame.data(), frame.size());
    return Value(XXH3_128bits(bytes, sizeof(parent) + frame.size()));
  }
  std::string bytes(reinterpret_cast<const char*>(&parent), sizeof(parent));
  bytes += frame;
  return Value(XXH3_128bits(bytes.data(), bytes.size()));
}

StackHasher::StackHasher(const FrameTable* frames, const StackTree* tree)
    : frames_(*frames), tree_(*tree), view_(tree->view()) {}

void StackHasher::Hash(absl::Span<const uint32_t> ids, StackHashValue* out) {
  while (!ids.empty()) {
    const absl::Span<const uint32_t> slice = ids.subspan(0, kSlice);
    absl::MutexLock lock(&mutex_);
    RefreshView();
    HashSlice(slice, out);
    out += slice.size();
    ids.remove_prefix(slice.size());
  }
}

void StackHasher::HashSlice(absl::Span<const uint32_t> ids, StackHashValue* out) {
  // Memory is what this waits for: the cache is asked ahead of time, and who is not in it comes
  // second, when the first step of its path has been asked for as well.
  missed_.clear();
  for (size_t i = 0; i < ids.size(); ++i) {
    if (i + kLookAhead < ids.size()) cache_.Prefetch(ids[i + kLookAhead]);
    if (ids[i] == Raw(kRootStack)) {
      out[i] = 0;
    } else if (const StackHashValue* hash = cache_.Find(ids[i])) {
      out[i] = *hash;
    } else {
      missed_.push_back(static_cast<uint32_t>(i));
    }
  }
  for (size_t i = 0; i < missed_.size(); ++i) {
    if (i + kLookAheadMissed < missed_.size()) {
      view_.Prefetch(StackId{ids[missed_[i + kLookAheadMissed]]});
    }
    out[missed_[i]] = HashOne(ids[missed_[i]]);
  }
}

StackHashValue StackHasher::Hash(StackId id) {
  absl::MutexLock lock(&mutex_);
  if (Raw(id) >= view_.size() || view_version_ != tree_.table_version()) RefreshView();
  return HashOne(Raw(id));
}

void StackHasher::RefreshView() {
  // Read first: a block that moves in between is noticed by the next call.
  view_version_ = tree_.table_version();
  view_ = tree_.view();
}

StackHashValue StackHasher::HashOne(uint32_t id) {
  StackHashValue hash = 0;
  path_.clear();
  while (id != Raw(kRootStack)) {
    if (const StackHashValue* cached = cache_.Find(id)) {
      hash = *cached;
      break;
    }
    path_.push_back(id);
    const uint32_t parent = Raw(view_.parent(StackId{id}));
    // Only in a damaged file is a parent not older; a wrong hash is found out, a loop would hang.
    id = parent < id ? parent : Raw(kRootStack);
  }
  for (; !path_.empty(); path_.pop_back()) {
    const uint32_t step = path_.back();
    // A damaged file can name any frame: the wrong hash is found out as well.
    FrameId frame = view_.frame(StackId{step});
    if (Raw(frame) >= frames_.size()) frame = kRootFrame;
    hash = HashChild(hash, frames_.HashedBytes(frame));
    cache_.Put(step, hash);
  }
  return hash;
}

size_t StackHasher::memory_bytes() const {
  absl::MutexLock lock(&mutex_);
  return cache_.memory_bytes();
}

}  // namespace flamekeep::storage
