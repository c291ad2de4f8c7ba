#include "server/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <memory>

#include "base/status.h"
#include "server/text.h"

namespace flamekeep::server {

std::string Address::ToString() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

absl::StatusOr<Address> ParseAddress(std::string_view text) {
  const auto wrong = [&] {
    return InvalidArgument("\"{}\" is not an address: write HOST:PORT, such as 127.0.0.1:4041",
                           Shorten(text));
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return wrong();
  }
  Address address{std::string(host), 0};
  const auto [rest, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (host.empty() || port.empty() || error != std::errc() || rest != port.data() + port.size() ||
      host.find_first_of(std::string_view("\0 /", 3)) != std::string_view::npos) {
    return wrong();
  }
  return address;
}

absl::StatusOr<Address> Resolve(const Address& address) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(address.host.c_str(), nullptr, &hints, &found); error != 0) {
    return NotFound("the host of the address \"{}\" is unknown ({}): write an IP address",
                    Shorten(address.ToString()), gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  std::array<char, NI_MAXHOST> host{};
  if (getnameinfo(found->ai_addr, found->ai_addrlen, host.data(), host.size(), nullptr, 0,
                  NI_NUMERICHOST) != 0) {
    return NotFound("the address \"{}\" is of an unknown family: write an IP address",
                    Shorten(address.ToString()));
  }
  return Address{host.data(), address.port};
}

std::error_code TryToBind(const Address& numeric) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(numeric.host.c_str(), std::to_string(numeric.port).c_str(), &hints, &found) !=
      0) {
    return std::make_error_code(std::errc::invalid_argument);
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  const int probe = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return {errno, std::generic_category()};
  // As servers do: connections of one that has just ended are no obstacle.
  const int yes = 1;
  std::error_code error;
  if (setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
      bind(probe, found->ai_addr, found->ai_addrlen) != 0) {
    error = {errno, std::generic_category()};
  }
  close(probe);
  return error;
}

}  // namespace flamekeep::server
