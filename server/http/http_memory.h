// The memory of HTTP's bodies: requests that are read or worked on, and replies that wait to be
// taken.
//
// Thread safety: HttpMemory, all methods; a charge, none.
#ifndef FLAMEKEEP_SERVER_HTTP_HTTP_MEMORY_H_
#define FLAMEKEEP_SERVER_HTTP_HTTP_MEMORY_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace flamekeep::server {

// The budget that all share.
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

// What one body has of it, until it is destroyed.
class HttpCharge {
 public:
  explicit HttpCharge(std::shared_ptr<HttpMemory> memory) : memory_(std::move(memory)) {}
  HttpCharge(HttpCharge&& other) noexcept
      : memory_(std::move(other.memory_)), bytes_(std::exchange(other.bytes_, 0)) {}
  HttpCharge& operator=(HttpCharge&&) = delete;
  ~HttpCharge() {
    if (memory_ != nullptr) memory_->Give(bytes_);
  }

  // False where there is no room for so many more.
  bool Add(uint64_t bytes) {
    if (!memory_->Take(bytes)) return false;
    bytes_ += bytes;
    return true;
  }
  // One of the same budget, without any bytes yet.
  HttpCharge Another() const { return HttpCharge(memory_); }

  uint64_t bytes() const { return bytes_; }

 private:
  std::shared_ptr<HttpMemory> memory_;
  uint64_t bytes_ = 0;
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_HTTP_MEMORY_H_
