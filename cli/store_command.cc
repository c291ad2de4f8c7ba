#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "storage/repair.h"
#include "storage/store.h"

namespace flamekeep::cli {
namespace {

std::string Summary(const std::string& directory, const storage::StoreStatus& status) {
  return fmt::format("{}: sound: {} stacks, {} frames and {} series in {}\n", directory,
                     CountText(status.dictionary.stacks), CountText(status.dictionary.frames),
                     CountText(status.series), RoundedBytesText(status.directory_bytes));
}

absl::StatusOr<std::unique_ptr<storage::Store>> OpenStore(const std::string& directory,
                                                          bool read_only) {
  storage::StoreOptions options;
  options.directory = directory;
  options.create_if_missing = false;
  options.read_only = read_only;
  options.background_maintenance = false;
  return storage::Store::Open(std::move(options));
}

// Writes the faults, or that there are none; how many there are.
absl::StatusOr<size_t> Check(const std::string& directory, bool read_only, Output* output) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::unique_ptr<storage::Store> store,
                             OpenStore(directory, read_only));
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<std::string> faults, store->Check());
  for (const std::string& fault : faults) FLAMEKEEP_RETURN_IF_ERROR(output->Write(fault + "\n"));
  if (faults.empty()) FLAMEKEEP_RETURN_IF_ERROR(output->Write(Summary(directory, store->Status())));
  return faults.size();
}

absl::Status Faulty(const std::string& directory, size_t faults, std::string_view what_to_do) {
  return DataLoss("{} has {} fault{}: {}", directory, faults, faults == 1 ? "" : "s", what_to_do);
}

// Whether the store needs no repair. Errors also: those that no repair helps against.
absl::StatusOr<bool> IsSound(const std::string& directory) {
  const absl::StatusOr<std::unique_ptr<storage::Store>> store =
      OpenStore(directory, /*read_only=*/true);
  if (!store.ok()) {
    if (absl::IsDataLoss(store.status())) return false;
    return store.status();
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<std::string> faults, (*store)->Check());
  return faults.empty();
}

absl::Status Repair(const std::string& directory, Output* output) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::RepairResult result, storage::RepairStore(directory));
  for (const std::string& sentence : result.given_up) {
    FLAMEKEEP_RETURN_IF_ERROR(output->Write(sentence + "\n"));
  }
  FLAMEKEEP_RETURN_IF_ERROR(output->Write(fmt::format(
      "the damaged files are in {}: delete it when you need them no more\n", result.damaged)));
  // Opening it for writing makes the derived files again.
  FLAMEKEEP_ASSIGN_OR_RETURN(const size_t faults, Check(directory, /*read_only=*/false, output));
  FLAMEKEEP_RETURN_IF_ERROR(output->Commit());
  if (faults != 0) return Faulty(directory, faults, "restore it from a backup");
  if (result.given_up.empty()) return absl::OkStatus();
  return GaveUp(
      fmt::format("{} was repaired, and {} thing{} had to be given up: a backup may have "
                  "more",
                  directory, result.given_up.size(), result.given_up.size() == 1 ? "" : "s"));
}

}  // namespace

absl::Status RunStoreCheck(const StoreCheckOptions& options) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::unique_ptr<Output> output, Output::Create("-"));
  if (options.repair) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const bool sound, IsSound(options.directory));
    if (!sound) return Repair(options.directory, output.get());
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const size_t faults,
                             Check(options.directory, /*read_only=*/true, output.get()));
  FLAMEKEEP_RETURN_IF_ERROR(output->Commit());
  if (faults == 0) return absl::OkStatus();
  return Faulty(options.directory, faults,
                "restore it from a backup, or save what can be read with --repair");
}

}  // namespace flamekeep::cli
