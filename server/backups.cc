#include "server/backups.h"

#include <spdlog/spdlog.h>

#include <memory>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "base/status.h"

namespace flamekeep::server {

using storage::BackupDirectory;
using storage::BackupInfo;

Backups::Backups(std::string directory, const storage::Store* store, Metrics* metrics)
    : directory_(std::move(directory)),
      store_(store),
      metrics_(metrics),
      made_(metrics->GetCounter("backups_total", Severity::kInfo, "Backups that were made.")),
      failures_(metrics->GetCounter("backup_failures_total", Severity::kError,
                                    "Backups that were begun and not made.")) {
  if (directory_.empty()) return;
  SetKnown({});
  const absl::StatusOr<std::vector<BackupInfo>> list = List();
  if (!list.ok()) spdlog::warn("{}", Message(list.status()));
}

absl::Status Backups::CheckConfigured() const {
  if (!directory_.empty()) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition,
               "no backup directory is configured: set `backup_directory` in the server's "
               "configuration");
}

void Backups::SetKnown(std::vector<BackupInfo> known) {
  double newest = 0;
  for (const BackupInfo& info : known) {
    if (info.fault.empty()) {
      newest = std::max(newest, absl::ToDoubleSeconds(info.made - absl::UnixEpoch()));
    }
  }
  metrics_->GetGauge("backup_last_seconds", "When the newest backup was made, Unix time; 0: none.")
      .Set(newest);
  absl::MutexLock lock(&mutex_);
  known_ = std::move(known);
}

absl::StatusOr<BackupInfo> Backups::Create(const storage::BackupProgress& progress) {
  FLAMEKEEP_RETURN_IF_ERROR(CheckConfigured());
  const auto create = [&]() -> absl::StatusOr<BackupInfo> {
    ++making_;
    const absl::Cleanup made_it = [this] { --making_; };
    // Files that hold what is deleted can not go while they are being copied.
    if (store_->Status().deleting) {
      return Error(absl::StatusCode::kAborted,
                   "a deletion is not through, and its data would be in the backup: try again when "
                   "`flamekeep status` no longer shows it");
    }
    FLAMEKEEP_ASSIGN_OR_RETURN(const std::unique_ptr<BackupDirectory> backups,
                               BackupDirectory::Open(directory_, BackupDirectory::Access::kWrite));
    FLAMEKEEP_ASSIGN_OR_RETURN(BackupInfo made, backups->Create(*store_, progress));
    SetKnown(backups->List());
    return made;
  };
  absl::StatusOr<BackupInfo> made = create();
  if (made.ok()) {
    made_.Add();
    spdlog::info("backup {} was made in {}: {} bytes", made->id, directory_, made->bytes);
  } else {
    failures_.Add();
    spdlog::error("backup in {}: {}", directory_, Message(made.status()));
  }
  return made;
}

absl::StatusOr<std::vector<BackupInfo>> Backups::List() {
  FLAMEKEEP_RETURN_IF_ERROR(CheckConfigured());
  const absl::StatusOr<std::unique_ptr<BackupDirectory>> backups =
      BackupDirectory::Open(directory_, BackupDirectory::Access::kRead);
  if (absl::IsAborted(backups.status())) {
    absl::MutexLock lock(&mutex_);
    return known_;
  }
  if (absl::IsNotFound(backups.status())) return std::vector<BackupInfo>{};
  FLAMEKEEP_RETURN_IF_ERROR(backups.status());
  std::vector<BackupInfo> list = (*backups)->List();
  SetKnown(list);
  return list;
}

}  // namespace flamekeep::server
