// A TCP client for tests that wants to be slow, rude or silent.
//
// Thread safety: none.
#ifndef FLAMEKEEP_SERVER_HTTP_RAW_CLIENT_H_
#define FLAMEKEEP_SERVER_HTTP_RAW_CLIENT_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/address.h"

namespace flamekeep::server {

class RawClient {
 public:
  // Connects to "127.0.0.1:port".
  explicit RawClient(std::string_view address) {
    const absl::StatusOr<Address> parsed = ParseAddress(address);
    if (!parsed.ok()) return;
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(parsed->port);
    inet_pton(AF_INET, parsed->host.c_str(), &to.sin_addr);
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    connected_ = connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0;
  }
  ~RawClient() {
    if (fd_ >= 0) close(fd_);
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return connected_; }

  // False once the other side has closed.
  bool Send(std::string_view bytes) {
    return send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }

  // Reads until `text` has come, the other side closes, or the time is over; returns everything.
  std::string ReadUntil(std::string_view text, absl::Duration limit = absl::Seconds(10)) {
    const absl::Time end = absl::Now() + limit;
    while (!closed_ && (text.empty() || received_.find(text) == std::string::npos)) {
      pollfd wait{.fd = fd_, .events = POLLIN, .revents = 0};
      const auto left = absl::ToInt64Milliseconds(end - absl::Now());
      if (left <= 0 || poll(&wait, 1, static_cast<int>(left)) <= 0) break;
      std::array<char, 65536> buffer;
      const ssize_t bytes = recv(fd_, buffer.data(), buffer.size(), 0);
      if (bytes <= 0) {
        closed_ = true;
      } else {
        received_.append(buffer.data(), static_cast<size_t>(bytes));
      }
    }
    return received_;
  }
  // Reads until the other side closes.
  std::string ReadAll(absl::Duration limit = absl::Seconds(10)) { return ReadUntil("", limit); }

  bool closed() const { return closed_; }

 private:
  int fd_ = -1;
  bool connected_ = false;
  bool closed_ = false;
  std::string received_;
};

// The whole reply to "GET path" on a connection of its own.
inline std::string Get(std::string_view address, std::string_view path) {
  RawClient client(address);
  client.Send("GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  return client.ReadAll();
}

struct FetchedReply {
  int status = 0;
  std::string head;  // with the status line
  std::string body;  // without chunks
  bool complete = false;

  // The value of a header; empty where there is none.
  std::string Header(std::string_view name) const {
    const size_t at = head.find("\r\n" + std::string(name) + ": ");
    if (at == std::string::npos) return "";
    const size_t begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
};

// One request on a connection of its own. `headers` are whole lines.
inline FetchedReply Fetch(std::string_view address, std::string_view method, std::string_view path,
                          std::string_view headers = "", std::string_view body = "") {
  RawClient client(address);
  std::string request = std::string(method) + " " + std::string(path) +
                        " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + std::string(headers);
  if (method != "GET") request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  client.Send(request + "\r\n" + std::string(body));
  const std::string text = client.ReadAll();
  FetchedReply reply;
  const size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos) return reply;
  reply.head = text.substr(0, end + 2);
  reply.status = std::stoi(reply.head.substr(std::string_view("HTTP/1.1 ").size()));
  reply.body = text.substr(end + 4);
  reply.complete = true;
  if (reply.Header("Transfer-Encoding") != "chunked") return reply;
  std::string chunks;
  chunks.swap(reply.body);
  reply.complete = false;
  for (size_t at = 0; at < chunks.size();) {
    const size_t line = chunks.find("\r\n", at);
    if (line == std::string::npos) break;
    const size_t size = std::stoul(chunks.substr(at, line - at), nullptr, 16);
    reply.complete = size == 0;
    reply.body += chunks.substr(line + 2, size);
    at = line + 2 + size + 2;
  }
  return reply;
}

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_RAW_CLIENT_H_
