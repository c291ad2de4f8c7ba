// Calls of the gRPC services of this process, by the bytes of their messages: how everything that
// HTTP offers gets its answers. So there is one implementation of a method, and one queue, deadline
// and limit for both front ends; no socket is in between.
//
//   calls->Unary({.method = "/flamekeep.v1.QueryService/Top", .caller = host}, bytes, call.get(),
//                [call](const absl::Status& status, std::string reply) { ... });
//
// Thread safety: all methods. Callbacks come on gRPC's threads, or on that of the method, and must
// be quick.
#ifndef FLAMEKEEP_SERVER_HTTP_LOCAL_CALLS_H_
#define FLAMEKEEP_SERVER_HTTP_LOCAL_CALLS_H_

#include <grpcpp/channel.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/http/http_call.h"

namespace flamekeep::server {

// A method that streams its answer, while it is called. It ends by itself.
class LocalStream {
 public:
  virtual ~LocalStream() = default;
  // Asks for the next message. One at a time.
  virtual void Next() = 0;
  virtual void Cancel() = 0;
};

class LocalCalls {
 public:
  struct Target {
    std::string method;  // "/flamekeep.v1.QueryService/Top"
    std::string caller;  // HttpRequest::client
    absl::Duration timeout = absl::InfiniteDuration();
  };
  using Done = absl::AnyInvocable<void(const absl::Status& status, std::string reply) &&>;
  using Message = absl::AnyInvocable<void(std::string message)>;
  using End = absl::AnyInvocable<void(const absl::Status& status) &&>;

  // From now on these services are called; null: UNAVAILABLE is what all calls get.
  void SetChannel(std::shared_ptr<grpc::Channel> channel);

  // `call` is whose sake it is for: where its caller is gone, this is cancelled. Not kept.
  void Unary(const Target& target, const std::string& request, HttpCall* call, Done done);

  // `on_message` after each Next(), then `on_end` once, with nothing after it. Null where there are
  // no services: then nothing is called, and the caller tells NoServices().
  std::shared_ptr<LocalStream> Stream(const Target& target, const std::string& request,
                                      HttpCall* call, Message on_message, End on_end);

  static absl::Status NoServices();

 private:
  std::shared_ptr<grpc::Channel> channel() const;

  mutable absl::Mutex mutex_;
  std::shared_ptr<grpc::Channel> channel_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_LOCAL_CALLS_H_
