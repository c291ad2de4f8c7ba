#include "cli/counts_text.h"

#include <fmt/format.h>

#include "base/status.h"
#include "cli/progress.h"

namespace flamekeep::cli {

std::string CountsText(const v1::IngestCounts& counts) {
  std::string text =
      fmt::format("{} lines, {} samples", CountText(counts.lines()), CountText(counts.samples()));
  if (counts.rejected_lines() > 0) {
    text += fmt::format(", {} lines rejected", CountText(counts.rejected_lines()));
  }
  return text;
}

std::vector<std::string> RejectionTexts(const v1::IngestCounts& counts) {
  std::vector<std::string> texts;
  for (const v1::IngestCounts::Rejected& rejected : counts.rejected()) {
    texts.push_back(
        fmt::format("{} lines rejected: {}", CountText(rejected.lines()), rejected.sentence()));
  }
  return texts;
}

void IngestOutcome::Add(const v1::IngestCounts& counts) {
  samples_ += counts.samples();
  rejected_lines_ += counts.rejected_lines();
}

absl::Status IngestOutcome::status() const {
  if (samples_ > 0 || rejected_lines_ == 0) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition,
               "none of the {} lines was taken in: the notes say why", CountText(rejected_lines_));
}

}  // namespace flamekeep::cli
