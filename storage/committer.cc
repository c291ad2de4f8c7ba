#include "storage/committer.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "base/status.h"
#include "base/steady_clock.h"

namespace flamekeep::storage {
namespace {

constexpr absl::Duration kFirstRetry = absl::Milliseconds(100);
constexpr absl::Duration kLongestRetry = absl::Seconds(5);
constexpr size_t kMaxCursorBytes = 64 << 10;
// What one who waits for a ticket may hold, for example a client's cursor: while nothing can be
// written, batches without samples come only until these fill the head's bound.
constexpr size_t kWaiterBytes = 4 << 10;

// A position that is held and older is written again with a new time, so that it is young when the
// process is killed.
constexpr absl::Duration kRenewAfter = absl::Hours(1);

absl::Time LastAccepted(const absl::flat_hash_map<SourceId, Position>& positions) {
  int64_t last = 0;
  for (const auto& [source, position] : positions) last = std::max(last, position.accepted_s);
  return last == 0 ? absl::InfinitePast() : absl::FromUnixSeconds(last);
}

// The first moment at which a source that reports progress is read; nothing where none does.
std::optional<int64_t> BeginOfProgress(const HeadContents& contents) {
  if (contents.progress.empty() && !contents.live.has_value()) return std::nullopt;
  int64_t begin = std::numeric_limits<int64_t>::max();
  for (const auto& [source, progress] : contents.progress) {
    if (progress.begins_ms != 0) begin = std::min(begin, progress.begins_ms);
  }
  return begin;
}

}  // namespace

Committer::Committer(Options options, CommitSink* sink, Durable durable)
    : options_(std::move(options)),
      flush_bytes_(std::min(options_.flush_bytes, options_.max_head_bytes / 2)),
      sink_(sink),
      position_clock_(options_.forget_positions_after, LastAccepted(durable.positions),
                      options_.now(), options_.steady_now()),
      batch_id_clock_(durable.batch_ids.window(), durable.batch_ids.last(), options_.now(),
                      options_.steady_now()),
      accepted_positions_(durable.positions),
      durable_positions_(std::move(durable.positions)),
      batch_ids_(std::move(durable.batch_ids)),
      write_status_(std::move(durable.write_status)),
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
  const absl::Time deadline = SteadyNow() + options_.append_timeout;
  while (true) {
    if (stopping_) return Error(absl::StatusCode::kUnavailable, "the store is closing");
    if (BytesHeld() < options_.max_head_bytes) return absl::OkStatus();
    if (changed_.WaitWithTimeout(&mutex_, deadline - SteadyNow())) {
      return Error(absl::StatusCode::kResourceExhausted,
                   "{} bytes wait to be written and the store can not keep up{}{}: try again later",
                   BytesHeld(), write_status_.ok() ? "" : ": ", Message(write_status_));
    }
  }
}

Ticket Committer::Accepted(SourceId source, const std::optional<Position>& position) {
  if (position.has_value()) accepted_positions_[source] = *position;
  if (oldest_ == absl::InfiniteFuture()) oldest_ = SteadyNow();
  wake_.Signal();
  return ++accepted_;
}

