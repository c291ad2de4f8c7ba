// A server that answers each look at a Redis stream with the replies that it was given, so that
// what is measured is who reads them.
//
// Thread safety: one client at a time; SetReplies() while it waits for nothing. Errors end the
// program.
#ifndef FLAMEKEEP_BENCH_SUPPORT_REDIS_SPEAKER_H_
#define FLAMEKEEP_BENCH_SUPPORT_REDIS_SPEAKER_H_

#include <atomic>
#include <string>
#include <string_view>
#include <thread>

namespace flamekeep::bench {

class RedisSpeaker {
 public:
  // Listens on this Unix socket, which it removes at its end.
  explicit RedisSpeaker(std::string socket_path);
  // REQUIRES: no client is connected any more.
  ~RedisSpeaker();
  RedisSpeaker(const RedisSpeaker&) = delete;
  RedisSpeaker& operator=(const RedisSpeaker&) = delete;

  // Of the next look; they live until its end.
  void SetReplies(const std::string* replies) { replies_ = replies; }
  const std::string& socket_path() const { return socket_path_; }

 private:
  void Serve();
  void Answer(int connection);

  const std::string socket_path_;
  int listener_ = -1;
  std::atomic<const std::string*> replies_ = nullptr;
  std::thread thread_;
};

}  // namespace flamekeep::bench

#endif  // FLAMEKEEP_BENCH_SUPPORT_REDIS_SPEAKER_H_
