#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "storage/store.h"

namespace flamekeep::cli {
namespace {

std::string Summary(const std::string& directory, const storage::StoreStatus& status) {
  return fmt::format("{}: sound: {} stacks, {} frames and {} series in {}\n", directory,
                     CountText(status.dictionary.stacks), CountText(status.dictionary.frames),
                     CountText(status.series), RoundedBytesText(status.directory_bytes));
}

}  // namespace

absl::Status RunStoreCheck(const StoreCheckOptions& options) {
  storage::StoreOptions store_options;
  store_options.directory = options.directory;
  store_options.create_if_missing = false;
  store_options.read_only = true;
  store_options.background_maintenance = false;
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::unique_ptr<storage::Store> store,
                             storage::Store::Open(store_options));
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<std::string> faults, store->Check());
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::unique_ptr<Output> output, Output::Create("-"));
  for (const std::string& fault : faults) FLAMEKEEP_RETURN_IF_ERROR(output->Write(fault + "\n"));
  if (faults.empty()) {
    FLAMEKEEP_RETURN_IF_ERROR(output->Write(Summary(options.directory, store->Status())));
  }
  FLAMEKEEP_RETURN_IF_ERROR(output->Commit());
  if (faults.empty()) return absl::OkStatus();
  return DataLoss("{} has {} fault{}: restore it from a backup", options.directory, faults.size(),
                  faults.size() == 1 ? "" : "s");
}

}  // namespace flamekeep::cli
