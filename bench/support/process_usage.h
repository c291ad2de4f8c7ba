// What this process has used.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_BENCH_SUPPORT_PROCESS_USAGE_H_
#define FLAMEKEEP_BENCH_SUPPORT_PROCESS_USAGE_H_

#include <cstdint>
#include <string_view>

namespace flamekeep::bench {

// A field of /proc/self/status that is given in kB, in bytes: "RssAnon", "RssFile", "VmHWM".
// 0 where there is none.
uint64_t ProcessMemory(std::string_view field);

// A field of /proc/self/io, in bytes: "rchar" (read from files, cached or not), "write_bytes" (on
// their way to the disk). 0 where there is none.
uint64_t ProcessIo(std::string_view field);

// CPU time of all threads since the start.
double CpuSeconds();
// Of the calling thread.
double ThreadCpuSeconds();

}  // namespace flamekeep::bench

#endif  // FLAMEKEEP_BENCH_SUPPORT_PROCESS_USAGE_H_
