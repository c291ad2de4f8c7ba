#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/backup_text.h"
#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "flamekeep/v1/admin.grpc.pb.h"
#include "server/grpc/convert_admin.h"
#include "storage/backup.h"

namespace flamekeep::cli {
namespace {

using storage::BackupDirectory;
using storage::BackupInfo;

absl::StatusOr<std::unique_ptr<BackupDirectory>> OpenToRead(const std::string& directory) {
  return BackupDirectory::Open(directory, BackupDirectory::Access::kRead);
}

// The backup with the id, or for 0 the newest one that is sound.
absl::StatusOr<BackupInfo> Find(const BackupDirectory& backups, const std::string& directory,
                                storage::BackupId id) {
  std::vector<BackupInfo> list = backups.List();
  std::reverse(list.begin(), list.end());
  for (BackupInfo& info : list) {
    if (id == 0 ? info.fault.empty() : info.id == id) return std::move(info);
  }
  if (id == 0) return NotFound("there is no backup in {} that can be restored", directory);
  return NotFound("there is no backup {} in {}: see `flamekeep backup list`", id, directory);
}

}  // namespace

absl::Status RunBackupCreate(const BackupCreateOptions& options) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string address, ServerAddress(options.server));
  const auto stub = v1::AdminService::NewStub(Connect(address));
  grpc::ClientContext context;
  const auto reader = stub->CreateBackup(&context, {});
  v1::CreateBackupResponse response;
  {
    Progress progress(Progress::StyleFor(stderr, options.quiet));
    progress.Begin("backup", 0);
    while (reader->Read(&response)) progress.Update(response.bytes());
    progress.End();
  }
  FLAMEKEEP_RETURN_IF_ERROR(FromGrpc(reader->Finish(), address));
  return WriteAnswer(fmt::format("backup {} of {} is made in {}: {} to restore\n",
                                 response.backup().id(), MadeText(response.backup()),
                                 response.directory(),
                                 RoundedBytesText(response.backup().bytes())));
}

absl::Status RunBackupList(const BackupListOptions& options) {
  v1::ListBackupsResponse response;
  if (options.directory.empty()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const std::string address, ServerAddress(options.server));
    const auto stub = v1::AdminService::NewStub(Connect(address));
    grpc::ClientContext context;
    FLAMEKEEP_RETURN_IF_ERROR(FromGrpc(stub->ListBackups(&context, {}, &response), address));
  } else {
    FLAMEKEEP_ASSIGN_OR_RETURN(const std::unique_ptr<BackupDirectory> backups,
                               OpenToRead(options.directory));
    response.set_directory(options.directory);
    for (const BackupInfo& info : backups->List()) {
      *response.add_backups() = server::ToProto(info);
    }
  }
  return WriteAnswer(
      BackupsText(response.directory(), {response.backups().begin(), response.backups().end()}));
}

absl::Status RunBackupVerify(const BackupVerifyOptions& options) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::unique_ptr<BackupDirectory> backups,
                             OpenToRead(options.directory));
  std::vector<BackupInfo> list;
  if (options.id == 0) {
    list = backups->List();
  } else {
    FLAMEKEEP_ASSIGN_OR_RETURN(BackupInfo one, Find(*backups, options.directory, options.id));
    list.push_back(std::move(one));
  }
  if (list.empty()) return NotFound("there are no backups in {}", options.directory);
  size_t bad = 0;
  for (const BackupInfo& info : list) {
    const absl::Status verified = backups->Verify(info.id);
    if (!verified.ok()) ++bad;
    FLAMEKEEP_RETURN_IF_ERROR(WriteAnswer(
        verified.ok() ? fmt::format("backup {}: sound, {}\n", info.id, RoundedBytesText(info.bytes))
                      : Message(verified) + "\n"));
  }
  if (bad == 0) return absl::OkStatus();
  return DataLoss("{} of {} backups in {} can not be restored", bad, list.size(),
                  options.directory);
}

absl::Status RunBackupRestore(const BackupRestoreOptions& options) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::unique_ptr<BackupDirectory> backups,
                             OpenToRead(options.directory));
  FLAMEKEEP_ASSIGN_OR_RETURN(const BackupInfo info, Find(*backups, options.directory, options.id));
  const StopInOrder stop;
  {
    Progress progress(Progress::StyleFor(stderr, options.quiet));
    progress.Begin(fmt::format("backup {}", info.id), info.bytes);
    FLAMEKEEP_RETURN_IF_ERROR(backups->Restore(info.id, options.target, [&](uint64_t bytes) {
      progress.Update(bytes);
      return !StopRequested();
    }));
    progress.End();
  }
  return WriteAnswer(fmt::format("backup {} of {} is a store in {}: `flamekeep serve --data {}`\n",
                                 info.id, MadeText(server::ToProto(info)), options.target,
                                 options.target));
}

absl::Status RunBackupPrune(const BackupPruneOptions& options) {
  // A name that is mistyped makes no directory.
  FLAMEKEEP_RETURN_IF_ERROR(OpenToRead(options.directory).status());
  FLAMEKEEP_ASSIGN_OR_RETURN(
      const std::unique_ptr<BackupDirectory> backups,
      BackupDirectory::Open(options.directory, BackupDirectory::Access::kWrite));
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<BackupInfo> gone, backups->Prune(options.keep));
  std::string text;
  for (const BackupInfo& info : gone) {
    text += fmt::format("removed backup {} of {}\n", info.id, MadeText(server::ToProto(info)));
  }
  return WriteAnswer(text + fmt::format("{} backups are left\n", backups->List().size()));
}

}  // namespace flamekeep::cli
