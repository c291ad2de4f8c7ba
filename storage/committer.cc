#include "storage/committer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/time/clock.h"
#include "base/status.h"

namespace flamekeep::storage {
namespace {

constexpr absl::Duration kFirstRetry = absl::Milliseconds(100);
constexpr absl::Duration kLongestRetry = absl::Seconds(5);
constexpr size_t kMaxCursorBytes = 64 << 10;
// What one who waits for a ticket may hold, for example a client's cursor: while nothing can be
// written, batches without samples come only until these fill the head's bound.
constexpr size_t kWaiterBytes = 4 << 10;

}  // namespace

Committer::Committer(Options options, CommitSink* sink,
                     absl::flat_hash_map<SourceId, Position> positions)
    : options_(options),
      flush_bytes_(std::min(options.flush_bytes, options.max_head_bytes / 2)),
      sink_(sink),
      accepted_positions_(positions),
      durable_positions_(std::move(positions)),
      thread_([this] { Loop(); }) {}

Committer::~Committer() { Stop(); }

void Committer::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    wake_.SignalAll();
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

absl::StatusOr<bool> Committer::CheckNumber(SourceId source,
                                            const std::optional<Position>& position) const {
  if (!position.has_value()) return false;
  if (position->cursor.size() > kMaxCursorBytes) {
    return InvalidArgument("a cursor of {} bytes is over the limit of {}: send a shorter one",
                           position->cursor.size(), kMaxCursorBytes);
  }
  const auto it = accepted_positions_.find(source);
  const uint64_t last = it == accepted_positions_.end() ? 0 : it->second.number;
  if (position->number <= last) return true;
  if (position->number == last + 1) return false;
  return Error(absl::StatusCode::kFailedPrecondition,
               "batch {} leaves a gap: the last one of this source was {}, send {} next",
               position->number, last, last + 1);
}

size_t Committer::BytesHeld() const {
  return head_.bytes() + in_flight_bytes_ + waiters_.size() * kWaiterBytes;
}

absl::Status Committer::WaitForRoom() {
  const absl::Time deadline = absl::Now() + options_.append_timeout;
  while (true) {
    if (stopping_) return Error(absl::StatusCode::kUnavailable, "the store is closing");
    if (BytesHeld() < options_.max_head_bytes) return absl::OkStatus();
    if (changed_.WaitWithDeadline(&mutex_, deadline)) {
      return Error(absl::StatusCode::kResourceExhausted,
                   "{} bytes wait to be written and the store can not keep up{}{}: try again later",
                   BytesHeld(), write_status_.ok() ? "" : ": ", Message(write_status_));
    }
  }
}

Ticket Committer::Accepted(SourceId source, const std::optional<Position>& position) {
  if (position.has_value()) accepted_positions_[source] = *position;
  if (oldest_ == absl::InfiniteFuture()) oldest_ = absl::Now();
  wake_.Signal();
  return ++accepted_;
}

absl::StatusOr<Ticket> Committer::Append(const Batch& batch) {
  absl::MutexLock lock(&mutex_);
  FLAMEKEEP_RETURN_IF_ERROR(WaitForRoom());
  FLAMEKEEP_ASSIGN_OR_RETURN(const bool known, CheckNumber(batch.source, batch.position));
  const bool nothing =
      batch.samples.empty() && !batch.position.has_value() && batch.progress.empty();
  if (known || nothing) return accepted_;
  head_.Add(batch);
  return Accepted(batch.source, batch.position);
}

absl::StatusOr<Ticket> Committer::Replace(Replacement replacement) {
  absl::MutexLock lock(&mutex_);
  FLAMEKEEP_RETURN_IF_ERROR(WaitForRoom());
  const SourceId source = replacement.position_source;
  const std::optional<Position> position = replacement.position;
  FLAMEKEEP_ASSIGN_OR_RETURN(const bool known, CheckNumber(source, position));
  if (known) return accepted_;
  head_.Add(std::move(replacement));
  return Accepted(source, position);
}

void Committer::SetLiveSources(std::vector<LiveSource> live) {
  absl::MutexLock lock(&mutex_);
  head_.SetLiveSources(std::move(live));
  Accepted(kAllSources, std::nullopt);
}

absl::Status Committer::Run(absl::AnyInvocable<bool()> prepare, absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  if (stopping_) return absl::CancelledError("the store is closing");
  const auto result = std::make_shared<std::optional<absl::Status>>();
  tasks_.push_back({std::move(prepare), result});
  wake_.Signal();
  while (!result->has_value()) {
    if (changed_.WaitWithDeadline(&mutex_, deadline) && !result->has_value()) {
      return Error(absl::StatusCode::kUnavailable,
                   "the store can not write at present{}{}: try again later",
                   write_status_.ok() ? "" : ": ", Message(write_status_));
    }
  }
  return **result;
}

void Committer::OnDurable(Ticket ticket, absl::AnyInvocable<void()> done) {
  {
    absl::MutexLock lock(&mutex_);
    if (durable_ < ticket) {
      wanted_ = std::max(wanted_, ticket);
      waiters_.emplace(ticket, std::move(done));
      wake_.Signal();
      return;
    }
  }
  done();
}

absl::Status Committer::WaitDurable(Ticket ticket, absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  wanted_ = std::max(wanted_, ticket);
  wake_.Signal();
  while (durable_ < ticket) {
    if (stopping_) return Error(absl::StatusCode::kUnavailable, "the store is closing");
    if (changed_.WaitWithDeadline(&mutex_, deadline) && durable_ < ticket) {
      return Error(absl::StatusCode::kDeadlineExceeded, "the write is not durable yet{}{}",
                   write_status_.ok() ? "" : ": ", Message(write_status_));
    }
  }
  return absl::OkStatus();
}

Ticket Committer::last_ticket() const {
  absl::MutexLock lock(&mutex_);
  return accepted_;
}

std::optional<Position> Committer::AcceptedPosition(SourceId source) const {
  absl::MutexLock lock(&mutex_);
  const auto it = accepted_positions_.find(source);
  if (it == accepted_positions_.end()) return std::nullopt;
  return it->second;
}

absl::flat_hash_map<SourceId, Position> Committer::DurablePositions() const {
  absl::MutexLock lock(&mutex_);
  return durable_positions_;
}

absl::Status Committer::write_status() const {
  absl::MutexLock lock(&mutex_);
  return write_status_;
}

size_t Committer::pending_bytes() const {
  absl::MutexLock lock(&mutex_);
  return BytesHeld();
}

absl::Time Committer::FlushTime() const {
  if (head_.empty()) return absl::InfiniteFuture();
  if (stopping_ || head_.bytes() >= flush_bytes_) return absl::InfinitePast();
  absl::Time when =
      oldest_ + (head_.has_data() ? options_.flush_interval : options_.progress_interval);
  if (wanted_ > durable_) when = std::min(when, last_flush_ + options_.min_flush_interval);
  return when;
}

void Committer::Loop() {
  absl::MutexLock lock(&mutex_);
  while (true) {
    if (stopping_ && !write_status_.ok()) {
      while (!tasks_.empty()) RunTask();
      return;
    }
    if (!tasks_.empty()) {
      RunTask();
    } else if (const absl::Time when = FlushTime(); when <= absl::Now()) {
      FlushHead();
    } else if (stopping_) {
      return;
    } else {
      wake_.WaitWithDeadline(&mutex_, when);
    }
  }
}

void Committer::FlushHead() {
  const Ticket taken = accepted_;
  in_flight_bytes_ = head_.bytes();
  HeadContents contents = head_.Take();
  oldest_ = absl::InfiniteFuture();
  // The promises hold for each commit by itself, so a replacement, which reads what is on disk,
  // gets one of its own.
  std::vector<Replacement> replacements = std::exchange(contents.replacements, {});
  absl::flat_hash_map<SourceId, Position> positions = contents.positions;
  absl::Status status;

  mutex_.Unlock();
  if (!contents.empty()) {
    sink_->Prepare(std::move(contents));
    status = CommitPrepared();
  }
  for (Replacement& replacement : replacements) {
    if (!status.ok()) break;
    if (replacement.position.has_value()) {
      positions[replacement.position_source] = *replacement.position;
    }
    HeadContents one;
    one.replacements.push_back(std::move(replacement));
    sink_->Prepare(std::move(one));
    status = CommitPrepared();
  }
  mutex_.Lock();

  in_flight_bytes_ = 0;
  last_flush_ = absl::Now();
  write_status_ = status;
  std::vector<absl::AnyInvocable<void()>> ready;
  if (status.ok()) {
    durable_ = taken;
    for (auto& [source, position] : positions) durable_positions_[source] = std::move(position);
    const auto end = waiters_.upper_bound(durable_);
    for (auto it = waiters_.begin(); it != end; ++it) ready.push_back(std::move(it->second));
    waiters_.erase(waiters_.begin(), end);
  }
  changed_.SignalAll();
  if (ready.empty()) return;
  mutex_.Unlock();
  for (absl::AnyInvocable<void()>& done : ready) done();
  mutex_.Lock();
}

void Committer::RunTask() {
  Task task = std::move(tasks_.front());
  tasks_.pop_front();
  absl::Status status = absl::CancelledError("the store is closing");
  if (!stopping_) {
    mutex_.Unlock();
    status = task.prepare() ? CommitPrepared() : absl::OkStatus();
    task.prepare = nullptr;
    mutex_.Lock();
    write_status_ = status;
  }
  *task.result = status;
  changed_.SignalAll();
}

absl::Status Committer::CommitPrepared() {
  absl::Duration pause = kFirstRetry;
  while (true) {
    absl::Status status = sink_->Commit();
    if (status.ok()) return status;
    absl::MutexLock lock(&mutex_);
    write_status_ = status;
    changed_.SignalAll();
    if (stopping_) return status;
    const absl::Time until = absl::Now() + pause;
    while (!stopping_ && !wake_.WaitWithDeadline(&mutex_, until)) {
    }
    pause = std::min(pause * 2, kLongestRetry);
  }
}

}  // namespace flamekeep::storage
