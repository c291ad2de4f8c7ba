// How the command ends: exit codes, and the one sentence on stderr that goes with them.
//
// Every command is a function that returns a status; ExitWith() turns it into an exit code. Codes
// are public: scripts depend on them.
//
// Thread safety: functions without state.
#ifndef FLAMEKEEP_CLI_EXIT_CODE_H_
#define FLAMEKEEP_CLI_EXIT_CODE_H_

#include <cstdio>
#include <string_view>

#include "absl/status/status.h"

namespace flamekeep::cli {

enum ExitCode : int {
  kExitOk = 0,
  kExitFailure = 1,
  // The command line, or what it names (a selector, a time, a configuration), can not be
  // understood.
  kExitUsage = 2,
  kExitFailAbove = 3,  // the answer has more than the limit that was asked for: --fail-above
  kExitGaveUp = 4,     // `store check --repair` made a sound store, and something was lost
  kExitInterrupted = 130,
  kExitTerminated = 143,
};

// The reader of our output has gone: nothing is wrong, and nothing more to say.
absl::Status PipeClosed();

// A command stopped in order at this signal: Ctrl-C (SIGINT) or SIGTERM, which have exit codes of
// their own. `what_to_do` is a sentence; it may be empty.
absl::Status Interrupted(int signal, std::string_view what_to_do);

// An answer above the limit that was asked for.
absl::Status AboveLimit(std::string_view sentence);

// A repair that gave something up.
absl::Status GaveUp(std::string_view sentence);

// Prints "flamekeep: <message>" to `err` unless the status says that there is nothing to tell.
// INVALID_ARGUMENT is a usage error; every other error is a failure.
ExitCode ExitWith(const absl::Status& status, std::FILE* err);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_EXIT_CODE_H_
