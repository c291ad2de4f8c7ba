#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "base/status.h"
#include "cli/backup_text.h"
#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/progress.h"
#include "cli/selection.h"
#include "flamekeep/v1/admin.grpc.pb.h"

namespace flamekeep::cli {
namespace {

std::string AmountText(const v1::DeleteResponse& amount) {
  return fmt::format("{} samples in {} columns of {} series", CountText(amount.samples()),
                     CountText(amount.columns()), CountText(amount.series()));
}

// Asks the person at the terminal.
absl::Status Confirm(const DeleteOptions& options, const v1::Selection& selection,
                     const v1::DeleteResponse& amount) {
  fmt::print(stderr, "{}, {}: {} go for good, at every level.\n", selection.selector(),
             RangeText(selection.range()), AmountText(amount));
  if (options.yes) return absl::OkStatus();
  fmt::print(stderr, "Type \"delete\" to delete them: ");
  std::fflush(stderr);
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "delete") return absl::OkStatus();
  return Error(absl::StatusCode::kAborted, "nothing was deleted: the answer was not \"delete\"");
}

}  // namespace

absl::Status RunDelete(const DeleteOptions& options) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string address, ServerAddress(options.server));
  v1::DeleteRequest request;
  // "now" is the end of this minute: no finer edge can be met.
  const absl::Time now =
      absl::UnixEpoch() + absl::Ceil(absl::Now() - absl::UnixEpoch(), absl::Minutes(1));
  FLAMEKEEP_ASSIGN_OR_RETURN(*request.mutable_selection(),
                             SelectionOf(options.selector, options.from, options.to, now));
  if (!options.yes && !options.dry_run && isatty(STDIN_FILENO) == 0) {
    return InvalidArgument(
        "deleting asks before it does, and standard input is no terminal: give --yes");
  }
  const auto stub = v1::AdminService::NewStub(Connect(address));
  v1::DeleteResponse amount;
  {
    grpc::ClientContext context;
    request.set_dry_run(true);
    FLAMEKEEP_RETURN_IF_ERROR(FromGrpc(stub->Delete(&context, request, &amount), address));
  }
  if (options.dry_run) {
    fmt::print("{} would go\n", AmountText(amount));
    return absl::OkStatus();
  }
  FLAMEKEEP_RETURN_IF_ERROR(Confirm(options, request.selection(), amount));
  v1::DeleteResponse deleted;
  grpc::ClientContext context;
  request.set_dry_run(false);
  FLAMEKEEP_RETURN_IF_ERROR(FromGrpc(stub->Delete(&context, request, &deleted), address));
  fmt::print("deleted {}; {} names that nothing else has were blanked\n", AmountText(deleted),
             CountText(deleted.names_blanked()));
  for (const v1::Backup& backup : deleted.backups()) {
    fmt::print(
        "backup {} of {} may still hold the data: `flamekeep backup prune` removes old ones\n",
        backup.id(), MadeText(backup));
  }
  fmt::print("Exports, and backups elsewhere, that were made before now still hold the data.\n");
  return absl::OkStatus();
}

}  // namespace flamekeep::cli
