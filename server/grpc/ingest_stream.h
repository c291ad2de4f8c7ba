// One call of IngestService.Ingest: reads batches, has them decoded on the worker pool, and
// acknowledges what has become durable.
//
//   gRPC thread: OnReadDone -> pool: Work() -> PushSession::Append -> committer thread: Durable()
//                           -> StartRead                           -> StartWrite(acknowledgement)
//
// Backpressure: one batch is read ahead while one is worked on; the rest waits in the client, held
// back by HTTP/2 flow control. So many streams that even this is too much memory are refused.
//
// Threading: every callback takes its decision under the mutex (Next()) and acts on it outside of
// it (Do()), because gRPC may call back from within an operation. The session belongs to whoever
// has set working_.
//
// Ownership: shared by the service (until gRPC's OnDone), the worker pool and the store's
// callbacks. The session is closed before the client can learn that the call is over, so that it
// may open the source again at once.
#ifndef FLAMEKEEP_SERVER_GRPC_INGEST_STREAM_H_
#define FLAMEKEEP_SERVER_GRPC_INGEST_STREAM_H_

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "base/metrics.h"
#include "flamekeep/v1/ingest.pb.h"
#include "ingest/push.h"
#include "server/grpc/running_calls.h"
#include "server/worker_pool.h"
#include "storage/store.h"

namespace flamekeep::server {

// What all calls share; outlives them.
struct IngestParts {
  storage::Store* store;
  ingest::PushHub* hub;
  RunningCalls* running;
  WorkerPool* pool;
  Metrics* metrics;
  // Of the messages of all calls that wait for decoding, as they lie in memory: one with a million
  // labels takes many times what it had on the wire. Shared, as a stream may outlive the rest in a
  // callback of the store.
  std::shared_ptr<std::atomic<uint64_t>> held_bytes;
  uint64_t max_held_bytes;  // beyond it a call is refused
};

// What a caller reads whose message finds the budget used up.
absl::Status HeldTooMuch();

// Counts a call that ended in an error.
void CountIngestError(const absl::Status& status, Metrics* metrics);

class IngestStream final : public grpc::ServerBidiReactor<v1::IngestRequest, v1::IngestResponse>,
                           public std::enable_shared_from_this<IngestStream> {
 public:
  // The caller keeps the stream until `on_done`, which is called once, when gRPC has let go of it.
  static std::shared_ptr<IngestStream> Start(const IngestParts& parts,
                                             std::function<void(IngestStream*)> on_done);

  ~IngestStream() override { Release(held_); }

  // Takes in no more batches; ends the call with UNAVAILABLE once all that were taken in are
  // acknowledged.
  void Drain();

 private:
  enum class Step { kNothing, kRead, kWork, kWrite, kFinish };

  IngestStream(const IngestParts& parts, std::function<void(IngestStream*)> on_done);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  // On a worker: handles work_ and lets go of it.
  void Work();
  absl::Status Handle();
  absl::Status HandleOpen(const v1::OpenSource& open);
  absl::Status HandleBatch(const v1::IngestBatch& batch);
  void Durable(uint64_t number, const std::string& cursor);
  void Fail(absl::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Takes the bytes of a message from the common budget; where it is used up, false, and the
  // message is dropped.
  bool Hold(v1::IngestRequest* request);
  void Release(uint64_t bytes);

  // Does what is to be done until there is nothing. Never with the lock.
  void Advance() ABSL_LOCKS_EXCLUDED(mutex_);
  Step Next() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const IngestParts parts_;
  const std::function<void(IngestStream*)> on_done_;
  std::optional<RunningCalls::Call> running_;  // until OnDone

  v1::IngestRequest incoming_;                    // gRPC's while reading_
  v1::IngestRequest work_;                        // the worker's while working_
  v1::IngestResponse outgoing_;                   // gRPC's while writing_
  std::unique_ptr<ingest::PushSession> session_;  // the worker's while working_

  std::atomic<uint64_t> held_ = 0;  // this stream's part of held_bytes

  absl::Mutex mutex_;
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_incoming_ ABSL_GUARDED_BY(mutex_) = false;  // incoming_ waits for its turn
  bool half_closed_ ABSL_GUARDED_BY(mutex_) = false;   // the client sends nothing more
  bool working_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status end_ ABSL_GUARDED_BY(mutex_);          // not OK: the call is to end with it
  uint64_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;      // batches that are not durable yet
  bool answer_due_ ABSL_GUARDED_BY(mutex_) = false;   // something to tell the client
  v1::IngestResponse state_ ABSL_GUARDED_BY(mutex_);  // what there is to tell
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_INGEST_STREAM_H_
