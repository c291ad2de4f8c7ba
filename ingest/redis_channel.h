// One channel of a Redis server that is listened to: its counters, and the chunk that is being
// filled.
//
// Thread safety: Add(), Publish(), `chunk` and `chunk_started` are for the reader thread;
// everything else may be called by all.
#ifndef FLAMEKEEP_INGEST_REDIS_CHANNEL_H_
#define FLAMEKEEP_INGEST_REDIS_CHANNEL_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "base/metrics.h"
#include "ingest/chunk_queue.h"
#include "ingest/reject.h"

namespace flamekeep::ingest {

class RedisChannel {
 public:
  // `server` is its address for people.
  RedisChannel(Metrics* metrics, const std::string& site, const std::string& server,
               std::string name, absl::Time now);

  const std::string& name() const { return name_; }

  // Adds a message to the chunk. Nothing is counted before Publish().
  void Add(std::string_view payload);
  // Makes visible what came since the last call.
  void Publish(absl::Time now);
  void UpdateSilence(absl::Time now);

  // A message that can not be kept at all.
  void CountRejected(Reject reject) { rejected_.Add(reject); }
  // Messages that are handed to the queue.
  void CountQueued(uint64_t messages) { queued_.fetch_add(messages, std::memory_order_relaxed); }
  // A chunk that the queue refused.
  void CountQueueFull(uint64_t messages) { queue_full_.Add(messages); }
  // Samples that the store could not take.
  void CountStoreDropped(uint64_t samples) { store_dropped_.Add(samples); }
  // Messages that are decoded or dropped.
  void CountDone(uint64_t messages) { queued_.fetch_sub(messages, std::memory_order_relaxed); }

  uint64_t messages() const { return messages_.load(std::memory_order_relaxed); }
  uint64_t queued() const { return queued_.load(std::memory_order_relaxed); }
  // InfinitePast before the first.
  absl::Time last_message() const;

  Chunk chunk;
  absl::Time chunk_started;  // while the chunk holds something
  // From here on nothing was heard, Unix milliseconds; 0: it is heard, or was never before.
  int64_t missing_since_ms = 0;

 private:
  const std::string name_;
  const absl::Time started_;
  uint64_t new_messages_ = 0;  // since the last Publish()
  uint64_t new_bytes_ = 0;
  std::atomic<uint64_t> messages_{0};
  std::atomic<uint64_t> queued_{0};
  std::atomic<int64_t> last_message_nanos_{0};  // since 1970; 0: none yet
  Counter& messages_counter_;
  Counter& bytes_counter_;
  Counter& queue_full_;
  Counter& store_dropped_;
  Gauge& silence_;
  RejectCounters rejected_;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_REDIS_CHANNEL_H_
