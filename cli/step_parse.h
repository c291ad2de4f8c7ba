// Steps of a series as people write them: "5m", "1h", "1d", "1w", "1mo", "1y".
//
// Thread safety: pure functions. Errors: INVALID_ARGUMENT names the text and shows what can be
// written.
#ifndef FLAMEKEEP_CLI_STEP_PARSE_H_
#define FLAMEKEEP_CLI_STEP_PARSE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "flamekeep/v1/series.pb.h"

namespace flamekeep::cli {

absl::StatusOr<v1::Step> ParseStep(std::string_view text);

// "5 minutes", "1 day".
std::string StepText(const v1::Step& step);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_STEP_PARSE_H_
