// The server's side of a stream that one worker thread writes, waiting for the reader as it goes.
//
//   auto* writer = new BlockingWriter<RenderResponse>(context, running, stall);  // deletes itself
//   ... on a worker: status = writer->Write(std::move(chunk), deadline);  // of SteadyNow()
//                    writer->Close(status, deadline);
//
// At most one message is on its way while the next one is made. Threading: Write() and Close() from
// one worker thread, Close() last and exactly once.
#ifndef FLAMEKEEP_SERVER_GRPC_BLOCKING_WRITER_H_
#define FLAMEKEEP_SERVER_GRPC_BLOCKING_WRITER_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <algorithm>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/status.h"
#include "base/steady_clock.h"
#include "server/grpc/convert.h"
#include "server/grpc/running_calls.h"

namespace flamekeep::server {

template <typename Response>
class BlockingWriter final : public grpc::ServerWriteReactor<Response> {
 public:
  // A reader that takes nothing for `stall` ends the stream.
  BlockingWriter(grpc::CallbackServerContext* context, RunningCalls* running, absl::Duration stall)
      : context_(context), running_(running), stall_(stall) {}

  // Not OK: close it with that.
  absl::Status refusal() const { return running_.refusal(); }

  // Waits until the message before it has been taken. Errors: CANCELLED, DEADLINE_EXCEEDED.
  absl::Status Write(Response response, absl::Time deadline) {
    FLAMEKEEP_RETURN_IF_ERROR(WaitForReader(deadline));
    response_ = std::move(response);
    {
      absl::MutexLock lock(&mutex_);
      writing_ = true;
    }
    // Outside the lock: gRPC may call OnWriteDone() from here.
    this->StartWrite(&response_);
    return absl::OkStatus();
  }

  void Close(absl::Status status, absl::Time deadline) {
    // The reason for an error is worth a moment: it would be lost with the message under way.
    const absl::Status taken =
        WaitForReader(status.ok() ? deadline : std::min(deadline, SteadyNow() + kLastPatience));
    if (status.ok()) status = taken;
    bool stuck = false;
    {
      absl::MutexLock lock(&mutex_);
      stuck = writing_;
    }
    // The status would wait behind the message that nobody takes.
    if (stuck) context_->TryCancel();
    this->Finish(ToGrpc(status));  // may delete this
  }

 private:
  void OnWriteDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    broken_ = broken_ || !ok;
  }

  void OnCancel() override {
    absl::MutexLock lock(&mutex_);
    broken_ = true;
  }

  void OnDone() override { delete this; }

  absl::Status WaitForReader(absl::Time deadline) {
    absl::MutexLock lock(&mutex_);
    const auto ready = [this]()
                           ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !writing_ || broken_; };
    const absl::Duration patience = std::min(deadline - SteadyNow(), stall_);
    const bool taken = mutex_.AwaitWithTimeout(absl::Condition(&ready), patience);
    if (broken_) return absl::CancelledError("the caller is gone");
    if (taken) return absl::OkStatus();
    return absl::DeadlineExceededError(
        "the reader of this stream was too slow: read faster, or ask for less");
  }

  static constexpr absl::Duration kLastPatience = absl::Seconds(1);

  grpc::CallbackServerContext* const context_;
  const RunningCalls::Call running_;
  const absl::Duration stall_;
  Response response_;  // of the write under way
  absl::Mutex mutex_;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_BLOCKING_WRITER_H_
