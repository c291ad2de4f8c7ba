#include "server/grpc/foreign_service.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "base/gzip.h"
#include "base/status.h"
#include "server/grpc/convert.h"

namespace flamekeep::server {

namespace {

// What a message may unpack to: OpenTelemetry's own limit.
constexpr size_t kMaxUnpackedMessage = size_t{64} << 20;

// How one of the services takes a request in, and what it answers.
struct ForeignMethod {
  absl::StatusOr<ingest::ForeignResult> (*push)(ingest::PushHub* hub,
                                                const ingest::ForeignOptions& options,
                                                std::string_view request);
  absl::StatusOr<std::string> (*reply)(const ingest::ForeignResult& result,
                                       const ingest::PushBounds& bounds);
};

// A call of one of them. Shared by gRPC (until OnDone), the worker and the store's callback.
class ForeignCall final : public grpc::ServerUnaryReactor,
                          public std::enable_shared_from_this<ForeignCall> {
 public:
  static grpc::ServerUnaryReactor* Start(const IngestParts& parts,
                                         const ingest::ForeignOptions& options,
                                         const ForeignMethod& method,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) {
    const std::shared_ptr<ForeignCall> call(
        new ForeignCall(parts, options, method, request, response));
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
  ForeignCall(const IngestParts& parts, const ingest::ForeignOptions& options,
              const ForeignMethod& method, const grpc::ByteBuffer* request,
              grpc::ByteBuffer* response)
      : parts_(parts),
        options_(options),
        method_(method),
        running_(parts.running),
        request_(request),
        response_(response),
        held_(request->Length()) {
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
    absl::StatusOr<ingest::ForeignResult> result = Push();
    bool cancelled = false;
    {
      absl::MutexLock lock(&mutex_);
      working_ = false;
      cancelled = cancelled_;
    }
    if (!result.ok()) return End(result.status());
    if (cancelled) return End(absl::CancelledError("the client is gone"));
    if (!result->ticket) return Durable(*result);
    parts_.store->OnDurable(
        *result->ticket, [self = shared_from_this(), result = *result] { self->Durable(result); });
  }

  absl::StatusOr<ingest::ForeignResult> Push() {
    grpc::Slice slice;
    if (!request_->DumpToSingleSlice(&slice).ok()) {
      return InvalidArgument("the message can not be read: send it again");
    }
    std::string_view bytes(reinterpret_cast<const char*>(slice.begin()), slice.size());
    std::string unpacked;
    if (LooksLikeGzip(bytes)) {
      absl::StatusOr<std::string> plain = Gunzip(bytes, kMaxUnpackedMessage);
      if (!plain.ok()) {
        return InvalidArgument("the message can not be read: {}", Message(plain.status()));
      }
      unpacked = *std::move(plain);
      bytes = unpacked;
    }
    return method_.push(parts_.hub, options_, bytes);
  }

  void Durable(const ingest::ForeignResult& result) {
    absl::StatusOr<std::string> reply = method_.reply(result, parts_.hub->bounds());
    {
      absl::MutexLock lock(&mutex_);
      if (ended_) return;
      if (reply.ok()) {
        const grpc::Slice slice(*reply);
        *response_ = grpc::ByteBuffer(&slice, 1);
      }
    }
    End(reply.status());
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

  const IngestParts& parts_;
  const ingest::ForeignOptions& options_;
  const ForeignMethod& method_;
  std::optional<RunningCalls::Call> running_;  // until OnDone
  const grpc::ByteBuffer* const request_;
  grpc::ByteBuffer* const response_;
  const uint64_t held_;                // this call's part of held_bytes
  std::shared_ptr<ForeignCall> self_;  // until OnDone
  absl::Mutex mutex_;
  bool working_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

constexpr ForeignMethod kPyroscopePush = {
    ingest::PushPyroscope,
    [](const ingest::ForeignResult& result,
       const ingest::PushBounds& bounds) -> absl::StatusOr<std::string> {
      FLAMEKEEP_RETURN_IF_ERROR(PyroscopeReply(result, bounds));
      return "";
    }};

constexpr ForeignMethod kOtlpExport = {
    ingest::PushOtlp,
    [](const ingest::ForeignResult& result, const ingest::PushBounds& bounds)
        -> absl::StatusOr<std::string> { return OtlpReply(result, bounds).SerializeAsString(); }};

}  // namespace

grpc::ServerUnaryReactor* PyroscopePushService::Push(grpc::CallbackServerContext*,
                                                     const grpc::ByteBuffer* request,
                                                     grpc::ByteBuffer* response) {
  return ForeignCall::Start(parts_, options_, kPyroscopePush, request, response);
}

grpc::ServerUnaryReactor* OtlpProfilesService::Export(grpc::CallbackServerContext*,
                                                      const grpc::ByteBuffer* request,
                                                      grpc::ByteBuffer* response) {
  return ForeignCall::Start(parts_, options_, kOtlpExport, request, response);
}

}  // namespace flamekeep::server
