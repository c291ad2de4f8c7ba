// What the reader of an answer should know about it: notes on standard error.
//
// Thread safety: functions.
#ifndef FLAMEKEEP_CLI_COVERAGE_NOTES_H_
#define FLAMEKEEP_CLI_COVERAGE_NOTES_H_

#include <string_view>

#include "flamekeep/v1/selection.pb.h"

namespace flamekeep::cli {

// Tells what was widened, what is missing or may still come, and where nothing was found. `whose`:
// what each note begins with, where there are several selections: "baseline: ".
void TellCoverage(const v1::Coverage& coverage, std::string_view whose = "");

// "nobody listened".
std::string_view GapReasonText(v1::Gap::Reason reason);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_COVERAGE_NOTES_H_
