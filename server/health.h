// Whether the server can do its work, for /readyz and gRPC's health service.
//
// Thread safety: all methods.
#ifndef FLAMEKEEP_SERVER_HEALTH_H_
#define FLAMEKEEP_SERVER_HEALTH_H_

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "base/status.h"

namespace flamekeep::server {

enum class Phase { kOpening, kServing, kDraining };

class Health {
 public:
  void SetPhase(Phase phase) {
    absl::MutexLock lock(&mutex_);
    phase_ = phase;
  }

  // What the store's committer says; not OK while it can not write.
  void SetWriteStatus(absl::Status status) {
    absl::MutexLock lock(&mutex_);
    write_status_ = std::move(status);
  }

  // OK while samples are taken in. Errors: UNAVAILABLE says why not.
  absl::Status Ready() const {
    absl::MutexLock lock(&mutex_);
    switch (phase_) {
      case Phase::kOpening:
        return absl::UnavailableError("the store is being opened");
      case Phase::kDraining:
        return absl::UnavailableError("the server is shutting down");
      case Phase::kServing:
        break;
    }
    if (write_status_.ok()) return absl::OkStatus();
    return Error(absl::StatusCode::kUnavailable, "the store can not write: {}",
                 Message(write_status_));
  }

 private:
  mutable absl::Mutex mutex_;
  Phase phase_ ABSL_GUARDED_BY(mutex_) = Phase::kOpening;
  absl::Status write_status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HEALTH_H_
