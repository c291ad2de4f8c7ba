// What the kernel says about this process.
//
// Thread safety: ReadProcessInfo() is a pure function of /proc. What can not be read stays 0.
#ifndef FLAMEKEEP_SERVER_PROCESS_INFO_H_
#define FLAMEKEEP_SERVER_PROCESS_INFO_H_

#include <cstdint>

namespace flamekeep::server {

struct ProcessInfo {
  uint64_t resident_bytes = 0;
  uint64_t anonymous_bytes = 0;  // of these, not backed by a file: what the memory budget is about
  uint64_t virtual_bytes = 0;
  uint64_t threads = 0;
  uint64_t open_fds = 0;
  uint64_t max_fds = 0;
  double cpu_seconds = 0;         // user and system
  double start_time_seconds = 0;  // since the Unix epoch
};

ProcessInfo ReadProcessInfo();

// Lets the process open as many files and connections as its hard limit allows. False where the
// kernel refuses.
bool RaiseDescriptorLimit();

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_PROCESS_INFO_H_
