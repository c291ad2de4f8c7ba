#include "server/http/local_calls.h"

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "server/grpc/caller.h"

namespace flamekeep::server {

namespace {

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

std::string ToBytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Valid() || !buffer.Dump(&slices).ok()) return bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

// Both enumerations are the canonical codes.
absl::Status ToAbsl(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

void SetTarget(const LocalCalls::Target& target, grpc::ClientContext* context) {
  SetCaller(target.caller, context);
  if (target.timeout != absl::InfiniteDuration()) {
    context->set_deadline(absl::ToChronoTime(absl::Now() + target.timeout));
  }
}

struct UnaryState {
  explicit UnaryState(std::shared_ptr<grpc::Channel> channel) : stub(std::move(channel)) {}
  grpc::GenericStub stub;
  grpc::ClientContext context;
  grpc::ByteBuffer request;
  grpc::ByteBuffer reply;
  LocalCalls::Done done;
};

// Keeps itself until gRPC has let go of it. What is read next is asked for from outside gRPC's
// callbacks, so a hold keeps the call open until there is nothing more to read.
class LocalStreamCall final : public LocalStream,
                              public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  LocalStreamCall(std::shared_ptr<grpc::Channel> channel, LocalCalls::Message on_message,
                  LocalCalls::End on_end)
      : stub_(std::move(channel)), on_message_(std::move(on_message)), on_end_(std::move(on_end)) {}

  void Start(const LocalCalls::Target& target, const std::string& request,
             std::shared_ptr<LocalStreamCall> self) {
    self_ = std::move(self);
    SetTarget(target, &context_);
    request_ = ToBuffer(request);
    stub_.PrepareBidiStreamingCall(&context_, target.method, {}, this);
    AddHold();
    StartWriteLast(&request_, {});
    StartCall();
  }

  void Next() override {
    {
      absl::MutexLock lock(&mutex_);
      if (reading_ || released_) return;
      reading_ = true;
    }
    StartRead(&message_);
  }

  void Cancel() override {
    bool release = false;
    {
      absl::MutexLock lock(&mutex_);
      if (released_) return;
      cancelled_ = true;
      release = !reading_;
      released_ = release;
    }
    context_.TryCancel();
    if (release) RemoveHold();
  }

 private:
  void OnReadDone(bool ok) override {
    bool release = false;
    {
      absl::MutexLock lock(&mutex_);
      reading_ = false;
      release = !released_ && (!ok || cancelled_);
      released_ = released_ || release;
    }
    if (release) return RemoveHold();
    if (ok) on_message_(ToBytes(message_));
  }

  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<LocalStreamCall> last = std::move(self_);
    std::move(on_end_)(ToAbsl(status));
    // What they hold may hold this.
    on_message_ = nullptr;
    on_end_ = nullptr;
  }

  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer message_;
  LocalCalls::Message on_message_;
  LocalCalls::End on_end_;
  std::shared_ptr<LocalStreamCall> self_;  // until OnDone
  absl::Mutex mutex_;
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool released_ ABSL_GUARDED_BY(mutex_) = false;  // nothing more is read
};

}  // namespace

absl::Status LocalCalls::NoServices() {
  return absl::UnavailableError(
      "the server is starting or shutting down: try again when /readyz says ready");
}

void LocalCalls::SetChannel(std::shared_ptr<grpc::Channel> channel) {
  absl::MutexLock lock(&mutex_);
  channel_.swap(channel);
}

std::shared_ptr<grpc::Channel> LocalCalls::channel() const {
  absl::MutexLock lock(&mutex_);
  return channel_;
}

void LocalCalls::Unary(const Target& target, const std::string& request, HttpCall* call,
                       Done done) {
  std::shared_ptr<grpc::Channel> to = channel();
  if (to == nullptr) return std::move(done)(NoServices(), "");
  const auto state = std::make_shared<UnaryState>(std::move(to));
  SetTarget(target, &state->context);
  state->request = ToBuffer(request);
  state->done = std::move(done);
  call->OnGone([weak = std::weak_ptr<UnaryState>(state)] {
    if (const auto running = weak.lock()) running->context.TryCancel();
  });
  state->stub.UnaryCall(&state->context, target.method, {}, &state->request, &state->reply,
                        [state](const grpc::Status& status) {
                          std::move(state->done)(ToAbsl(status), ToBytes(state->reply));
                          state->done = nullptr;
                        });
}

std::shared_ptr<LocalStream> LocalCalls::Stream(const Target& target, const std::string& request,
                                                HttpCall* call, Message on_message, End on_end) {
  std::shared_ptr<grpc::Channel> to = channel();
  if (to == nullptr) return nullptr;
  const auto stream =
      std::make_shared<LocalStreamCall>(std::move(to), std::move(on_message), std::move(on_end));
  stream->Start(target, request, stream);
  call->OnGone([weak = std::weak_ptr<LocalStream>(stream)] {
    if (const auto running = weak.lock()) running->Cancel();
  });
  return stream;
}

}  // namespace flamekeep::server
