// Tells the formats of folded lines apart by their start.
//
// Thread safety: functions without state.
#ifndef FLAMEKEEP_CLI_LINE_FORMAT_H_
#define FLAMEKEEP_CLI_LINE_FORMAT_H_

#include <string_view>

namespace flamekeep::cli {

enum class LineFormat {
  kFolded,       // "frame;frame COUNT"
  kTimedFolded,  // "<unix microseconds>\t<channel>\t<folded line>"
};

// Of the first line that is not empty.
LineFormat FormatOf(std::string_view head);

// Up to the first newline, which is left out.
std::string_view FirstLine(std::string_view head);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_LINE_FORMAT_H_
