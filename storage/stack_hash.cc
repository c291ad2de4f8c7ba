#include "storage/stack_hash.h"

#include <xxhash.h>

#include <bit>
#include <cstring>

namespace flamekeep::storage {
namespace {

static_assert(std::endian::native == std::endian::little, "hashes and files are little endian");

// Longer names are put together on the heap.
constexpr size_t kShortNames = 496;

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
    : frames_(*frames),
      tree_(*tree),
      view_(tree->view()),
      cached_id_(kCacheEntries),
      cached_hash_(kCacheEntries) {}

void StackHasher::Hash(absl::Span<const uint32_t> ids, StackHashValue* out) {
  while (!ids.empty()) {
    const absl::Span<const uint32_t> slice = ids.subspan(0, kSlice);
    absl::MutexLock lock(&mutex_);
    RefreshView();
    for (const uint32_t id : slice) *out++ = HashOne(id);
    ids.remove_prefix(slice.size());
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
    const uint32_t entry = id % kCacheEntries;
    if (cached_id_[entry] == id) {
      hash = cached_hash_[entry];
      break;
    }
    path_.push_back(id);
    const uint32_t parent = Raw(view_.parent(StackId{id}));
    // Only in a damaged file is a parent not older; a wrong hash is found out, a loop would hang.
    id = parent < id ? parent : Raw(kRootStack);
  }
  for (; !path_.empty(); path_.pop_back()) {
    const uint32_t step = path_.back();
    hash = HashChild(hash, frames_.HashedBytes(view_.frame(StackId{step})));
    cached_id_[step % kCacheEntries] = step;
    cached_hash_[step % kCacheEntries] = hash;
  }
  return hash;
}

size_t StackHasher::memory_bytes() const {
  absl::MutexLock lock(&mutex_);
  return cached_id_.bytes() + cached_hash_.bytes();
}

}  // namespace flamekeep::storage
