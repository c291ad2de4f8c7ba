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

#include "base/metrics.h"

namespace flamekeep::server {

// The budget that all share.
class HttpMemory {
 public:
  // `metrics` outlives it; null: nobody is told.
  HttpMemory(uint64_t max_bytes, Metrics* metrics)
      : max_bytes_(max_bytes),
        gauge_(metrics == nullptr
                   ? nullptr
                   : &metrics->GetGauge("http_held_bytes",
                                        "bytes of HTTP bodies in hand, of limits.http_memory")) {}

  // False, and nothing is taken, where there is no room.
  bool Take(uint64_t bytes) {
    if (held_.fetch_add(bytes) + bytes > max_bytes_) {
      held_ -= bytes;
      return false;
    }
    if (gauge_ != nullptr) gauge_->Add(static_cast<double>(bytes));
    return true;
  }
  void Give(uint64_t bytes) {
    held_ -= bytes;
    if (gauge_ != nullptr) gauge_->Add(-static_cast<double>(bytes));
  }

 private:
  const uint64_t max_bytes_;
  Gauge* const gauge_;
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
