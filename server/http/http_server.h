// A small HTTP/1.1 server: fixed routes, GET and HEAD, plain replies. Boost.Beast stays behind this
// header.
//
// Nobody can hold it up: a request must be complete request_timeout after its first byte, a reply
// must be taken within response_timeout, header and body are bounded, and at max_connections a
// newcomer takes the place of the connection that has been silent or dripping the longest. What is
// cut is counted.
//
// Threading: one thread serves all connections; routes that block run on a worker thread. Handlers
// must be thread safe. All methods are thread safe.
#ifndef FLAMEKEEP_SERVER_HTTP_HTTP_SERVER_H_
#define FLAMEKEEP_SERVER_HTTP_HTTP_SERVER_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/metrics.h"

namespace flamekeep::server {

struct HttpRequest {
  std::string path;   // as sent, without the query
  std::string query;  // what stands after '?', still encoded
};

struct HttpResponse {
  int status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
};

struct HttpRoute {
  std::string path;       // compared whole
  bool blocking = false;  // may wait for a lock or a disk
  std::function<HttpResponse(const HttpRequest&)> handle;
};

struct HttpOptions {
  std::string address;         // "127.0.0.1:4040"; port 0 takes a free one
  Metrics* metrics = nullptr;  // not owned
  size_t max_connections = 256;
  size_t max_header_bytes = size_t{16} << 10;
  size_t max_body_bytes = size_t{64} << 10;
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
  void Stop(absl::Duration grace);

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_HTTP_SERVER_H_
