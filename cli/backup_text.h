// Backups for people.
//
// Thread safety: functions.
#ifndef FLAMEKEEP_CLI_BACKUP_TEXT_H_
#define FLAMEKEEP_CLI_BACKUP_TEXT_H_

#include <string>
#include <vector>

#include "flamekeep/v1/admin.pb.h"

namespace flamekeep::cli {

// "2026-11-20T02:00:00Z", or "unknown" for one that is damaged.
std::string MadeText(const v1::Backup& backup);

// A table, oldest first; one line where there is none.
std::string BackupsText(const std::string& directory, const std::vector<v1::Backup>& backups);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_BACKUP_TEXT_H_
