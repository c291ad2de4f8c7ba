// Shares as people write them.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_CLI_SHARE_PARSE_H_
#define FLAMEKEEP_CLI_SHARE_PARSE_H_

#include <string_view>

#include "absl/status/statusor.h"

namespace flamekeep::cli {

// "2%" and "0.02" are the same share, from 0 to 1. Errors: INVALID_ARGUMENT.
absl::StatusOr<double> ParseShare(std::string_view text);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_SHARE_PARSE_H_
