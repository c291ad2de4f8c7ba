#include "server/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
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

}  // namespace flamekeep::server
