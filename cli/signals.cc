#include "cli/signals.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <climits>
#include <csignal>
#include <cstring>

namespace flamekeep::cli {
namespace {

std::atomic<bool> stop_in_order{false};
std::atomic<int> stop_signal{0};  // 0: none

// Written while `unfinished_file_set` is false, read by the handler while it is true.
std::array<char, PATH_MAX> unfinished_file;
std::atomic<bool> unfinished_file_set{false};

static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free,
              "used in a signal handler");

void HandleSignal(int signal) {
  int none = 0;
  if (stop_in_order && stop_signal.compare_exchange_strong(none, signal)) return;
  if (unfinished_file_set) unlink(unfinished_file.data());
  constexpr int kSignalBase = 128;
  _exit(kSignalBase + signal);
}

}  // namespace

void InstallSignalHandlers() {
  struct sigaction action = {};
  action.sa_handler = HandleSignal;
  // No SA_RESTART: a read that waits for an idle pipe must see that it is to stop.
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
}

StopInOrder::StopInOrder() { stop_in_order = true; }
StopInOrder::~StopInOrder() { stop_in_order = false; }

bool StopRequested() { return StopSignal() != 0; }
int StopSignal() { return stop_signal; }

void SetUnfinishedFile(const std::string& path) {
  unfinished_file_set = false;
  if (path.empty() || path.size() >= unfinished_file.size()) return;
  std::memcpy(unfinished_file.data(), path.c_str(), path.size() + 1);
  unfinished_file_set = true;
}

}  // namespace flamekeep::cli
