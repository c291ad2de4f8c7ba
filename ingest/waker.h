// A descriptor that becomes readable when another thread wants attention, for poll().
//
// Thread safety: all methods.
#ifndef FLAMEKEEP_INGEST_WAKER_H_
#define FLAMEKEEP_INGEST_WAKER_H_

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace flamekeep::ingest {

class Waker {
 public:
  Waker() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~Waker() { close(fd_); }
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;

  // Readable from now on, for ever.
  void Wake() const {
    const uint64_t one = 1;
    // The only failure, a counter that is full, leaves the descriptor readable too.
    [[maybe_unused]] const ssize_t written = write(fd_, &one, sizeof(one));
  }
  int fd() const { return fd_; }

 private:
  const int fd_;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_WAKER_H_
