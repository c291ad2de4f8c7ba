// Strings that are used again: a fresh megabyte costs more in page faults than in copying.
//
// Thread safety: all of it.
#ifndef FLAMEKEEP_CLI_BUFFER_POOL_H_
#define FLAMEKEEP_CLI_BUFFER_POOL_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace flamekeep::cli {

class BufferPool {
 public:
  // Empty where there is none.
  std::string Take() {
    absl::MutexLock lock(&mutex_);
    if (free_.empty()) return {};
    std::string buffer = std::move(free_.back());
    free_.pop_back();
    return buffer;
  }

  void Put(std::string buffer) {
    absl::MutexLock lock(&mutex_);
    if (free_.size() < kMaxFree) free_.push_back(std::move(buffer));
  }

 private:
  static constexpr size_t kMaxFree = 64;

  absl::Mutex mutex_;
  std::vector<std::string> free_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_BUFFER_POOL_H_
