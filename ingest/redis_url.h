// Addresses of Redis servers as people write them:
//
//   redis://[[user][:password]@]host[:port][/db]     redis://reader:s%40crit@[2001:db8::1]:6380/1
//   redis://:password@host                           the password of the default user
//   unix:///run/redis.sock, unix:/run/redis.sock     [user[:password]@] and ?db=N may be added
//   host, host:port                                  short for redis://host:port
//
// User, password and path may be percent-encoded. rediss:// (TLS) is refused.
//
// Thread safety: values.
#ifndef FLAMEKEEP_INGEST_REDIS_URL_H_
#define FLAMEKEEP_INGEST_REDIS_URL_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace flamekeep::ingest {

struct RedisAddress {
  std::string host;  // without brackets; empty for a unix socket
  uint16_t port = 6379;
  std::string socket_path;  // empty for TCP
  uint32_t db = 0;
  std::string user;      // empty: the default user
  std::string password;  // empty: no AUTH

  // For people and labels: "redis://host:6379/0" or "unix:/run/redis.sock"; never the password.
  std::string Display() const;

  bool operator==(const RedisAddress&) const = default;
};

// Errors: INVALID_ARGUMENT, one sentence that says what to write instead and never shows the
// password.
absl::StatusOr<RedisAddress> ParseRedisUrl(std::string_view url);

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_REDIS_URL_H_
