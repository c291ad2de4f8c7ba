// The status of a server as people read it: what is wrong first.
//
// Thread safety: functions without state.
#ifndef FLAMEKEEP_CLI_STATUS_TEXT_H_
#define FLAMEKEEP_CLI_STATUS_TEXT_H_

#include <string>

#include "absl/time/time.h"
#include "flamekeep/v1/admin.pb.h"

namespace flamekeep::cli {

std::string StatusText(const v1::StatusResponse& status, absl::Time now);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_STATUS_TEXT_H_
