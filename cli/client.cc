#include "cli/client.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "base/status.h"
#include "cli/connection.h"

namespace flamekeep::cli {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(100);  // how often `cancelled` is asked
constexpr absl::Duration kCloseTimeout = absl::Seconds(5);
constexpr uint64_t kMaxUnwritten = 8;    // batches of a replacement that gRPC has not taken yet
constexpr uint64_t kBatchOverhead = 64;  // bytes beside lines and cursor

// Whether the same batches may be taken later without anybody sending less or something else.
// RESOURCE_EXHAUSTED is: the disk or the memory for accepted batches is full, too many batches wait
// to be decoded, replacements that others send too fill the memory for them. What a batch may be at
// most, Send() checks. Caps under which nothing makes room, and a replacement that is too large by
// itself, are FAILED_PRECONDITION.
bool IsTransient(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kAborted:            // another stream has the source open
    case absl::StatusCode::kResourceExhausted:  // as above
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kInternal:  // a broken transport, as gRPC tells some kinds of it
      return true;
    default:
      return false;
  }
}

absl::Status Cancelled() { return absl::CancelledError("interrupted"); }

}  // namespace

void AddCounts(const v1::IngestCounts& counts, v1::IngestCounts* sum) {
  sum->set_lines(sum->lines() + counts.lines());
  sum->set_samples(sum->samples() + counts.samples());
  sum->set_rejected_lines(sum->rejected_lines() + counts.rejected_lines());
  for (const v1::IngestCounts::Rejected& rejected : counts.rejected()) {
    v1::IngestCounts::Rejected* same = nullptr;
    for (v1::IngestCounts::Rejected& one : *sum->mutable_rejected()) {
      if (one.reason() == rejected.reason()) same = &one;
    }
    if (same == nullptr) {
      *sum->add_rejected() = rejected;
    } else {
      same->set_lines(same->lines() + rejected.lines());
    }
  }
}

IngestClient::IngestClient(const std::shared_ptr<grpc::Channel>& channel, std::string address,
                           v1::OpenSource open, ClientOptions options)
    : stub_(v1::IngestService::NewStub(channel)),
      address_(std::move(address)),
      open_(std::move(open)),
      options_(std::move(options)),
      backoff_(options_.first_backoff) {}

IngestClient::~IngestClient() {
  if (stream_ == nullptr || !pending_.empty()) return;
  // In order, so that the source can be opened again at once.
  stream_->PushEnd();
  const absl::Time deadline = absl::Now() + kCloseTimeout;
  while (!stream_->state().end && absl::Now() < deadline) stream_->Wait(kPoll);
}

absl::StatusOr<std::unique_ptr<IngestClient>> IngestClient::Open(
    const std::shared_ptr<grpc::Channel>& channel, const std::string& address, v1::OpenSource open,
    ClientOptions options) {
  std::unique_ptr<IngestClient> client(
      new IngestClient(channel, address, std::move(open), std::move(options)));
  absl::Status status = client->OpenStream();
  if (absl::IsUnavailable(status) && !client->options_.wait_for_server) return status;
  if (!status.ok()) FLAMEKEEP_RETURN_IF_ERROR(client->Recover(std::move(status)));
  return client;
}

absl::Status IngestClient::OpenStream() {
  AddCounts(stream_counts_, &earlier_counts_);
  stream_counts_.Clear();
  stream_.reset();  // its end comes first: the source can be open once only
  stream_ = std::make_unique<IngestStream>(stub_.get(), open_);
  stream_pushed_ = 1;
  stream_written_ = 0;
  const absl::Time deadline = absl::Now() + options_.open_timeout;
  const IngestStream::State& state = stream_->state();
  while (!state.opened) {
    if (state.end) return EndOfStream();
    if (options_.cancelled()) return Cancelled();
    if (absl::Now() > deadline) {
      return Error(absl::StatusCode::kDeadlineExceeded,
                   "the server at {} does not answer: see its log, or name another with --server",
                   address_);
    }
    stream_->Wait(kPoll);
  }
  last_activity_ = absl::Now();
  if (state.last.durable_number() < durable_number_) {
    return DataLoss(
        "the server at {} stands at batch {} of \"{}\" and had said that {} was durable: it has "
        "lost data, it is another server, or this client was silent for longer than "
        "push.forget_clients there",
        address_, state.last.durable_number(), open_.source(), durable_number_);
  }
  if (!std::exchange(opened_once_, true)) {
    durable_number_ = state.last.durable_number();
    cursor_ = state.last.cursor();
  }
  return Observe();
}

