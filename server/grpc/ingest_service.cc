#include "server/grpc/ingest_service.h"

#include <atomic>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "server/grpc/convert.h"
#include "server/grpc/convert_ingest.h"

namespace flamekeep::server {

namespace {

// A stream has at most one task in the queue, so this bounds the number of busy streams.
constexpr size_t kMaxQueuedBatches = 4096;

// A call of IngestBatch. Shared by gRPC (until OnDone), the worker and the store's callback.
class UnaryIngest final : public grpc::ServerUnaryReactor,
                          public std::enable_shared_from_this<UnaryIngest> {
 public:
  static grpc::ServerUnaryReactor* Start(const IngestParts& parts,
                                         const v1::IngestBatchRequest* request,
                                         v1::IngestResponse* response) {
    const std::shared_ptr<UnaryIngest> call(new UnaryIngest(parts, request, response));
    call->self_ = call;
    if (const absl::Status refusal = call->running_->refusal(); !refusal.ok()) {
      call->End(refusal);
    } else if (*parts.held_bytes > parts.max_held_bytes) {
      call->End(HeldTooMuch());
    } else if (!parts.pool->TryPost([call] { call->Work(); })) {
      call->End(absl::ResourceExhaustedError(
          "the server has too many batches to decode: try again later"));
    }
    return call.get();
  }

 private:
  UnaryIngest(const IngestParts& parts, const v1::IngestBatchRequest* request,
              v1::IngestResponse* response)
      : parts_(parts),
        running_(parts.running),
        request_(request),
        response_(response),
        held_(request->SpaceUsedLong()) {
    *parts_.held_bytes += held_;
  }

  void OnCancel() override {
    {
      absl::MutexLock lock(&mutex_);
      cancelled_ = true;
      if (working_) return;  // the request is in use: Work() ends the call
    }
    End(absl::CancelledError("the client is gone"));
  }

  // Only here does gRPC let go of the request.
  void OnDone() override {
    *parts_.held_bytes -= held_;
    running_.reset();
    self_.reset();
  }

  void Work() {
    {
      absl::MutexLock lock(&mutex_);
      if (ended_) return;
      working_ = true;
    }
    const absl::StatusOr<ingest::Appended> appended = Append();
    bool cancelled = false;
    {
      absl::MutexLock lock(&mutex_);
      working_ = false;
      cancelled = cancelled_;
    }
    if (!appended.ok()) return End(appended.status());
    if (cancelled) return End(absl::CancelledError("the client is gone"));
    parts_.store->OnDurable(
        *appended->ticket, [self = shared_from_this(), counts = appended->counts,
                            duplicate = appended->duplicate] { self->Durable(counts, duplicate); });
  }

  absl::StatusOr<ingest::Appended> Append() {
    FLAMEKEEP_ASSIGN_OR_RETURN(const ingest::PushIdentity identity, FromProto(request_->open()));
    FLAMEKEEP_ASSIGN_OR_RETURN(const ingest::PushBatch batch, FromProto(request_->batch()));
    if (!request_->batch_id().empty()) {
      return parts_.hub->AppendNamed(identity, request_->batch_id(), batch);
    }
    if (batch.replace.has_value() && !batch.replace->last) {
      return InvalidArgument(
          "a replacement of several batches needs a stream: use Ingest, or set `replace.last`");
    }
    // Closed before the answer, so that the next call can open the source.
    FLAMEKEEP_ASSIGN_OR_RETURN(const std::unique_ptr<ingest::PushSession> session,
                               parts_.hub->Open(identity));
    durable_before_ = session->durable();
    return session->Append(batch);
  }

  void Durable(const ingest::LineCounts& counts, bool duplicate) {
    {
      absl::MutexLock lock(&mutex_);
      if (ended_) return;
      const v1::IngestBatch& batch = request_->batch();
      const bool newer = batch.number() > durable_before_.number;
      response_->set_durable_number(newer ? batch.number() : durable_before_.number);
      response_->set_cursor(newer ? batch.cursor() : durable_before_.cursor);
      *response_->mutable_counts() = ToProto(counts, parts_.hub->bounds());
      response_->set_duplicate(duplicate && !request_->batch_id().empty());
    }
    End(absl::OkStatus());
  }

  // The first one counts: after it, request and response are gone.
  void End(const absl::Status& status) {
    {
      absl::MutexLock lock(&mutex_);
      if (ended_) return;
      ended_ = true;
    }
    CountIngestError(status, parts_.metrics);
    Finish(ToGrpc(status));
  }

  const IngestParts parts_;
  std::optional<RunningCalls::Call> running_;  // until OnDone
  const v1::IngestBatchRequest* const request_;
  v1::IngestResponse* const response_;
  const uint64_t held_;                // this call's part of held_bytes
  std::shared_ptr<UnaryIngest> self_;  // until OnDone
  storage::Position durable_before_;   // written by Work() only
  absl::Mutex mutex_;
  bool working_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

IngestService::IngestService(storage::Store* store, ingest::PushHub* hub, RunningCalls* running,
                             Metrics* metrics, size_t decode_threads, uint64_t max_held_bytes)
    : pool_("decode", decode_threads, kMaxQueuedBatches),
      parts_{.store = store,
             .hub = hub,
             .running = running,
             .pool = &pool_,
             .metrics = metrics,
             .held_bytes = std::make_shared<std::atomic<uint64_t>>(0),
             .max_held_bytes = max_held_bytes},
      open_streams_(metrics->GetGauge("ingest_streams", "ingest streams that are open")) {}

grpc::ServerBidiReactor<v1::IngestRequest, v1::IngestResponse>* IngestService::Ingest(
    grpc::CallbackServerContext*) {
  const std::shared_ptr<IngestStream> stream =
      IngestStream::Start(parts_, [this](IngestStream* done) { Forget(done); });
  bool drain = false;
  {
    absl::MutexLock lock(&mutex_);
    streams_.emplace(stream.get(), stream);
    open_streams_.Set(static_cast<double>(streams_.size()));
    drain = draining_;
  }
  if (drain) stream->Drain();
  return stream.get();
}

grpc::ServerUnaryReactor* IngestService::IngestBatch(grpc::CallbackServerContext*,
                                                     const v1::IngestBatchRequest* request,
                                                     v1::IngestResponse* response) {
  return UnaryIngest::Start(parts_, request, response);
}

void IngestService::Drain() {
  std::vector<std::shared_ptr<IngestStream>> streams;
  {
    absl::MutexLock lock(&mutex_);
    draining_ = true;
    for (const auto& [key, stream] : streams_) streams.push_back(stream);
  }
  for (const std::shared_ptr<IngestStream>& stream : streams) stream->Drain();
}

void IngestService::Forget(IngestStream* stream) {
  std::shared_ptr<IngestStream> last;  // goes after the lock
  absl::MutexLock lock(&mutex_);
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return;
  last = std::move(found->second);
  streams_.erase(found);
  open_streams_.Set(static_cast<double>(streams_.size()));
}

}  // namespace flamekeep::server
