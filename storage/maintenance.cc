#include "storage/maintenance.h"

#include <spdlog/spdlog.h>

#include <memory>
#include <utility>

#include "absl/time/clock.h"
#include "base/status.h"

namespace flamekeep::storage {
namespace {

constexpr absl::Duration kPause = absl::Seconds(5);
// While a deletion waits for snapshots.
constexpr absl::Duration kShortPause = absl::Milliseconds(100);
// It looks at the positions of all sources.
constexpr absl::Duration kForgettingInterval = absl::Minutes(10);

}  // namespace

Maintenance::Maintenance(Parts parts, bool background) : parts_(std::move(parts)) {
  failures_ = &parts_.metrics->GetCounter(
      "storage_maintenance_failures_total", Severity::kError,
      "Rollups, derivations or expiries that failed; they are tried again.");
  forgotten_ = &parts_.metrics->GetCounter(
      "storage_forgotten_positions_total", Severity::kInfo,
      "Numbered clients that were silent for longer than push.forget_clients; one that comes back "
      "begins with batch 1.");
  if (background) thread_ = std::thread([this] { Loop(); });
}

Maintenance::~Maintenance() {
  parts_.stopping->store(true);
  {
    absl::MutexLock lock(&stop_mutex_);
    stop_ = true;
    wake_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void Maintenance::Loop() {
  bool failed = false;
  while (true) {
    {
      absl::MutexLock lock(&stop_mutex_);
      stop_mutex_.AwaitWithTimeout(absl::Condition(&wake_),
                                   parts_.deleter->pending() && !failed ? kShortPause : kPause);
      if (stop_) return;
      wake_ = false;
    }
    const absl::Status status = Run(/*force=*/false);
    failed = !status.ok();
    if (!failed || parts_.stopping->load()) continue;
    failures_->Add();
    spdlog::error("maintenance: {}", Message(status));
  }
}

absl::Status Maintenance::Run(bool force) {
  absl::MutexLock lock(&run_mutex_);
  // One of these that fails does not keep the others from their work, but what a deletion has left
  // is not to be summed: until its columns are gone nothing else is done.
  absl::Status error = parts_.deleter->Run();
  if (parts_.deleter->has_columns()) return error;
  if (const absl::Status damaged = parts_.dictionary->ScrubNext(); !damaged.ok()) {
    spdlog::warn("{}: it is written again", Message(damaged));
  }
  if (const absl::Time now = parts_.steady_now(); now >= next_forgetting_) {
    forgotten_->Add(parts_.committer->ForgetPositions());
    next_forgetting_ = now + kForgettingInterval;
  }
  absl::Status derived;
  while (derived.ok() && parts_.dictionary->NeedsDerivation() && !parts_.stopping->load()) {
    derived = DeriveNext();
  }
  error.Update(derived);
  while (!parts_.stopping->load() && parts_.rollup->RunDue(parts_.now(), force, &error) > 0) {
  }
  if (!parts_.stopping->load()) error.Update(parts_.expiry->RunDue(parts_.now()).status());
  if (!parts_.stopping->load()) error.Update(parts_.cap->Run(parts_.now()));
  if (!parts_.stopping->load()) error.Update(parts_.growth->RunDue(parts_.now()));
  return error;
}

absl::StatusOr<DeletionAmount> Maintenance::StartDeletion(absl::Time begin, absl::Time end,
                                                          std::vector<SeriesId> series) {
  // A step in between may take minutes, and longer on a disk that fails.
  while (!run_mutex_.TryLock()) {
    if (parts_.stopping->load()) return absl::CancelledError("the store is closing");
    absl::SleepFor(kShortPause);
  }
  absl::StatusOr<DeletionAmount> started = parts_.deleter->Start(begin, end, std::move(series));
  run_mutex_.Unlock();
  return started;
}

absl::StatusOr<bool> Maintenance::WaitForDeletion() {
  if (thread_.joinable()) {
    absl::MutexLock lock(&stop_mutex_);
    wake_ = true;
  } else {
    absl::MutexLock lock(&run_mutex_);
    FLAMEKEEP_RETURN_IF_ERROR(parts_.deleter->Run());
  }
  if (parts_.deleter->WaitUntilThrough(kShortPause)) return true;
  FLAMEKEEP_RETURN_IF_ERROR(parts_.deleter->last_error());
  return false;
}

absl::Status Maintenance::DeriveNext() {
  rocksdb::WriteBatch named;
  {
    // Held while runs are read, not during the commit, which may have to close it.
    FLAMEKEEP_ASSIGN_OR_RETURN(const std::shared_ptr<Database> database, parts_.database->Get());
    FLAMEKEEP_RETURN_IF_ERROR(parts_.dictionary->DeriveNext(&named));
  }
  FLAMEKEEP_RETURN_IF_ERROR(parts_.committer->Run([&] {
    parts_.flusher->Begin(named);
    return true;
  }));
  return parts_.dictionary->DerivationCommitted();
}

}  // namespace flamekeep::storage
