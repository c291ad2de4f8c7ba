// Remembers which frames a filter matches: the names of a store change slowly, and a person asks
// for the same filter again and again.
//
// Thread safety: all methods. Errors: those of the filter and of the context.
#ifndef FLAMEKEEP_QUERY_FRAME_FLAGS_CACHE_H_
#define FLAMEKEEP_QUERY_FRAME_FLAGS_CACHE_H_

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "query/context.h"
#include "query/frame_filter.h"
#include "query/layout.h"

namespace flamekeep::query {

class FrameFlagsCache {
 public:
  using Flags = std::shared_ptr<const std::vector<FrameFlags>>;  // by FrameId

  // The flags of the frames 0 .. frame_count-1, and perhaps of later ones. REQUIRES: `filter` is
  // normalized.
  absl::StatusOr<Flags> Get(const FrameFilter& filter, uint32_t frame_count, FrameNames names,
                            const Context& context) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  static constexpr size_t kMaxEntries = 16;  // a byte a frame each

  struct Entry {
    std::string key;
    Flags flags;
  };

  absl::Mutex mutex_;
  std::list<Entry> entries_ ABSL_GUARDED_BY(mutex_);  // the one that was used last is first
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_FRAME_FLAGS_CACHE_H_
