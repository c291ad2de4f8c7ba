// Names of levels for people.
//
// Thread safety: functions.
#ifndef FLAMEKEEP_CLI_LEVEL_TEXT_H_
#define FLAMEKEEP_CLI_LEVEL_TEXT_H_

#include <string>

#include "flamekeep/v1/common.pb.h"

namespace flamekeep::cli {

// "minute", "hour", ...
std::string LevelText(v1::Level level);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_LEVEL_TEXT_H_
