// What became of sent lines, for people.
//
// Thread safety: functions without state.
#ifndef FLAMEKEEP_CLI_COUNTS_TEXT_H_
#define FLAMEKEEP_CLI_COUNTS_TEXT_H_

#include <string>
#include <vector>

#include "flamekeep/v1/ingest.pb.h"

namespace flamekeep::cli {

// "2,310 lines, 2,300 samples, 10 lines rejected"
std::string CountsText(const v1::IngestCounts& counts);

// "10 lines rejected: Lines without a count ...", for each reason.
std::vector<std::string> RejectionTexts(const v1::IngestCounts& counts);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_COUNTS_TEXT_H_