absl::Status IngestClient::Recover(absl::Status error) {
  if (options_.cancelled()) return Cancelled();  // and no word of trying again
  if (outage_start_ == absl::InfiniteFuture()) {
    outage_start_ = absl::Now();
    if (IsTransient(error)) options_.on_outage(error);
  }
  do {
    if (options_.cancelled()) return Cancelled();
    if (!IsTransient(error)) return error;
    if (absl::Now() - outage_start_ > options_.give_up_after) {
      return absl::IsAborted(error) ? absl::FailedPreconditionError(error.message()) : error;
    }
    // Between half of it and all of it, so that clients do not come back in step.
    std::uniform_real_distribution<double> jitter(0.5, 1.0);
    FLAMEKEEP_RETURN_IF_ERROR(Sleep(jitter(random_) * backoff_));
    backoff_ = std::min(backoff_ * 2, options_.max_backoff);
    error = OpenStream();
  } while (!error.ok());
  return Resend();
}

absl::Status IngestClient::Resend() {
  if (pending_.empty()) return absl::OkStatus();
  if (in_replacement_) {
    pending_.clear();
    return absl::AbortedError("the replacement was interrupted and must be sent again");
  }
  for (const Pending& pending : pending_) {
    stream_->Push(pending.request);
    ++stream_pushed_;
  }
  return absl::OkStatus();
}

absl::Status IngestClient::Send(v1::IngestBatch batch) {
  if (batch.lines().size() > kMaxBatchBytes) {
    return InvalidArgument("a batch of {} bytes is too large: at most {} are taken",
                           batch.lines().size(), kMaxBatchBytes);
  }
  if (pending_.empty()) last_activity_ = absl::Now();
  in_replacement_ = batch.has_replace();
  batch.set_number(durable_number_ + pending_.size() + 1);
  const uint64_t bytes = batch.lines().size() + batch.cursor().size() + kBatchOverhead;
  std::shared_ptr<v1::IngestRequest> request(new v1::IngestRequest, [pool = pool_](auto* r) {
    pool->Put(std::move(*r->mutable_batch()->mutable_lines()));
    delete r;
  });
  *request->mutable_batch() = std::move(batch);
  pending_.push_back({in_replacement_ ? nullptr : request, in_replacement_ ? 0 : bytes});
  pending_bytes_ += pending_.back().bytes;
  stream_->Push(std::move(request));
  ++stream_pushed_;
  return WaitUntil([this] {
    return in_replacement_ ? stream_pushed_ - stream_written_ <= kMaxUnwritten
                           : pending_bytes_ <= options_.window_bytes;
  });
}

absl::Status IngestClient::Flush() {
  return WaitUntil([this] { return pending_.empty(); });
}

absl::Status IngestClient::WaitUntil(const std::function<bool()>& enough) {
  while (true) {
    FLAMEKEEP_RETURN_IF_ERROR(Observe());
    if (pending_.empty()) return absl::OkStatus();
    if (stream_->state().end) {
      FLAMEKEEP_RETURN_IF_ERROR(Recover(EndOfStream()));
      continue;
    }
    if (absl::Now() - last_activity_ > options_.stall_timeout) {
      FLAMEKEEP_RETURN_IF_ERROR(
          Recover(Error(absl::StatusCode::kUnavailable,
                        "the server at {} takes and answers nothing: see its log", address_)));
      continue;
    }
    if (enough()) return absl::OkStatus();
    if (options_.cancelled()) return Cancelled();
    stream_->Wait(kPoll);
  }
}

absl::Status IngestClient::Observe() {
  const IngestStream::State& state = stream_->state();
  if (state.written > stream_written_) {
    stream_written_ = state.written;
    last_activity_ = absl::Now();
  }
  if (!state.opened) return absl::OkStatus();
  if (state.last.has_counts()) stream_counts_ = state.last.counts();
  const uint64_t durable = state.last.durable_number();
  if (durable <= durable_number_) return absl::OkStatus();
  if (durable > durable_number_ + pending_.size()) {
    return Error(absl::StatusCode::kFailedPrecondition,
                 "the server at {} stands at batch {} of \"{}\", which this client has not sent: "
                 "does another one send under the same name?",
                 address_, durable, open_.source());
  }
  for (; durable_number_ < durable; ++durable_number_) {
    pending_bytes_ -= pending_.front().bytes;
    pending_.pop_front();
  }
  cursor_ = state.last.cursor();
  last_activity_ = absl::Now();
  outage_start_ = absl::InfiniteFuture();
  backoff_ = options_.first_backoff;
  return absl::OkStatus();
}

absl::Status IngestClient::Sleep(absl::Duration duration) const {
  const absl::Time end = absl::Now() + duration;
  for (absl::Time now = absl::Now(); now < end; now = absl::Now()) {
    if (options_.cancelled()) return Cancelled();
    absl::SleepFor(std::min(kPoll, end - now));
  }
  return absl::OkStatus();
}

absl::Status IngestClient::EndOfStream() const {
  const grpc::Status& end = *stream_->state().end;
  if (!end.ok()) return FromGrpc(end, address_);
  return Error(absl::StatusCode::kUnavailable, "the server at {} has ended the stream", address_);
}

v1::IngestCounts IngestClient::counts() const {
  v1::IngestCounts sum = earlier_counts_;
  AddCounts(stream_counts_, &sum);
  return sum;
}

}  // namespace flamekeep::cli
