// The calls of our services that are in hand. A shutdown waits for them and for nothing else: not
// for connections without calls, whose clients may not read what is said to them.
//
// Thread safety: all methods. Outlives its calls.
#ifndef FLAMEKEEP_SERVER_GRPC_RUNNING_CALLS_H_
#define FLAMEKEEP_SERVER_GRPC_RUNNING_CALLS_H_

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/steady_clock.h"

namespace flamekeep::server {

class RunningCalls {
 public:
  // Counts from its making until it is destroyed: when gRPC has let go of the call (OnDone).
  class Call {
   public:
    explicit Call(RunningCalls* calls) : calls_(*calls) {
      absl::MutexLock lock(&calls_.mutex_);
      ++calls_.count_;
    }
    ~Call() {
      absl::MutexLock lock(&calls_.mutex_);
      --calls_.count_;
    }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    // What the call is to end with at once: UNAVAILABLE where the server is shutting down.
    absl::Status refusal() const {
      absl::MutexLock lock(&calls_.mutex_);
      return calls_.closed_ ? ShuttingDown() : absl::OkStatus();
    }

   private:
    RunningCalls& calls_;
  };

  static absl::Status ShuttingDown() {
    return absl::UnavailableError("the server is shutting down: connect again");
  }

  // From now on calls are refused.
  void Close() {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }

  // Waits until no call is in hand; false at the deadline (of SteadyNow()).
  bool WaitUntilNone(absl::Time deadline) {
    absl::MutexLock lock(&mutex_);
    const auto none = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return count_ == 0; };
    return mutex_.AwaitWithTimeout(absl::Condition(&none), deadline - SteadyNow());
  }

 private:
  absl::Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t count_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_RUNNING_CALLS_H_
