#include "bench/support/redis_speaker.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "base/status.h"
#include "bench/support/must.h"

namespace flamekeep::bench {

RedisSpeaker::RedisSpeaker(std::string socket_path) : socket_path_(std::move(socket_path)) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  socket_path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
  listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      listen(listener_, 1) != 0) {
    Must(Error(absl::StatusCode::kUnavailable, "can not listen on {}: choose another --dir",
               socket_path_));
  }
  thread_ = std::thread([this] { Serve(); });
}

RedisSpeaker::~RedisSpeaker() {
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
  unlink(socket_path_.c_str());
}

void RedisSpeaker::Serve() {
  for (int connection; (connection = accept(listener_, nullptr, nullptr)) >= 0;) {
    Answer(connection);
    close(connection);
  }
}

void RedisSpeaker::Answer(int connection) {
  constexpr std::string_view kLastCommand = "EXEC\r\n";
  std::string asked;
  std::array<char, 4096> piece;
  for (ssize_t got; (got = read(connection, piece.data(), piece.size())) > 0;) {
    asked.append(piece.data(), static_cast<size_t>(got));
    if (!asked.ends_with(kLastCommand)) continue;
    asked.clear();
    for (std::string_view left = *replies_.load(); !left.empty();) {
      const ssize_t sent = send(connection, left.data(), left.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      left.remove_prefix(static_cast<size_t>(sent));
    }
  }
}

}  // namespace flamekeep::bench
