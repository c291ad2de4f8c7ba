#include "server/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <system_error>

#include "base/status.h"

namespace flamekeep::server {

void NotifySystemd(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");  // NOLINT(concurrency-mt-unsafe): only read
  if (path == nullptr) return;
  const size_t length = std::strlen(path);
  sockaddr_un address{};
  if ((path[0] != '/' && path[0] != '@') || length >= sizeof(address.sun_path)) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = '\0';  // in the abstract namespace
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  sendto(fd, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
         static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length));
  close(fd);
}

absl::Status WriteReadyFile(const std::string& path, std::string_view grpc, std::string_view http) {
  const std::string temporary = path + ".new";
  bool written = false;
  {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    // Addresses hold nothing that JSON would escape.
    out << fmt::format("{{\"pid\": {}, \"grpc\": \"{}\", \"http\": \"{}\"}}\n", getpid(), grpc,
                       http);
    out.close();
    written = out.good();
  }
  if (written && std::rename(temporary.c_str(), path.c_str()) == 0) return absl::OkStatus();
  const std::error_code error(errno, std::generic_category());
  return Error(absl::StatusCode::kInvalidArgument,
               "can not write the ready file {}: {}: choose another path", path, error.message());
}

}  // namespace flamekeep::server
