// Serve(): a Server under the signals of a process.
#include <grpc/support/log.h>
#include <pthread.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "absl/synchronization/notification.h"
#include "base/status.h"
#include "flamekeep/version.h"
#include "server/notify.h"
#include "server/process_info.h"
#include "server/server.h"

namespace flamekeep::server {

namespace {

// What a drain may take beyond its limit: closing the store.
constexpr absl::Duration kCloseGrace = absl::Seconds(10);
constexpr int kSignalStatus = 128;

// Waits for signals on a thread of its own: the first one is an event, the second one the end.
class SignalWatcher {
 public:
  // REQUIRES: no thread has been started.
  SignalWatcher() {
    // Errors of the call that met them, not the end of the process.
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, kWakeUp);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
    thread_ = std::thread([this] { Run(); });
  }

  ~SignalWatcher() {
    pthread_kill(thread_.native_handle(), kWakeUp);
    thread_.join();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

  // The first signal.
  int Wait() {
    first_.WaitForNotification();
    return first_signal_;
  }

 private:
  static constexpr int kWakeUp = SIGUSR1;  // ends the thread

  void Run() {
    while (true) {
      int signal = 0;
      if (sigwait(&signals_, &signal) != 0) continue;
      if (signal == kWakeUp) return;
      if (first_.HasBeenNotified()) {
        spdlog::warn("second signal: leaving at once");
        spdlog::default_logger()->flush();
        _exit(kSignalStatus + signal);
      }
      first_signal_ = signal;
      first_.Notify();
    }
  }

  sigset_t signals_{};
  sigset_t before_{};
  int first_signal_ = 0;
  absl::Notification first_;
  std::thread thread_;
};

// Ends the process if it is still there at the end of its time.
class Deadline {
 public:
  explicit Deadline(absl::Duration after)
      : thread_([this, after] {
          if (done_.WaitForNotificationWithTimeout(after)) return;
          spdlog::error("shutting down took too long: leaving; what was acknowledged is stored");
          spdlog::default_logger()->flush();
          _exit(EXIT_FAILURE);
        }) {}
  ~Deadline() {
    done_.Notify();
    thread_.join();
  }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

 private:
  absl::Notification done_;
  std::thread thread_;
};

// Logs to stderr, in UTC. gRPC's own lines are for debugging: our errors say the same to people.
void SetUpLog() {
  spdlog::drop("flamekeep");
  auto logger = spdlog::stderr_logger_mt("flamekeep");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
  gpr_set_log_function([](gpr_log_func_args* line) { spdlog::debug("gRPC: {}", line->message); });
}

std::string_view OrOff(std::string_view address) { return address.empty() ? "off" : address; }

}  // namespace

absl::Status Serve(const ServerConfig& config) {
  SignalWatcher signals;
  SetUpLog();
  // The soft limit is 1024 on most systems, which RocksDB's files and some hundred clients fill.
  if (!RaiseDescriptorLimit()) spdlog::warn("the limit of open descriptors can not be raised");
  for (const std::string& note : config.notes) spdlog::info("{}", note);

  FLAMEKEEP_ASSIGN_OR_RETURN(const std::unique_ptr<Server> server, Server::Start(config));
  spdlog::info("Flamekeep {} serves: gRPC on {}, HTTP on {}, data in {}, {} sites", kVersion,
               OrOff(server->grpc_address()), OrOff(server->http_address()), config.data,
               config.sites.size());
  NotifySystemd("READY=1");

  const int signal = signals.Wait();
  spdlog::info("{}: shutting down, within {}", signal == SIGTERM ? "SIGTERM" : "SIGINT",
               absl::FormatDuration(config.limits.drain_timeout));
  NotifySystemd("STOPPING=1");
  const Deadline deadline(config.limits.drain_timeout + kCloseGrace);
  const absl::Status status = server->Drain();
  spdlog::info("closed");
  return status;
}

}  // namespace flamekeep::server
