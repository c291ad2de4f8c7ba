// One Redis stream that is read: where it stands, its counters, and its way into the store.
//
// Thread safety: Status() may be called by all; everything else is the reader thread's. Ownership:
// pipeline and store outlive the stream.
#ifndef FLAMEKEEP_INGEST_REDIS_STREAM_H_
#define FLAMEKEEP_INGEST_REDIS_STREAM_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "ingest/pipeline.h"
#include "ingest/redis_source_options.h"
#include "ingest/redis_status.h"
#include "ingest/redis_stream_client.h"
#include "ingest/redis_stream_cursor.h"
#include "ingest/redis_stream_decoder.h"
#include "storage/store.h"

namespace flamekeep::ingest {

class RedisStream {
 public:
  // Finds where the stream was left: by a source of its name, under whatever rules, or by one of
  // another name that read it at this address (a site that got a second server). Errors: as
  // RedisStreamDecoder::Make(); INVALID_ARGUMENT for a site's name outside its rules.
  static absl::StatusOr<std::unique_ptr<RedisStream>> Make(const RedisSourceOptions& options,
                                                           const std::string& name,
                                                           Pipeline* pipeline,
                                                           storage::Store* store);

  // Reads some entries and hands them to the store with the new position. Whether there are likely
  // more. Waits for the store for as long as it takes, or until `stopping`. Errors: the client's;
  // RESOURCE_EXHAUSTED and UNAVAILABLE where the store can not take the entries. After an error the
  // stream stands where it stood.
  absl::StatusOr<bool> Read(RedisStreamClient* client, const std::atomic<bool>& stopping);

  void SetConnected();
  void SetFailed(const absl::Status& status);
  // The same, for this stream alone: it is due again later.
  void SetRefused(const absl::Status& status);
  bool due(absl::Time now) const { return now >= retry_at_; }
  // Gauges, while nothing is read.
  void Tick();

  const std::string& name() const { return name_; }
  RedisStreamId position() const { return cursor_ ? cursor_->id : RedisStreamId{}; }
  storage::LiveSource live() const { return {source_, {decoder_->profile_type()}}; }
  RedisStatus Status() const;

 private:
  RedisStream(const RedisSourceOptions& options, const std::string& name, Metrics* metrics,
              storage::Store* store);

  void FindPosition(const storage::SourceKey& key);
  // Of a stream that was never read: keeps it out of what is final.
  void FindFinal();
  absl::Status Append(const storage::Batch& batch, const std::atomic<bool>& stopping);
  // Joins the advance's gap with the last one, where that goes on. Whether it did.
  bool JoinGap(RedisStreamAdvance* advance);
  // Where entries of the look lost labels that are to be hashed.
  std::optional<storage::Gap> UnhashedGap() const;
  void Count(const RedisStreamRound& round, const RedisStreamAdvance& advance);
  void LogGap(const RedisStreamAdvance& advance) const;
  void LogLeftOut(const storage::Gap& left_out) const;

  const RedisSourceOptions& options_;
  const std::string name_;
  const std::string source_name_;
  const std::string server_;
  const absl::Time started_;
  storage::Store* const store_;
  storage::SourceId source_{};
  std::unique_ptr<RedisStreamDecoder> decoder_;

  std::optional<RedisStreamCursor> cursor_;  // nothing: it was never read
  int64_t final_ms_ = 0;                     // as in RedisStreamRound
  std::vector<storage::FinalRange> final_;   // that end there
  std::optional<storage::Gap> last_gap_;     // since the start
  int64_t unhashed_through_ms_ = 0;          // end of the last such gap
  uint64_t number_ = 0;                      // of the last batch that the store took
  bool continues_ = false;                   // from another source's position
  absl::Time retry_at_ = absl::InfinitePast();
  uint64_t count_;  // entries to ask for

  Counter& entries_;
  Counter& bytes_;
  Counter& lost_;
  Counter& late_;
  Counter& trimmed_gaps_;
  Counter& replaced_gaps_;
  Counter& unhashed_gaps_;
  Counter& errors_;
  Gauge& connected_;
  Gauge& lag_;
  Gauge& unread_;
  Gauge& silence_;

  mutable absl::Mutex mutex_;
  RedisStatus shown_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_REDIS_STREAM_H_