absl::Status Committer::WaitForProgress(const FinalGuard& guard) {
  const absl::Time deadline = SteadyNow() + options_.append_timeout;
  while (in_flight_progress_ms_.has_value() && guard.IsAfter(*in_flight_progress_ms_)) {
    if (stopping_) return Error(absl::StatusCode::kUnavailable, "the store is closing");
    if (changed_.WaitWithTimeout(&mutex_, deadline - SteadyNow())) {
      return Error(absl::StatusCode::kResourceExhausted,
                   "what live sources have read can not be written{}{}, and whether this batch "
                   "may come behind it can not be told: try again later",
                   write_status_.ok() ? "" : ": ", Message(write_status_));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Ticket> Committer::Append(const Batch& batch, const FinalGuard* guard,
                                         AppendTold* told) {
  absl::MutexLock lock(&mutex_);
  FLAMEKEEP_RETURN_IF_ERROR(WaitForRoom());
  if (guard != nullptr) FLAMEKEEP_RETURN_IF_ERROR(WaitForProgress(*guard));
  FLAMEKEEP_ASSIGN_OR_RETURN(bool known, CheckNumber(batch.source, batch.position));
  const absl::Time steady = batch.id.has_value() ? options_.steady_now() : absl::Time();
  if (batch.id.has_value()) {
    batch_ids_.Expire(batch_id_clock_.OverAt(steady), head_.forgotten_ids());
    known = known || batch_ids_.Contains(*batch.id);
  }
  if (told != nullptr) *told = {.duplicate = known};
  const bool nothing = batch.samples.empty() && !batch.position.has_value() &&
                       !batch.id.has_value() && batch.progress.empty();
  if (known || nothing) return accepted_;
  std::optional<Batch> kept;
  if (guard != nullptr && guard->pushed()) {
    kept = guard->WithoutFinal(batch);
  } else if (guard != nullptr) {
    FLAMEKEEP_RETURN_IF_ERROR(guard->Check());
  }
  if (told != nullptr && kept) told->left_out = batch.samples.size() - kept->samples.size();
  head_.Add(kept ? *kept : batch);
  if (batch.id.has_value()) {
    head_.AddBatchId(batch_ids_.Add(*batch.id, batch_id_clock_.At(steady), head_.forgotten_ids()));
  }
  return Accepted(batch.source, batch.position);
}

void Committer::HoldPosition(SourceId source) {
  absl::MutexLock lock(&mutex_);
  held_positions_.insert(source);
}

void Committer::ReleasePosition(SourceId source) {
  absl::MutexLock lock(&mutex_);
  held_positions_.erase(source);
}

size_t Committer::ForgetPositions() {
  const absl::Time steady = options_.steady_now();
  const int64_t now_s = absl::ToUnixSeconds(position_clock_.At(steady));
  const int64_t over_s = absl::ToUnixSeconds(position_clock_.OverAt(steady));
  const int64_t renew_s = absl::ToUnixSeconds(position_clock_.At(steady) - kRenewAfter);
  absl::MutexLock lock(&mutex_);
  std::vector<SourceId> forgotten;
  bool renewed = false;
  for (auto& [source, position] : accepted_positions_) {
    if (position.accepted_s == 0) continue;
    // What is on its way to the disk is young.
    const auto durable = durable_positions_.find(source);
    if (durable == durable_positions_.end() || durable->second != position) continue;
    if (held_positions_.contains(source)) {
      if (position.accepted_s >= renew_s) continue;
      position.accepted_s = now_s;
      head_.SetPosition(source, position);
      renewed = true;
    } else if (position.accepted_s < over_s) {
      forgotten.push_back(source);
    }
  }
  for (const SourceId source : forgotten) {
    accepted_positions_.erase(source);
    durable_positions_.erase(source);
    head_.ForgetPosition(source);
  }
  if (renewed || !forgotten.empty()) Accepted(kAllSources, std::nullopt);
  return forgotten.size();
}

absl::StatusOr<Ticket> Committer::Replace(Replacement replacement, const FinalGuard* guard) {
  absl::MutexLock lock(&mutex_);
  FLAMEKEEP_RETURN_IF_ERROR(WaitForRoom());
  if (guard != nullptr) FLAMEKEEP_RETURN_IF_ERROR(WaitForProgress(*guard));
  const SourceId source = replacement.position_source;
  const std::optional<Position> position = replacement.position;
  FLAMEKEEP_ASSIGN_OR_RETURN(const bool known, CheckNumber(source, position));
  if (known) return accepted_;
  if (guard != nullptr) FLAMEKEEP_RETURN_IF_ERROR(guard->Check());
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
    if (changed_.WaitWithTimeout(&mutex_, deadline - SteadyNow()) && !result->has_value()) {
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
    if (changed_.WaitWithTimeout(&mutex_, deadline - SteadyNow()) && durable_ < ticket) {
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
    } else if (const absl::Time when = FlushTime(); when <= SteadyNow()) {
      FlushHead();
    } else if (stopping_) {
      return;
    } else {
      wake_.WaitWithTimeout(&mutex_, when - SteadyNow());
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
  in_flight_progress_ms_ = BeginOfProgress(contents);
  // Progress comes last: what becomes final must have what was accepted before.
  auto progress = std::exchange(contents.progress, {});
  auto live = std::exchange(contents.live, std::nullopt);
  std::vector<HeadContents> commits;
  if (!contents.empty() || !contents.forgotten_ids.empty() || replacements.empty()) {
    commits.push_back(std::move(contents));
  }
  for (Replacement& replacement : replacements) {
    if (replacement.position.has_value()) {
      positions[replacement.position_source] = *replacement.position;
    }
    commits.emplace_back().replacements.push_back(std::move(replacement));
  }
  commits.back().progress = std::move(progress);
  commits.back().live = std::move(live);
  absl::Status status;

  mutex_.Unlock();
  for (HeadContents& commit : commits) {
    if (!status.ok()) break;
    sink_->Prepare(std::move(commit));
    status = CommitPrepared();
  }
  mutex_.Lock();

  in_flight_bytes_ = 0;
  in_flight_progress_ms_.reset();
  last_flush_ = SteadyNow();
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
    const absl::Time until = SteadyNow() + pause;
    for (absl::Duration left = pause; !stopping_ && left > absl::ZeroDuration();
         left = until - SteadyNow()) {
      wake_.WaitWithTimeout(&mutex_, left);
    }
    pause = std::min(pause * 2, kLongestRetry);
  }
}

}  // namespace flamekeep::storage
