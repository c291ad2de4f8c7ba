// A Redis server that is listened to: Arc Lamp's pub/sub channels.
//
//   reader thread -> bounded queue of chunks -> decoder thread -> Store::Append
//
// Pub/sub keeps nothing for a listener that is away, so the reader does nothing but read: it never
// waits for the decoder or the store. Where these fall behind, the queue fills, and then the newest
// chunks are dropped and counted (`redis_queue_full_messages_total`). The reader never gives up
// either: a server that is gone or silent is tried again for ever, with exponential backoff and
// full jitter; metrics and Status() tell.
//
// A message is one folded line (several, if it holds newlines). The time of its samples is the
// reader's clock when it is read.
//
// What was not heard becomes a gap record of the channel: from the last sign of life to the next
// confirmed subscription, also across restarts, and what the queue refused. Each second, and with
// each chunk, the channel is complete through the last sign of life of the connection.
//
// Metrics, by site, server and where it makes sense channel: redis_connected,
// redis_silence_seconds, redis_queued_bytes; redis_messages_total, redis_bytes_total,
// redis_connects_total, redis_disconnects_total, redis_queue_full_messages_total,
// redis_store_dropped_samples_total.
//
// Thread safety: all methods. Ownership: pipeline and store outlive the source.
#ifndef FLAMEKEEP_INGEST_REDIS_SOURCE_H_
#define FLAMEKEEP_INGEST_REDIS_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ingest/pipeline.h"
#include "ingest/redis_source_options.h"
#include "ingest/redis_status.h"
#include "storage/store.h"

namespace flamekeep::ingest {

class RedisSource {
 public:
  // Starts listening; returns at once, whether the server is there or not. Errors: INVALID_ARGUMENT
  // for a channel or site name outside its rules, NOT_FOUND for a password file that can not be
  // read.
  static absl::StatusOr<std::unique_ptr<RedisSource>> Start(RedisSourceOptions options,
                                                            Pipeline* pipeline,
                                                            storage::Store* store);
  // Stops.
  ~RedisSource();
  RedisSource(const RedisSource&) = delete;
  RedisSource& operator=(const RedisSource&) = delete;

  // Disconnects, hands everything received to the store, and ends the threads. What the store can
  // not take within its append_timeout is dropped and counted. May be called twice.
  void Stop();

  // The sources of its channels.
  std::vector<storage::LiveSource> live() const;
  // One entry for each channel.
  std::vector<RedisStatus> Status() const;

 private:
  struct Impl;
  explicit RedisSource(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_REDIS_SOURCE_H_
