#include "server/grpc/ingest_stream.h"

#include <optional>
#include <utility>

#include "base/status.h"
#include "server/grpc/convert.h"
#include "server/grpc/convert_ingest.h"

namespace flamekeep::server {

absl::Status HeldTooMuch() {
  return absl::ResourceExhaustedError(
      "too many batches wait to be decoded: try again later, or raise limits.rpc_memory");
}

void CountIngestError(const absl::Status& status, Metrics* metrics) {
  if (status.ok()) return;
  metrics
      ->GetCounter("ingest_rpc_errors_total", Severity::kError,
                   "ingest calls that ended in an error; what was not acknowledged is the "
                   "client's to send again",
                   {{"code", absl::StatusCodeToString(status.code())}})
      .Add();
}

std::shared_ptr<IngestStream> IngestStream::Start(const IngestParts& parts,
                                                  std::function<void(IngestStream*)> on_done) {
  const std::shared_ptr<IngestStream> stream(new IngestStream(parts, std::move(on_done)));
  stream->Advance();
  return stream;
}

IngestStream::IngestStream(const IngestParts& parts, std::function<void(IngestStream*)> on_done)
    : parts_(parts), on_done_(std::move(on_done)), running_(parts.running) {}

void IngestStream::Drain() {
  {
    absl::MutexLock lock(&mutex_);
    draining_ = true;
  }
  Advance();
}

bool IngestStream::Hold(v1::IngestRequest* request) {
  const uint64_t bytes = request->SpaceUsedLong();
  held_ += bytes;
  if (parts_.held_bytes->fetch_add(bytes) + bytes <= parts_.max_held_bytes) return true;
  v1::IngestRequest().Swap(request);
  Release(bytes);
  return false;
}

void IngestStream::Release(uint64_t bytes) {
  held_ -= bytes;
  *parts_.held_bytes -= bytes;
}

void IngestStream::OnReadDone(bool ok) {
  const bool held = ok && Hold(&incoming_);
  {
    absl::MutexLock lock(&mutex_);
    reading_ = false;
    has_incoming_ = held;
    half_closed_ = !ok;
    if (ok && !held) Fail(HeldTooMuch());
  }
  Advance();
}

void IngestStream::OnWriteDone(bool ok) {
  {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    if (!ok) Fail(absl::CancelledError("the client is gone"));
  }
  Advance();
}

void IngestStream::OnCancel() {
  {
    absl::MutexLock lock(&mutex_);
    cancelled_ = true;
    Fail(absl::CancelledError("the client is gone"));
  }
  Advance();
}

void IngestStream::OnDone() {
  // A callback of the store may keep the stream for longer.
  running_.reset();
  // Takes the service's reference away, which may be the last.
  const std::function<void(IngestStream*)> on_done = on_done_;
  on_done(this);
}

void IngestStream::Fail(absl::Status status) {
  if (end_.ok()) end_ = std::move(status);
}

void IngestStream::Advance() {
  while (true) {
    Step step;
    absl::Status end;
    {
      absl::MutexLock lock(&mutex_);
      step = Next();
      end = end_;
    }
    switch (step) {
      case Step::kNothing:
        return;
      case Step::kRead:
        StartRead(&incoming_);
        break;
      case Step::kWork:
        if (!parts_.pool->TryPost([self = shared_from_this()] { self->Work(); })) {
          absl::MutexLock lock(&mutex_);
          working_ = false;
          Fail(absl::ResourceExhaustedError(
              "the server has too many batches to decode: try again later"));
        }
        break;
      case Step::kWrite:
        StartWrite(&outgoing_);
        break;
      case Step::kFinish:
        session_.reset();
        CountIngestError(end, parts_.metrics);
        Finish(ToGrpc(end));
        return;
    }
  }
}

IngestStream::Step IngestStream::Next() {
  if (finished_) return Step::kNothing;
  if (draining_ && !working_ && !writing_ && !answer_due_ && waiting_ == 0) {
    Fail(RunningCalls::ShuttingDown());
  }
  const bool drained = half_closed_ && !has_incoming_ && waiting_ == 0 && !answer_due_;
  if (!working_ && (!writing_ || cancelled_) && (!end_.ok() || drained)) {
    finished_ = true;
    return Step::kFinish;
  }
  if (!end_.ok()) return Step::kNothing;
  if (answer_due_ && !writing_) {
    answer_due_ = false;
    writing_ = true;
    outgoing_ = state_;
    return Step::kWrite;
  }
  if (has_incoming_ && !working_ && !draining_) {
    has_incoming_ = false;
    working_ = true;
    work_.Swap(&incoming_);
    return Step::kWork;
  }
  if (!reading_ && !has_incoming_ && !half_closed_) {
    reading_ = true;
    return Step::kRead;
  }
  return Step::kNothing;
}

void IngestStream::Work() {
  const uint64_t bytes = work_.SpaceUsedLong();
  absl::Status status = Handle();
  // A stream that waits keeps nothing beside the budget.
  v1::IngestRequest().Swap(&work_);
  Release(bytes);
  {
    absl::MutexLock lock(&mutex_);
    working_ = false;
    if (!status.ok()) Fail(std::move(status));
  }
  Advance();
}

absl::Status IngestStream::Handle() {
  switch (work_.request_case()) {
    case v1::IngestRequest::kOpen:
      return HandleOpen(work_.open());
    case v1::IngestRequest::kBatch:
      return HandleBatch(work_.batch());
    case v1::IngestRequest::REQUEST_NOT_SET:
      break;
  }
  return InvalidArgument("a request holds neither `open` nor `batch`: set one of them");
}

absl::Status IngestStream::HandleOpen(const v1::OpenSource& open) {
  if (session_ != nullptr) {
    return InvalidArgument("this stream has a source open: use a stream for each source");
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const ingest::PushIdentity identity, FromProto(open));
  FLAMEKEEP_ASSIGN_OR_RETURN(session_, parts_.hub->Open(identity));
  const storage::Position durable = session_->durable();
  absl::MutexLock lock(&mutex_);
  state_.set_durable_number(durable.number);
  state_.set_cursor(durable.cursor);
  state_.mutable_counts();
  answer_due_ = true;
  return absl::OkStatus();
}

absl::Status IngestStream::HandleBatch(const v1::IngestBatch& batch) {
  if (session_ == nullptr) {
    return InvalidArgument("a batch came before `open`: the first request must be `open`");
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const ingest::PushBatch push, FromProto(batch));
  FLAMEKEEP_ASSIGN_OR_RETURN(const ingest::Appended appended, session_->Append(push));
  {
    absl::MutexLock lock(&mutex_);
    *state_.mutable_counts() = ToProto(appended.counts, parts_.hub->bounds());
    if (!appended.ticket.has_value()) return absl::OkStatus();
    ++waiting_;
  }
  parts_.store->OnDurable(
      *appended.ticket, [self = shared_from_this(), number = push.number, cursor = batch.cursor()] {
        self->Durable(number, cursor);
      });
  return absl::OkStatus();
}

void IngestStream::Durable(uint64_t number, const std::string& cursor) {
  {
    absl::MutexLock lock(&mutex_);
    --waiting_;
    if (number > state_.durable_number()) {
      state_.set_durable_number(number);
      state_.set_cursor(cursor);
    }
    answer_due_ = true;
  }
  Advance();
}

}  // namespace flamekeep::server
