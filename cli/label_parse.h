// Labels from the command line.
//
// Thread safety: functions without state.
#ifndef FLAMEKEEP_CLI_LABEL_PARSE_H_
#define FLAMEKEEP_CLI_LABEL_PARSE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "flamekeep/v1/ingest.pb.h"

namespace flamekeep::cli {

// Adds each "NAME=VALUE". Errors: INVALID_ARGUMENT.
absl::Status AddLabels(const std::vector<std::string>& texts, v1::OpenSource* open);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_LABEL_PARSE_H_
