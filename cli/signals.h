// What Ctrl-C and SIGTERM do to the command, and which files they must not leave behind.
//
// The first signal ends the process with exit code 130 (143 for SIGTERM) after the unfinished
// output file, if there is one, is removed. Where a command stops in order (an import), it says so
// with StopInOrder: then the first signal only makes StopRequested() true and breaks off system
// calls that wait (EINTR), and the second one ends it. `serve` has its own rules and installs
// nothing.
//
// Thread safety: all functions; one StopInOrder and one unfinished file at a time.
#ifndef FLAMEKEEP_CLI_SIGNALS_H_
#define FLAMEKEEP_CLI_SIGNALS_H_

#include <string>

namespace flamekeep::cli {

// SIGINT and SIGTERM as above; SIGPIPE is ignored, so that writes fail with EPIPE.
void InstallSignalHandlers();

class StopInOrder {
 public:
  StopInOrder();
  ~StopInOrder();
  StopInOrder(const StopInOrder&) = delete;
  StopInOrder& operator=(const StopInOrder&) = delete;
};

bool StopRequested();
// The signal that asked for it; 0: none.
int StopSignal();

// The file that a signal removes; empty: none. Paths of 4096 bytes and more are not remembered.
void SetUnfinishedFile(const std::string& path);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_SIGNALS_H_
