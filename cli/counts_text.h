// What became of sent lines, for people and for scripts.
//
// Thread safety: functions without state; IngestOutcome, a value.
#ifndef FLAMEKEEP_CLI_COUNTS_TEXT_H_
#define FLAMEKEEP_CLI_COUNTS_TEXT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "flamekeep/v1/ingest.pb.h"

namespace flamekeep::cli {

// "2,310 lines, 2,300 samples, 10 lines rejected"
std::string CountsText(const v1::IngestCounts& counts);

// "10 lines rejected: Lines without a count ...", for each reason.
std::vector<std::string> RejectionTexts(const v1::IngestCounts& counts);

// How a command that sends ends.
class IngestOutcome {
 public:
  void Add(const v1::IngestCounts& counts);
  // FAILED_PRECONDITION where all that there was has been rejected: a script has to see that.
  absl::Status status() const;

 private:
  uint64_t samples_ = 0;
  uint64_t rejected_lines_ = 0;
};

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_COUNTS_TEXT_H_
