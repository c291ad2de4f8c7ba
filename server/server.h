// The server's life: open the store, start the front ends, start the sources, serve, drain.
//
//   opening   the store is opened; /healthz answers, /readyz says 503
//   serving   gRPC and HTTP answer, sources are read; READY=1 goes to systemd
//   draining  after SIGTERM or SIGINT: sources stop, new calls get UNAVAILABLE, streams are ended
//   once
//             what they sent is durable, the store is flushed and closed; all within
//             limits.drain_timeout. A second signal exits at once (status 128 + signal): what was
//             acknowledged is durable, nothing else is lost that a kill -9 would not lose.
//
// A Redis server that is silent or gone never ends the process.
#ifndef FLAMEKEEP_SERVER_SERVER_H_
#define FLAMEKEEP_SERVER_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/config.h"

namespace flamekeep::server {

// Runs a server until SIGTERM or SIGINT. Call it before any thread is started: it blocks both
// signals for the whole process.
//
// Once it serves, it logs one line with the addresses, and writes the file `config.ready_file` (if
// set) atomically: JSON {"pid": 1, "grpc": "127.0.0.1:4041", "http": "127.0.0.1:4040"} with the
// ports that were really taken ("" where a front end is off).
//
// Errors, each one sentence: INVALID_ARGUMENT (configuration), FAILED_PRECONDITION (the store is in
// use or of an unknown format), DATA_LOSS (it is damaged), UNAVAILABLE (an address is in use),
// DEADLINE_EXCEEDED (the drain took longer than its limit).
absl::Status Serve(const ServerConfig& config);

// The same without signals, for tests and embedding.
class Server {
 public:
  // Opens, starts and returns once it serves.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerConfig& config);
  // Drains if Drain() was not called.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The addresses that were really taken, "" where a front end is off.
  const std::string& grpc_address() const;
  const std::string& http_address() const;

  // Stops taking work, finishes what is in hand, flushes and closes the store.
  absl::Status Drain();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_SERVER_H_
