// What the connections of an HTTP server share. For http_server.cc and http_session.cc.
#ifndef FLAMEKEEP_SERVER_HTTP_HTTP_HOST_H_
#define FLAMEKEEP_SERVER_HTTP_HTTP_HOST_H_

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "server/http/http_server.h"
#include "server/worker_pool.h"

namespace flamekeep::server {

// The way to the I/O thread, for others: it may be gone.
class HttpLoop {
 public:
  explicit HttpLoop(boost::asio::io_context* io) : io_(io) {}

  // Does nothing once it is closed.
  template <typename Task>
  void Post(Task task) {
    absl::MutexLock lock(&mutex_);
    if (io_ != nullptr) boost::asio::post(*io_, std::move(task));
  }
  void Close() {
    absl::MutexLock lock(&mutex_);
    io_ = nullptr;
  }

 private:
  absl::Mutex mutex_;
  boost::asio::io_context* io_ ABSL_GUARDED_BY(mutex_);
};

// Bytes of bodies, of all calls. Thread safe; calls may outlive the server.
class HttpMemory {
 public:
  explicit HttpMemory(uint64_t max_bytes) : max_bytes_(max_bytes) {}

  // False, and nothing is taken, where there is no room.
  bool Take(uint64_t bytes) {
    if (held_.fetch_add(bytes) + bytes <= max_bytes_) return true;
    held_ -= bytes;
    return false;
  }
  void Give(uint64_t bytes) { held_ -= bytes; }

 private:
  const uint64_t max_bytes_;
  std::atomic<uint64_t> held_ = 0;
};

// What all connections share.
class HttpHost {
 public:
  HttpHost(HttpOptions from, std::vector<HttpRoute> all, boost::asio::io_context* io);

  // Null where there is none. Thread safe.
  const HttpRoute* Find(std::string_view path) const;
  size_t MaxBody(const HttpRoute& route) const {
    return route.max_body_bytes == 0 ? options.max_body_bytes : route.max_body_bytes;
  }

  // Thread safe.
  void Count(std::string_view path, int status);
  void Reject(std::string_view reason);

  // Has the call answered; on the I/O thread where it has no body and does not block. `held` are
  // the bytes that it has taken of the memory.
  void Handle(const HttpRoute& route, std::shared_ptr<HttpCall> call, std::atomic<uint64_t>* held);
  // Posts a new request. False where too many wait.
  bool TryPost(WorkerPool::Task task);

  // What a request is told that finds the memory used up.
  static absl::Status NoRoom();

  const HttpOptions options;
  const std::shared_ptr<HttpLoop> loop;
  const std::shared_ptr<HttpMemory> memory;
  const std::shared_ptr<WorkerPool> workers;
  bool stopping = false;  // the I/O thread's

 private:
  // Takes the gzip off a body.
  absl::Status Unpack(const HttpRoute& route, HttpCall* call, std::atomic<uint64_t>* held);

  std::map<std::string, HttpRoute, std::less<>> routes_;
  std::vector<HttpRoute> prefixes_;  // the longest first
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_HTTP_HOST_H_
