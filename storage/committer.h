// The one committer: takes accepted writes out of the head and makes them durable, one commit at a
// time, on a thread of its own. It knows when to flush and who waits; how bytes become durable is
// the CommitSink's business.
//
// Thread safety: all methods of Committer. A CommitSink is called on the committer thread only.
//
// Invariants:
//   1. Tickets become durable in their order.
//   2. What was taken out of the head is committed before anything else is prepared, however often
//      that needs to be tried.
//   3. Progress is committed after, or with, all that was accepted before it.
#ifndef FLAMEKEEP_STORAGE_COMMITTER_H_
#define FLAMEKEEP_STORAGE_COMMITTER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/steady_clock.h"
#include "storage/age_clock.h"
#include "storage/batch_ids.h"
#include "storage/final_guard.h"
#include "storage/head.h"
#include "storage/store.h"

namespace flamekeep::storage {

class CommitSink {
 public:
  virtual ~CommitSink() = default;

  // Takes what is to be committed: columns and positions, or one replacement.
  virtual void Prepare(HeadContents contents) = 0;

  // Makes what was prepared durable. After an error it is called again, and must then find out
  // first whether the failed attempt reached the disk.
  virtual absl::Status Commit() = 0;
};

class Committer {
 public:
  struct Options {
    absl::Duration flush_interval;
    absl::Duration min_flush_interval;
    size_t flush_bytes;
    size_t max_head_bytes;
    absl::Duration append_timeout;
    absl::Duration progress_interval;
    absl::Duration forget_positions_after = absl::InfiniteDuration();
    // For the age of ids and positions (AgeClock).
    std::function<absl::Time()> now = [] { return absl::Now(); };
    std::function<absl::Time()> steady_now = [] { return SteadyNow(); };
  };

  // What is durable at the start.
  struct Durable {
    absl::flat_hash_map<SourceId, Position> positions;
    BatchIds batch_ids;
    absl::Status write_status;  // an error: nothing can be written until a commit succeeds
  };

  // Starts the thread. `sink` is not owned.
  Committer(Options options, CommitSink* sink, Durable durable);
  // Calls Stop().
  ~Committer();

  // Flushes what was accepted (trying once where the sink fails) and ends the thread. Whoever waits
  // gets an error, and so does whoever comes later.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

  // `guard`: of what is imported or pushed, may be null. `told` may be null.
  absl::StatusOr<Ticket> Append(const Batch& batch, const FinalGuard* guard = nullptr,
                                AppendTold* told = nullptr) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<Ticket> Replace(Replacement replacement, const FinalGuard* guard = nullptr)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // For Position::accepted_s.
  absl::Time PositionTime() const { return position_clock_.At(options_.steady_now()); }
  // Between these a source's position does not grow old.
  void HoldPosition(SourceId source) ABSL_LOCKS_EXCLUDED(mutex_);
  void ReleasePosition(SourceId source) ABSL_LOCKS_EXCLUDED(mutex_);
  // Forgets the durable positions that are too old; how many. Holds with the next flush.
  size_t ForgetPositions() ABSL_LOCKS_EXCLUDED(mutex_);

  void SetLiveSources(std::vector<LiveSource> live) ABSL_LOCKS_EXCLUDED(mutex_);

  // Runs `prepare` on the committer thread, between flushes, then Commit(); returns when that is
  // durable. `prepare` returns false to have nothing committed. Errors: CANCELLED when the
  // committer stops; UNAVAILABLE at the deadline (of SteadyNow()), after which `prepare` may run
  // all the same: what it refers to must then live as long as the committer.
  absl::Status Run(absl::AnyInvocable<bool()> prepare, absl::Time deadline = absl::InfiniteFuture())
      ABSL_LOCKS_EXCLUDED(mutex_);

  void OnDurable(Ticket ticket, absl::AnyInvocable<void()> done) ABSL_LOCKS_EXCLUDED(mutex_);
  // `deadline`: of SteadyNow().
  absl::Status WaitDurable(Ticket ticket, absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_);
  // The ticket of everything accepted so far.
  Ticket last_ticket() const ABSL_LOCKS_EXCLUDED(mutex_);

  std::optional<Position> AcceptedPosition(SourceId source) const ABSL_LOCKS_EXCLUDED(mutex_);
  absl::flat_hash_map<SourceId, Position> DurablePositions() const ABSL_LOCKS_EXCLUDED(mutex_);

  // The last error of the sink while it has not been overcome.
  absl::Status write_status() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Accepted and not yet durable.
  size_t pending_bytes() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Task {
    absl::AnyInvocable<bool()> prepare;
    // Set when it is done. Shared: whoever waits for it may leave before.
    std::shared_ptr<std::optional<absl::Status>> result;
  };

  // Checks a numbered batch: true where it was accepted before.
  absl::StatusOr<bool> CheckNumber(SourceId source, const std::optional<Position>& position) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What waits to be written, and who waits for that.
  size_t BytesHeld() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status WaitForRoom() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Waits while progress that may matter to the batch is on its way to the disk.
  absl::Status WaitForProgress(const FinalGuard& guard) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Ticket Accepted(SourceId source, const std::optional<Position>& position)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  void Loop() ABSL_LOCKS_EXCLUDED(mutex_);
  // When the head is to be flushed; InfiniteFuture while there is nothing to flush.
  absl::Time FlushTime() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FlushHead() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunTask() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Commits what was prepared, trying again until it succeeds or the committer stops.
  absl::Status CommitPrepared() ABSL_LOCKS_EXCLUDED(mutex_);

  const Options options_;
  const size_t flush_bytes_;  // well below the bound at which appends wait
  CommitSink* const sink_;
  const AgeClock position_clock_;
  const AgeClock batch_id_clock_;

  mutable absl::Mutex mutex_;
  Head head_ ABSL_GUARDED_BY(mutex_);
  size_t in_flight_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // While progress is being committed: the first moment at which a source that reports it is read.
  std::optional<int64_t> in_flight_progress_ms_ ABSL_GUARDED_BY(mutex_);
  absl::Time oldest_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();  // first sample of the head
  absl::Time last_flush_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  Ticket accepted_ ABSL_GUARDED_BY(mutex_) = 0;
  Ticket durable_ ABSL_GUARDED_BY(mutex_) = 0;
  Ticket wanted_ ABSL_GUARDED_BY(mutex_) = 0;  // the highest ticket that someone waits for
  absl::flat_hash_map<SourceId, Position> accepted_positions_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<SourceId, Position> durable_positions_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<SourceId> held_positions_ ABSL_GUARDED_BY(mutex_);
  BatchIds batch_ids_ ABSL_GUARDED_BY(mutex_);
  std::multimap<Ticket, absl::AnyInvocable<void()>> waiters_ ABSL_GUARDED_BY(mutex_);
  std::deque<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  absl::Status write_status_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::CondVar wake_;     // the committer thread: work, or stop
  absl::CondVar changed_;  // everyone else: durable_, room, write_status_, tasks done

  std::thread thread_;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_COMMITTER_H_
