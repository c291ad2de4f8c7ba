// The thread that listens to one Redis server: it connects, reads messages into chunks by channel
// and minute, hands these to a queue, and connects again whatever happens.
//
// Thread safety: Run() is the reader thread's; Stop() and connection() may be called by all.
#ifndef FLAMEKEEP_INGEST_REDIS_READER_H_
#define FLAMEKEEP_INGEST_REDIS_READER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "ingest/backoff.h"
#include "ingest/chunk_queue.h"
#include "ingest/redis_channel.h"
#include "ingest/redis_source_options.h"
#include "ingest/redis_subscriber.h"
#include "ingest/waker.h"

namespace flamekeep::ingest {

// The first line of a password file. Errors: NOT_FOUND names the file.
absl::StatusOr<std::string> ReadPasswordFile(const std::string& path);

class RedisReader final : private RedisMessages {
 public:
  struct ConnectionStatus {
    bool connected = false;
    absl::Time since = absl::InfinitePast();
    std::string last_error;
  };

  // Nothing is owned; channels stand in the order of options.channels.
  RedisReader(const RedisSourceOptions& options,
              std::vector<std::unique_ptr<RedisChannel>>* channels, ChunkQueue* queue,
              Metrics* metrics);

  // Returns after Stop(), when everything received is in the queue.
  void Run();
  void Stop();

  ConnectionStatus connection() const;

 private:
  void OnMessage(size_t index, std::string_view payload) override;

  // Connects and reads until the connection fails or Stop().
  absl::Status Listen();
  absl::Status ReadUntilStopped(RedisSubscriber* connection);
  absl::Status CheckAlive(RedisSubscriber* connection, absl::Time now);
  void DrainSocket(RedisSubscriber* connection);
  void Sleep(absl::Duration duration);
  absl::Duration ReadTimeout(absl::Time now) const;
  // Publishes counters and pushes chunks that are old enough.
  void Tick(absl::Time now);
  void Push(RedisChannel* channel);
  // Tells how far each channel was heard.
  void PushProgress();
  // The time of what is read now. Where the clock goes back a little it stands still, as no sample
  // may come into what was told to be complete.
  absl::Time Clock();
  void SetConnected();
  void SetFailed(const absl::Status& status);

  const RedisSourceOptions& options_;
  std::vector<std::unique_ptr<RedisChannel>>& channels_;
  ChunkQueue& queue_;
  const std::string server_;
  Waker waker_;
  std::atomic<bool> stopping_{false};
  Backoff backoff_;

  // The minute of what is being read; not known before the first message of a read.
  absl::Time clock_ = absl::InfinitePast();
  // When the connection gave its last sign of life, Unix milliseconds by Clock().
  int64_t heard_ms_ = 0;
  absl::Time progress_pushed_ = absl::InfinitePast();
  bool minute_known_ = false;
  std::optional<storage::Minute> minute_;
  absl::Time last_byte_;
  absl::Time pinged_ = absl::InfinitePast();  // after last_byte_: an answer is due
  absl::Time connected_at_;

  Gauge& connected_gauge_;
  Gauge& queued_bytes_;
  Counter& connects_;
  Counter& disconnects_;
  Counter& failures_;
  Counter& clock_jumps_;

  mutable absl::Mutex mutex_;
  ConnectionStatus connection_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_REDIS_READER_H_
