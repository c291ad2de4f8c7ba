#include "server/process_info.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

namespace flamekeep::server {

namespace {

std::string ReadFile(const char* path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// The number behind `key` in a text of lines "Key:   123 kB".
uint64_t Field(const std::string& text, std::string_view key) {
  const size_t place = text.find(key);
  if (place == std::string::npos) return 0;
  return std::strtoull(text.c_str() + place + key.size(), nullptr, 10);
}

uint64_t CountFds() {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir("/proc/self/fd"), &closedir);
  if (directory == nullptr) return 0;
  uint64_t count = 0;
  // The stream is this function's own.
  while (readdir(directory.get()) != nullptr) ++count;  // NOLINT(concurrency-mt-unsafe)
  constexpr uint64_t kNotCounted = 3;                   // ".", ".." and the directory itself
  return count > kNotCounted ? count - kNotCounted : 0;
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double ReadStartTime() {
  // Field 22 of /proc/self/stat, counted after the command's ")", in ticks since boot.
  const std::string stat = ReadFile("/proc/self/stat");
  size_t place = stat.rfind(')');
  constexpr int kFieldsBefore = 20;
  for (int i = 0; i < kFieldsBefore && place != std::string::npos; ++i) {
    place = stat.find(' ', place + 1);
  }
  if (place == std::string::npos) return 0;
  const double ticks = std::strtod(stat.c_str() + place, nullptr);
  const double boot = static_cast<double>(Field(ReadFile("/proc/stat"), "btime "));
  return boot + ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

ProcessInfo ReadProcessInfo() {
  constexpr uint64_t kUnit = 1024;  // "kB" in this file
  ProcessInfo info;
  const std::string status = ReadFile("/proc/self/status");
  info.resident_bytes = Field(status, "VmRSS:") * kUnit;
  info.anonymous_bytes = Field(status, "RssAnon:") * kUnit;
  info.virtual_bytes = Field(status, "VmSize:") * kUnit;
  info.threads = Field(status, "Threads:");
  info.open_fds = CountFds();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) info.max_fds = limit.rlim_cur;
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    info.cpu_seconds = Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
  }
  static const double start_time = ReadStartTime();
  info.start_time_seconds = start_time;
  return info;
}

bool RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

}  // namespace flamekeep::server
