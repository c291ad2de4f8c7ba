// What each command does. Answers go to standard output, everything else to stderr.
//
// Thread safety: one command at a time. RunServe() must be called before any thread is started.
// Errors: see exit_code.h for what becomes of them.
#ifndef FLAMEKEEP_CLI_COMMANDS_H_
#define FLAMEKEEP_CLI_COMMANDS_H_

#include "absl/status/status.h"
#include "cli/options.h"

namespace flamekeep::cli {

absl::Status RunServe(const ServeOptions& options);
absl::Status RunImport(const ImportOptions& options);
absl::Status RunPush(const PushOptions& options);
absl::Status RunQuery(const QueryOptions& options);
absl::Status RunDiff(const DiffOptions& options);
absl::Status RunExplain(const ExplainOptions& options);
absl::Status RunSeries(const SeriesOptions& options);
absl::Status RunHeatMap(const HeatMapOptions& options);
absl::Status RunLabels(const LabelsOptions& options);
absl::Status RunTypes(const TypesOptions& options);
absl::Status RunTop(const TopOptions& options);
absl::Status RunSearch(const SearchOptions& options);
absl::Status RunSandwich(const SandwichOptions& options);
absl::Status RunCompare(const CompareOptions& options);
absl::Status RunExport(const ExportOptions& options);
absl::Status RunStatus(const StatusOptions& options);
absl::Status RunDelete(const DeleteOptions& options);
absl::Status RunStoreStats(const StoreStatsOptions& options);
absl::Status RunStoreCheck(const StoreCheckOptions& options);
absl::Status RunBackupCreate(const BackupCreateOptions& options);
absl::Status RunBackupList(const BackupListOptions& options);
absl::Status RunBackupVerify(const BackupVerifyOptions& options);
absl::Status RunBackupRestore(const BackupRestoreOptions& options);
absl::Status RunBackupPrune(const BackupPruneOptions& options);
absl::Status RunCompletion(const CompletionOptions& options);

// The program: parses, runs, reports; returns the exit code.
int Main(int argc, const char* const* argv);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_COMMANDS_H_
