#include "server/http/http_call.h"

#include <utility>

#include "absl/status/status.h"
#include "server/http/http_errors.h"

namespace flamekeep::server {

void HttpReply::Push(Event event) {
  using Kind = Event::Kind;
  absl::AnyInvocable<void() &&> not_needed;
  {
    absl::MutexLock lock(&mutex_);
    if (ended_ || (gone_ && event.kind == Kind::kPiece)) return;
    // Who has begun can only be cut off.
    if (event.kind == Kind::kWhole && begun_) event = {.kind = Kind::kEnd};
    begun_ = true;
    ended_ = event.kind == Kind::kWhole || event.kind == Kind::kEnd;
    if (ended_) not_needed = std::exchange(on_gone_, nullptr);
    events_.push_back(std::move(event));
  }
  wake_();
}

bool HttpReply::ended() const {
  absl::MutexLock lock(&mutex_);
  return ended_;
}

std::optional<HttpReply::Event> HttpReply::Take() {
  absl::MutexLock lock(&mutex_);
  if (events_.empty()) return std::nullopt;
  std::optional<Event> event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void HttpReply::SetGone() {
  absl::AnyInvocable<void() &&> tell;
  std::deque<Event> dropped;  // goes after the lock
  {
    absl::MutexLock lock(&mutex_);
    if (gone_) return;
    gone_ = true;
    tell = std::exchange(on_gone_, nullptr);
    dropped.swap(events_);
    // An answer that is whole may still be written: a caller that only closed its side reads it.
    if (!dropped.empty() && dropped.back().kind == Event::Kind::kWhole) {
      events_.push_back(std::move(dropped.back()));
      dropped.pop_back();
    }
  }
  dropped.clear();
  if (tell) std::move(tell)();
  wake_();
}

bool HttpReply::gone() const {
  absl::MutexLock lock(&mutex_);
  return gone_;
}

void HttpReply::OnGone(absl::AnyInvocable<void() &&> tell) {
  {
    absl::MutexLock lock(&mutex_);
    if (!gone_) {
      if (!ended_) on_gone_ = std::move(tell);
      return;
    }
  }
  std::move(tell)();
}

HttpCall::HttpCall(HttpRequest request, std::shared_ptr<HttpReply> reply,
                   std::shared_ptr<WorkerPool> pool, std::function<void()> release)
    : request_(std::move(request)),
      reply_(std::move(reply)),
      pool_(std::move(pool)),
      release_(std::move(release)) {}

HttpCall::~HttpCall() {
  if (!reply_->ended()) {
    Respond(ErrorResponse(absl::InternalError("this request found no answer: try again"),
                          HttpErrors::kText));
  }
  release_();
}

void HttpCall::Respond(HttpResponse response) {
  reply_->Push({.kind = HttpReply::Event::Kind::kWhole, .response = std::move(response)});
}

void HttpCall::Begin(HttpResponse head) {
  reply_->Push({.kind = HttpReply::Event::Kind::kBegin, .response = std::move(head)});
}

void HttpCall::Write(std::string piece, absl::AnyInvocable<void(bool taken) &&> then) {
  reply_->Push({.kind = HttpReply::Event::Kind::kPiece,
                .piece = std::move(piece),
                .then = PieceTaken(std::move(then))});
}

void HttpCall::End(bool complete) {
  reply_->Push({.kind = HttpReply::Event::Kind::kEnd, .complete = complete});
}

void HttpCall::Run(WorkerPool::Task task) { static_cast<void>(pool_->TryPost(std::move(task))); }

}  // namespace flamekeep::server
