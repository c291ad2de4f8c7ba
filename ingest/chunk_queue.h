// Chunks of lines between the thread that reads them from a socket and the one that decodes them.
//
// Bounded by bytes. The producer never waits: what does not fit is refused, and it is for the
// producer to count it.
//
// Thread safety: all methods.
#ifndef FLAMEKEEP_INGEST_CHUNK_QUEUE_H_
#define FLAMEKEEP_INGEST_CHUNK_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/bucket.h"
#include "storage/progress.h"

namespace flamekeep::ingest {

// Messages of one channel and minute, each with a newline behind it.
struct Chunk {
  size_t channel = 0;
  storage::Minute minute = 0;
  uint64_t messages = 0;
  std::string lines;
  storage::Progress progress;  // holds once the messages are stored
};

class ChunkQueue {
 public:
  explicit ChunkQueue(size_t max_bytes) : max_bytes_(max_bytes) {}

  // False, and `*chunk` is left as it is, where the queue is full.
  bool TryPush(Chunk* chunk);
  // Waits for the next chunk. False once the queue is closed and empty.
  bool Pop(Chunk* chunk);
  // Nothing is pushed any more.
  void Close();

  size_t bytes() const;
  size_t size() const;  // chunks

  // Memory of chunks that are done with, for chunks to come.
  std::string TakeBuffer();
  void GiveBuffer(std::string buffer);

 private:
  const size_t max_bytes_;
  mutable absl::Mutex mutex_;
  std::deque<Chunk> chunks_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::string> buffers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_CHUNK_QUEUE_H_
