// A request in hand, for handlers that answer later, or in pieces.
//
//   void Answer(std::shared_ptr<HttpCall> call) {
//     call->OnGone([...] { /* the caller does not wait any more: cancel */ });
//     call->Respond({.body = "whole"});
//   }
// or
//     call->Begin({.content_type = "image/svg+xml"});
//     call->Write("<svg", [call](bool taken) { if (taken) call->Write(" ...", ...); });
//     call->End();
//
// A handler that lets go of the call without an answer gives the caller 500, or a reply that is cut
// off.
//
// Thread safety: all methods. Callbacks come on the I/O thread, or on that of the method, and must
// be quick; none comes while a lock of this is held.
#ifndef FLAMEKEEP_SERVER_HTTP_HTTP_CALL_H_
#define FLAMEKEEP_SERVER_HTTP_HTTP_CALL_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "server/http/http_message.h"
#include "server/worker_pool.h"

namespace flamekeep::server {

// What is to be called once, with whether a piece was taken. Where it is destroyed before, it was
// not.
class PieceTaken {
 public:
  PieceTaken() = default;
  explicit PieceTaken(absl::AnyInvocable<void(bool taken) &&> then) : then_(std::move(then)) {}
  PieceTaken(PieceTaken&& other) noexcept : then_(std::exchange(other.then_, nullptr)) {}
  PieceTaken& operator=(PieceTaken&& other) noexcept {
    std::swap(then_, other.then_);
    return *this;
  }
  ~PieceTaken() { Tell(false); }

  void Tell(bool taken) {
    if (auto then = std::exchange(then_, nullptr); then) std::move(then)(taken);
  }

 private:
  absl::AnyInvocable<void(bool taken) &&> then_;
};

// How an answer gets from the handler to the connection that writes it. Not for handlers.
class HttpReply {
 public:
  struct Event {
    enum class Kind { kWhole, kBegin, kPiece, kEnd };
    Kind kind;
    HttpResponse response;  // kWhole, kBegin
    std::string piece;      // kPiece
    PieceTaken then;        // kPiece
    bool complete = false;  // kEnd
  };

  // `wake` is called, on any thread, when there is an event.
  explicit HttpReply(std::function<void()> wake) : wake_(std::move(wake)) {}

  void Push(Event event);
  // Nothing is left out after the last event (kWhole, kEnd).
  bool ended() const;

  // The connection's side: the next event; nothing where there is none yet.
  std::optional<Event> Take();
  // The caller is gone: pieces are not taken any more.
  void SetGone();

  bool gone() const;
  void OnGone(absl::AnyInvocable<void() &&> tell);

 private:
  const std::function<void()> wake_;
  mutable absl::Mutex mutex_;
  std::deque<Event> events_ ABSL_GUARDED_BY(mutex_);
  bool begun_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool gone_ ABSL_GUARDED_BY(mutex_) = false;
  absl::AnyInvocable<void() &&> on_gone_ ABSL_GUARDED_BY(mutex_);
};

class HttpCall {
 public:
  // `release` is called when the call goes.
  HttpCall(HttpRequest request, std::shared_ptr<HttpReply> reply, std::shared_ptr<WorkerPool> pool,
           std::function<void()> release);
  ~HttpCall();
  HttpCall(const HttpCall&) = delete;
  HttpCall& operator=(const HttpCall&) = delete;

  const HttpRequest& request() const { return request_; }
  // Takes the body out of the request. Not thread safe.
  std::string TakeBody() { return std::move(request_.body); }
  void SetBody(std::string body) { request_.body = std::move(body); }

  bool gone() const { return reply_->gone(); }
  // `tell` is called once when the caller is gone, at once where it is, and destroyed when the
  // answer ends. At most one; it must not keep the call.
  void OnGone(absl::AnyInvocable<void() &&> tell) { reply_->OnGone(std::move(tell)); }

  // The whole answer. At most once, and without the others.
  void Respond(HttpResponse response);

  // The head of an answer in pieces; its body is not sent.
  void Begin(HttpResponse head);
  // One piece at a time: `then(true)` once it is taken, `then(false)` where the caller is gone.
  // REQUIRES: begun, and the piece before was taken.
  void Write(std::string piece, absl::AnyInvocable<void(bool taken) &&> then);
  // Not complete: the connection is cut, so that the caller can tell.
  void End(bool complete = true);

  // Runs a task on a worker thread of the server; drops it where the server has stopped.
  void Run(WorkerPool::Task task);

 private:
  HttpRequest request_;
  const std::shared_ptr<HttpReply> reply_;
  const std::shared_ptr<WorkerPool> pool_;
  const std::function<void()> release_;
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_HTTP_CALL_H_
