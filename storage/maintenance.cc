#include "storage/maintenance.h"

#include <spdlog/spdlog.h>

#include <memory>
#include <utility>

#include "base/status.h"

namespace flamekeep::storage {
namespace {

constexpr absl::Duration kPause = absl::Seconds(5);
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
  }
  if (thread_.joinable()) thread_.join();
}

void Maintenance::Loop() {
  while (true) {
    {
      absl::MutexLock lock(&stop_mutex_);
      if (stop_mutex_.AwaitWithTimeout(absl::Condition(&stop_), kPause)) return;
    }
    const absl::Status status = Run(/*force=*/false);
    if (status.ok() || parts_.stopping->load()) continue;
    failures_->Add();
    spdlog::error("maintenance: {}", Message(status));
  }
}

absl::Status Maintenance::Run(bool force) {
  absl::MutexLock lock(&run_mutex_);
  if (const absl::Status damaged = parts_.dictionary->ScrubNext(); !damaged.ok()) {
    spdlog::warn("{}: it is written again", Message(damaged));
  }
  if (const absl::Time now = parts_.now(); now >= next_forgetting_) {
    forgotten_->Add(parts_.committer->ForgetPositions(now - parts_.forget_positions_after));
    next_forgetting_ = now + kForgettingInterval;
  }
  // One of the three that fails does not keep the others from their work.
  absl::Status error;
  while (error.ok() && parts_.dictionary->NeedsDerivation() && !parts_.stopping->load()) {
    error = DeriveNext();
  }
  while (!parts_.stopping->load() && parts_.rollup->RunDue(parts_.now(), force, &error) > 0) {
  }
  if (!parts_.stopping->load()) error.Update(parts_.expiry->RunDue(parts_.now()).status());
  return error;
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
