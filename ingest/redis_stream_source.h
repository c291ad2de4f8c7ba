// A Redis server whose streams are read.
//
// One thread reads all streams of a server and hands their entries to the store, each look at a
// stream as one batch with the stream's new position. Nothing is dropped where the store falls
// behind: the thread waits for it, and the entries wait in Redis. What was not durable when the
// program ended is read again at the next start.
//
// An entry's id is the time of its samples, so every server that reads a stream computes the same
// columns, and the source does not belong to a node. How far a stream is complete: to what was read
// while there is more, else to 5 seconds before the Redis server's clock and our own. Entries that
// were removed before they were read, and a stream that was replaced, leave gap records
// (redis_stream_cursor.h). The first time a stream is read from its beginning.
//
// A server that is gone is tried again for ever, with exponential backoff and full jitter; a stream
// that the server will not show (another type of key, no permission, still loading) once a second.
//
// Metrics, by site, server and stream: redis_stream_connected, redis_stream_lag_seconds,
// redis_stream_unread_entries, redis_stream_silence_seconds; redis_stream_entries_total,
// redis_stream_bytes_total, redis_stream_lost_entries_total, redis_stream_late_entries_total,
// redis_stream_gaps_total, redis_stream_errors_total.
//
// Thread safety: all methods. Ownership: pipeline and store outlive the source.
#ifndef FLAMEKEEP_INGEST_REDIS_STREAM_SOURCE_H_
#define FLAMEKEEP_INGEST_REDIS_STREAM_SOURCE_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "ingest/pipeline.h"
#include "ingest/redis_source_options.h"
#include "ingest/redis_status.h"
#include "storage/store.h"

namespace flamekeep::ingest {

class RedisStreamSource {
 public:
  // Starts reading; returns at once, whether the server is there or not. Errors: INVALID_ARGUMENT
  // for a stream or site name outside its rules, NOT_FOUND for a password file that can not be
  // read.
  static absl::StatusOr<std::unique_ptr<RedisStreamSource>> Start(RedisSourceOptions options,
                                                                  Pipeline* pipeline,
                                                                  storage::Store* store);
  // Stops.
  ~RedisStreamSource();
  RedisStreamSource(const RedisStreamSource&) = delete;
  RedisStreamSource& operator=(const RedisStreamSource&) = delete;

  // Ends the thread, which waits for the store no longer than its append_timeout. May be called
  // twice.
  void Stop();

  // The sources of its streams.
  std::vector<storage::LiveSource> live() const;
  // One entry for each stream.
  std::vector<RedisStatus> Status() const;

 private:
  struct Impl;
  explicit RedisStreamSource(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_REDIS_STREAM_SOURCE_H_
