// An HTTP/1.1 server: routes, bounded requests, whole replies or streams. Boost.Beast stays behind
// this header.
//
//   HttpServer::Start(options, {
//       // A page. `blocking` where it may wait: it then runs on a worker thread.
//       {.path = "/readyz", .handle = [](const HttpRequest&) -> HttpResponse { ... }},
//       // Takes a body, at most `max_body_bytes` packed and unpacked, and answers when it likes
//       // (http_call.h). What is wrong with the request itself is told as JSON.
//       {.path = "/ingest",
//        .methods = kHttpPost,
//        .max_body_bytes = 16 << 20,
//        .errors = HttpErrors::kJson,
//        .start = [](std::shared_ptr<HttpCall> call) { ... }},
//       // Everything below a path.
//       {.path = "/arclamp/", .prefix = true, ...}});
//
// A method of a gRPC service needs no code: connect.h makes a route of it, under its own path, and
// RouteToMethod() there one under any other.
//
// Nobody can hold it up: a request's header must be there request_timeout after its first byte, and
// its body at 64 KiB a second beyond that; each piece of a reply must be taken within
// response_timeout; header, body, and all bodies together are bounded; at max_connections a
// newcomer takes the place of the connection that has been silent or dripping the longest. What is
// cut or refused is counted. gzip around a body is taken off, within the same bounds.
//
// Threading: one thread serves all connections; routes that block or have a body run on worker
// threads. Handlers must be thread safe. All methods are thread safe.
#ifndef FLAMEKEEP_SERVER_HTTP_HTTP_SERVER_H_
#define FLAMEKEEP_SERVER_HTTP_HTTP_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "server/http/http_call.h"
#include "server/http/http_errors.h"
#include "server/http/http_message.h"

namespace flamekeep::server {

// Sets of methods. HEAD goes where GET goes.
inline constexpr unsigned kHttpGet = 1;
inline constexpr unsigned kHttpPost = 2;
inline constexpr unsigned kHttpPut = 4;

struct HttpRoute {
  std::string path;     // compared whole
  bool prefix = false;  // or as the begin of a path; the longest one counts
  unsigned methods = kHttpGet;
  bool blocking = false;      // may wait for a lock or a disk, or compute
  size_t max_body_bytes = 0;  // 0: that of the options
  HttpErrors errors = HttpErrors::kText;
  // Whether a web page may POST or PUT. Where that changes something, a foreign page in the browser
  // of somebody who reaches the server must not be able to.
  bool pages_may_post = false;
  // One of the two.
  std::function<HttpResponse(const HttpRequest&)> handle;
  std::function<void(std::shared_ptr<HttpCall>)> start;
};

struct HttpOptions {
  std::string address;         // "127.0.0.1:4040"; port 0 takes a free one
  Metrics* metrics = nullptr;  // not owned
  size_t max_connections = 256;
  size_t max_header_bytes = size_t{64} << 10;
  size_t max_body_bytes = size_t{64} << 10;
  uint64_t max_held_bytes = uint64_t{256} << 20;  // of all bodies in hand, both ways
  size_t threads = 2;
  absl::Duration request_timeout = absl::Seconds(10);
  absl::Duration response_timeout = absl::Seconds(30);
  absl::Duration idle_timeout = absl::Seconds(75);  // between two requests of a connection
};

class HttpServer {
 public:
  // Listens and serves. Errors: INVALID_ARGUMENT (address), UNAVAILABLE (it can not be listened
  // on).
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(HttpOptions options,
                                                           std::vector<HttpRoute> routes);
  // Stops without grace.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  const std::string& address() const;  // with the port that was really taken

  // Closes the listener and idle connections, and lets replies in hand finish for up to `grace`.
  // Calls that handlers still have are then gone.
  void Stop(absl::Duration grace);

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_HTTP_SERVER_H_
