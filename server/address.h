// Listen addresses: "127.0.0.1:4041", "[::1]:4041", "localhost:0". Pure functions, but for
// Resolve() and TryToBind().
#ifndef FLAMEKEEP_SERVER_ADDRESS_H_
#define FLAMEKEEP_SERVER_ADDRESS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

#include "absl/status/statusor.h"

namespace flamekeep::server {

struct Address {
  std::string host;  // a name or an IP address, without brackets
  uint16_t port = 0;

  // "host:port", an IPv6 host in brackets.
  std::string ToString() const;
};

// Errors: INVALID_ARGUMENT tells the form that is wanted.
absl::StatusOr<Address> ParseAddress(std::string_view text);

// The same address with its host as a numeric IP address. Errors: NOT_FOUND for an unknown host.
absl::StatusOr<Address> Resolve(const Address& address);

// Why a server could not have the address; nothing where it could. REQUIRES: the host is numeric.
std::error_code TryToBind(const Address& numeric);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_ADDRESS_H_
