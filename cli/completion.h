// Completion scripts, made from the same tree of commands as the parser and the help texts.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_CLI_COMPLETION_H_
#define FLAMEKEEP_CLI_COMPLETION_H_

#include <string>

#include "cli/command_model.h"

namespace flamekeep::cli {

// Needs nothing but bash 4.
std::string BashCompletion(const CommandModel& root);
// To be sourced, or installed as _flamekeep in a folder of $fpath.
std::string ZshCompletion(const CommandModel& root);
std::string FishCompletion(const CommandModel& root);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_COMPLETION_H_
