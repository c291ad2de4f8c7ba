// H(stack) of the additive digest, computed along the path to the root through a bounded cache:
// H(root) = 0, H(child) = XXH3-128(H(parent) as 16 bytes little endian, function, one zero byte,
// file). It is independent of local ids, and on disk within digests: never change it.
//
// Thread safety: all methods. One mutex; a long list of stacks is done in slices.
#ifndef FLAMEKEEP_STORAGE_STACK_HASH_H_
#define FLAMEKEEP_STORAGE_STACK_HASH_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "storage/frame_table.h"
#include "storage/ids.h"
#include "storage/stack_hash_cache.h"
#include "storage/stack_tree.h"

namespace flamekeep::storage {

using StackHashValue = unsigned __int128;

// One step of the definition; `frame` is FrameTable::HashedBytes().
StackHashValue HashChild(StackHashValue parent, std::string_view frame);

class StackHasher {
 public:
  // Neither pointer is owned.
  StackHasher(const FrameTable* frames, const StackTree* tree);
  StackHasher(const StackHasher&) = delete;
  StackHasher& operator=(const StackHasher&) = delete;

  // REQUIRES: the ids exist; out has room for as many hashes.
  void Hash(absl::Span<const uint32_t> ids, StackHashValue* out);
  StackHashValue Hash(StackId id);

  size_t memory_bytes() const;

 private:
  void HashSlice(absl::Span<const uint32_t> ids, StackHashValue* out)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  StackHashValue HashOne(uint32_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RefreshView() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const FrameTable& frames_;
  const StackTree& tree_;

  mutable absl::Mutex mutex_;
  StackTreeView view_ ABSL_GUARDED_BY(mutex_);
  uint64_t view_version_ ABSL_GUARDED_BY(mutex_) = 0;
  StackHashCache cache_ ABSL_GUARDED_BY(mutex_);
  std::vector<uint32_t> path_ ABSL_GUARDED_BY(mutex_);    // of HashOne()
  std::vector<uint32_t> missed_ ABSL_GUARDED_BY(mutex_);  // of HashSlice(): places in the slice
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_STACK_HASH_H_
