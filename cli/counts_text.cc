#include "cli/counts_text.h"

#include <fmt/format.h>

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

}  // namespace flamekeep::cli
