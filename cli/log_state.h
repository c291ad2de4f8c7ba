// What the server keeps for an Arc Lamp log that was imported: what was in it, whatever the order
// of its lines (Arc Lamp sorts old logs) and its compression.
//
// Thread safety: none.
#ifndef FLAMEKEEP_CLI_LOG_STATE_H_
#define FLAMEKEEP_CLI_LOG_STATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/arclamp_plan.h"
#include "cli/content.h"

namespace flamekeep::cli {

struct LogState {
  uint64_t lines = 0;  // not empty ones
  uint64_t bytes = 0;  // of them, without newlines
  Digest sum;          // of the lines' XXH3-128, mod 2^128
  // Of the files' names, sizes and times: where it is equal, nobody looks inside.
  Digest files;
  // Hours of this day were written since: the daily log must be put in again, less them.
  bool is_stale = false;

  bool SameContent(const LogState& other) const {
    return lines == other.lines && bytes == other.bytes && sum == other.sum;
  }

  std::string Encode() const;
  static std::optional<LogState> Decode(std::string_view encoded);
  bool operator==(const LogState&) const = default;
};

Digest DigestOfFiles(const std::vector<LogFile>& files);

// Adds whole lines; the last newline may be missing.
void AddLines(std::string_view lines, LogState* state);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_LOG_STATE_H_
