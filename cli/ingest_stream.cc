#include "cli/ingest_stream.h"

#include <chrono>
#include <utility>

#include "absl/time/clock.h"

namespace flamekeep::cli {

IngestStream::IngestStream(v1::IngestService::Stub* stub, const v1::OpenSource& open) {
  auto request = std::make_shared<v1::IngestRequest>();
  *request->mutable_open() = open;
  to_write_.push_back(std::move(request));
  call_ = stub->PrepareAsyncIngest(&context_, &queue_);
  call_->StartCall(Tag(Operation::kStart));
}

IngestStream::~IngestStream() {
  if (!state_.end) context_.TryCancel();
  while (!state_.end) HandleOne(absl::InfiniteFuture());
  queue_.Shutdown();
  while (HandleOne(absl::InfiniteFuture())) {
  }
}

void IngestStream::Push(std::shared_ptr<const v1::IngestRequest> request) {
  if (broken_) return;
  to_write_.push_back(std::move(request));
  WriteNext();
  Wait(absl::ZeroDuration());
}

void IngestStream::PushEnd() {
  end_pushed_ = true;
  WriteNext();
}

void IngestStream::Wait(absl::Duration timeout) {
  // gRPC waits a millisecond for a deadline that is just now.
  constexpr absl::Time kAtOnce = absl::UnixEpoch();
  absl::Time deadline = timeout > absl::ZeroDuration() ? absl::Now() + timeout : kAtOnce;
  while (HandleOne(deadline)) deadline = kAtOnce;
}

void IngestStream::WriteNext() {
  if (busy_ || broken_) return;
  if (!to_write_.empty()) {
    busy_ = true;
    writing_ = std::move(to_write_.front());
    to_write_.pop_front();
    grpc::WriteOptions options;
    // Small messages that follow each other leave in one packet.
    if (!to_write_.empty()) options.set_buffer_hint();
    call_->Write(*writing_, options, Tag(Operation::kWrite));
  } else if (end_pushed_) {
    busy_ = true;
    call_->WritesDone(Tag(Operation::kWritesDone));
  }
}

bool IngestStream::HandleOne(absl::Time deadline) {
  void* tag = nullptr;
  bool ok = false;
  if (queue_.AsyncNext(&tag, &ok, absl::ToChronoTime(deadline)) !=
      grpc::CompletionQueue::GOT_EVENT) {
    return false;
  }
  switch (*static_cast<const Operation*>(tag)) {
    case Operation::kStart:
      busy_ = false;
      // Of a call that did not come about, the read fails and the rest follows.
      call_->Read(&incoming_, Tag(Operation::kRead));
      if (ok) {
        WriteNext();
      } else {
        broken_ = true;
      }
      break;
    case Operation::kRead:
      if (ok) {
        state_.opened = true;
        state_.last.Swap(&incoming_);
        call_->Read(&incoming_, Tag(Operation::kRead));
      } else {
        broken_ = true;
        to_write_.clear();
        call_->Finish(&status_, Tag(Operation::kFinish));
      }
      break;
    case Operation::kWrite:
      busy_ = false;
      writing_.reset();
      if (ok) {
        ++state_.written;
        WriteNext();
      } else {
        broken_ = true;
        to_write_.clear();
      }
      break;
    case Operation::kWritesDone:
      broken_ = true;
      break;
    case Operation::kFinish:
      state_.end = status_;
      break;
  }
  return true;
}

}  // namespace flamekeep::cli
