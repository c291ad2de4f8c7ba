// Tells what a file is by its first bytes (decompressed), whatever its name says. The one place
// that knows the kinds of files that are imported.
//
// Thread safety: functions without state.
#ifndef FLAMEKEEP_CLI_FILE_FORMAT_H_
#define FLAMEKEEP_CLI_FILE_FORMAT_H_

#include <string_view>

namespace flamekeep::cli {

enum class FileFormat {
  kFolded,       // "frame;frame COUNT", as Brendan Gregg's stackcollapse scripts write it
  kTimedFolded,  // "<unix microseconds>\t<channel>\t<folded line>"
  kPprof,        // profile.proto
  kPerfScript,   // what `perf script` prints
  kSpeedscope,   // speedscope's JSON
  kPerfData,     // what `perf record` writes: not read here
};

// By the first line that is not empty, and by the first bytes where these are no text. What nothing
// speaks for is kFolded.
FileFormat FormatOf(std::string_view head);

// Up to the first newline, which is left out.
std::string_view FirstLine(std::string_view head);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_FILE_FORMAT_H_
