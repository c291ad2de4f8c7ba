#include "bench/support/process_usage.h"

#include <sys/resource.h>
#include <time.h>  // clock_gettime

#include <cstdlib>
#include <fstream>
#include <string>

namespace flamekeep::bench {

namespace {

// The number behind "<field>:" in a file of /proc/self; 0 where there is none.
uint64_t Field(const char* path, std::string_view field) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(field) || line[field.size()] != ':') continue;
    return std::strtoull(line.c_str() + field.size() + 1, nullptr, 10);
  }
  return 0;
}

}  // namespace

uint64_t ProcessMemory(std::string_view field) { return Field("/proc/self/status", field) << 10; }

uint64_t ProcessIo(std::string_view field) { return Field("/proc/self/io", field); }

double CpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double ThreadCpuSeconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace flamekeep::bench
