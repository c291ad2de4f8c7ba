// The program behind main(), and its smallest commands.
#include <cstdio>
#include <memory>
#include <string_view>
#include <variant>

#include "base/status.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/signals.h"

namespace flamekeep::cli {
namespace {

struct Runner {
  absl::Status operator()(const ServeOptions& options) const { return RunServe(options); }
  absl::Status operator()(const ImportOptions& options) const { return RunImport(options); }
  absl::Status operator()(const PushOptions& options) const { return RunPush(options); }
  absl::Status operator()(const QueryOptions& options) const { return RunQuery(options); }
  absl::Status operator()(const DiffOptions& options) const { return RunDiff(options); }
  absl::Status operator()(const ExplainOptions& options) const { return RunExplain(options); }
  absl::Status operator()(const SeriesOptions& options) const { return RunSeries(options); }
  absl::Status operator()(const HeatMapOptions& options) const { return RunHeatMap(options); }
  absl::Status operator()(const LabelsOptions& options) const { return RunLabels(options); }
  absl::Status operator()(const TypesOptions& options) const { return RunTypes(options); }
  absl::Status operator()(const TopOptions& options) const { return RunTop(options); }
  absl::Status operator()(const SearchOptions& options) const { return RunSearch(options); }
  absl::Status operator()(const SandwichOptions& options) const { return RunSandwich(options); }
  absl::Status operator()(const CompareOptions& options) const { return RunCompare(options); }
  absl::Status operator()(const ExportOptions& options) const { return RunExport(options); }
  absl::Status operator()(const StatusOptions& options) const { return RunStatus(options); }
  absl::Status operator()(const DeleteOptions& options) const { return RunDelete(options); }
  absl::Status operator()(const StoreStatsOptions& options) const { return RunStoreStats(options); }
  absl::Status operator()(const StoreCheckOptions& options) const { return RunStoreCheck(options); }
  absl::Status operator()(const BackupCreateOptions& options) const {
    return RunBackupCreate(options);
  }
  absl::Status operator()(const BackupListOptions& options) const { return RunBackupList(options); }
  absl::Status operator()(const BackupVerifyOptions& options) const {
    return RunBackupVerify(options);
  }
  absl::Status operator()(const BackupRestoreOptions& options) const {
    return RunBackupRestore(options);
  }
  absl::Status operator()(const BackupPruneOptions& options) const {
    return RunBackupPrune(options);
  }
  absl::Status operator()(const CompletionOptions& options) const { return RunCompletion(options); }
  absl::Status operator()(const PrintOptions& options) const { return WriteAnswer(options.text); }
};

}  // namespace

absl::Status RunCompletion(const CompletionOptions& options) {
  const CommandModel commands = DescribeCommands();
  if (options.shell == "bash") return WriteAnswer(BashCompletion(commands));
  if (options.shell == "zsh") return WriteAnswer(ZshCompletion(commands));
  return WriteAnswer(FishCompletion(commands));
}

int Main(int argc, const char* const* argv) {
  const absl::StatusOr<Command> command = ParseCommandLine(argc, argv);
  if (!command.ok()) return ExitWith(command.status(), stderr);
  // The server has its own.
  if (!std::holds_alternative<ServeOptions>(*command)) InstallSignalHandlers();
  return ExitWith(std::visit(Runner(), *command), stderr);
}

}  // namespace flamekeep::cli
