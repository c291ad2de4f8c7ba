// Statistics of a store for people.
//
// Thread safety: functions.
#ifndef FLAMEKEEP_CLI_STORE_STATS_TEXT_H_
#define FLAMEKEEP_CLI_STORE_STATS_TEXT_H_

#include <string>

#include "flamekeep/v1/admin.pb.h"

namespace flamekeep::cli {

// There is no forecast where the configuration was not known.
std::string StoreStatsText(const v1::StoreStatsResponse& stats);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_STORE_STATS_TEXT_H_
