// The command line of `flamekeep`: its commands, options and help texts. The only user of CLI11.
//
// Thread safety: functions without state (the environment is read).
#ifndef FLAMEKEEP_CLI_COMMAND_LINE_H_
#define FLAMEKEEP_CLI_COMMAND_LINE_H_

#include "absl/status/statusor.h"
#include "cli/command_model.h"
#include "cli/options.h"

namespace flamekeep::cli {

// Errors: INVALID_ARGUMENT names what is wrong and where to look.
absl::StatusOr<Command> ParseCommandLine(int argc, const char* const* argv);

CommandModel DescribeCommands();

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_COMMAND_LINE_H_
