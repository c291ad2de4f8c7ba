#include "cli/backup_text.h"

#include <fmt/format.h>

#include "base/time_parse.h"
#include "cli/progress.h"
#include "cli/table.h"

namespace flamekeep::cli {

std::string MadeText(const v1::Backup& backup) {
  if (!backup.has_made()) return "unknown";
  return TimeText(absl::FromUnixSeconds(backup.made().seconds()));
}

std::string BackupsText(const std::string& directory, const std::vector<v1::Backup>& backups) {
  if (backups.empty()) return fmt::format("there are no backups in {}\n", directory);
  Table table({">id", "made", ">size", "state"});
  for (const v1::Backup& backup : backups) {
    table.AddRow({fmt::format("{}", backup.id()), MadeText(backup),
                  backup.fault().empty() ? RoundedBytesText(backup.bytes()) : "-",
                  backup.fault().empty() ? "complete" : backup.fault()});
  }
  return fmt::format("{}\n{}", directory, table.Text());
}

}  // namespace flamekeep::cli
