// IngestService of flamekeep.v1 in front of a PushHub.
//
// Decoding runs on a worker pool, acknowledgements come from the store's committer; gRPC's threads
// only pass messages on. See ingest_stream.h for the stream.
//
// Thread safety: all methods. Order of the end: RunningCalls::Close(), Drain(), shut the gRPC
// server down, destroy this, destroy the store.
#ifndef FLAMEKEEP_SERVER_GRPC_INGEST_SERVICE_H_
#define FLAMEKEEP_SERVER_GRPC_INGEST_SERVICE_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "base/metrics.h"
#include "flamekeep/v1/ingest.grpc.pb.h"
#include "ingest/push.h"
#include "server/grpc/ingest_stream.h"
#include "server/worker_pool.h"
#include "storage/store.h"

namespace flamekeep::server {

class IngestService final : public v1::IngestService::CallbackService {
 public:
  // No pointer is owned.
  // `max_held_bytes`: of the batches that wait for decoding.
  IngestService(storage::Store* store, ingest::PushHub* hub, RunningCalls* running,
                Metrics* metrics, size_t decode_threads, uint64_t max_held_bytes);

  grpc::ServerBidiReactor<v1::IngestRequest, v1::IngestResponse>* Ingest(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* IngestBatch(grpc::CallbackServerContext* context,
                                        const v1::IngestBatchRequest* request,
                                        v1::IngestResponse* response) override;

  // For the services of other systems' clients, which share it.
  const IngestParts& parts() const { return parts_; }

  // Streams take in nothing more and end with UNAVAILABLE once what they sent is acknowledged.
  void Drain();

 private:
  void Forget(IngestStream* stream);

  WorkerPool pool_;
  const IngestParts parts_;
  Gauge& open_streams_;
  absl::Mutex mutex_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_map<IngestStream*, std::shared_ptr<IngestStream>> streams_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_INGEST_SERVICE_H_
