#include "ingest/redis_url.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "base/status.h"

namespace flamekeep::ingest {
namespace {

constexpr size_t kMaxSocketPath = 107;  // of sockaddr_un
constexpr uint32_t kMaxDb = 1'000'000;

// The URL for messages: what stands before the host may hold a password.
std::string Redacted(std::string_view url) {
  const size_t at = url.rfind('@');
  std::string shown;
  if (at == std::string_view::npos) {
    shown = url;
  } else {
    const size_t scheme = url.substr(0, at).find(':');
    if (scheme != std::string_view::npos && url.substr(scheme).starts_with("://")) {
      shown = url.substr(0, scheme + 3);
    }
    shown += "...";
    shown += url.substr(at);
  }
  constexpr size_t kMaxShown = 200;
  return shown.substr(0, kMaxShown);
}

template <typename... Args>
absl::Status Bad(std::string_view url, fmt::format_string<Args...> format, Args&&... args) {
  return InvalidArgument("\"{}\" is no address of a Redis server: {}", Redacted(url),
                         fmt::format(format, std::forward<Args>(args)...));
}

std::optional<unsigned> HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::optional<std::string> PercentDecode(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const std::optional<unsigned> high = HexDigit(text[i + 1]);
    const std::optional<unsigned> low = HexDigit(text[i + 2]);
    if (!high || !low) return std::nullopt;
    decoded += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return decoded;
}

std::optional<uint32_t> ParseNumber(std::string_view text, uint32_t max) {
  if (text.empty()) return std::nullopt;
  uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(c - '0');
    if (value > max) return std::nullopt;
  }
  return static_cast<uint32_t>(value);
}

// Takes "[user][:password]@" off `*rest`, which ends where the host does.
absl::Status TakeUser(std::string_view url, std::string_view* rest, RedisAddress* address) {
  const size_t at = rest->rfind('@');
  if (at == std::string_view::npos) return absl::OkStatus();
  const std::string_view info = rest->substr(0, at);
  rest->remove_prefix(at + 1);
  const size_t colon = std::min(info.find(':'), info.size());
  const auto user = PercentDecode(info.substr(0, colon));
  const auto password = PercentDecode(info.substr(std::min(colon + 1, info.size())));
  if (!user || !password) {
    return Bad(url, "in the user and the password, % must start a code such as %40 for @");
  }
  address->user = *user;
  address->password = *password;
  return absl::OkStatus();
}

absl::Status TakeQuery(std::string_view url, std::string_view query, RedisAddress* address) {
  if (query.empty()) return absl::OkStatus();
  const std::optional<uint32_t> db =
      query.starts_with("db=") ? ParseNumber(query.substr(3), kMaxDb) : std::nullopt;
  if (!db) return Bad(url, "behind the '?' only a database such as db=1 may stand");
  address->db = *db;
  return absl::OkStatus();
}

absl::Status ParseHost(std::string_view url, std::string_view text, RedisAddress* address) {
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    const std::string_view behind = end == std::string_view::npos ? "" : text.substr(end + 1);
    if (end == std::string_view::npos || (!behind.empty() && behind[0] != ':')) {
      return Bad(url, "write an IPv6 address as [2001:db8::1]:6379");
    }
    address->host = text.substr(1, end - 1);
    has_port = !behind.empty();
    if (has_port) port = behind.substr(1);
    const bool valid = address->host.find(':') != std::string::npos &&
                       std::all_of(address->host.begin(), address->host.end(), [](unsigned char c) {
                         return absl::ascii_isalnum(c) || c == ':' || c == '.' || c == '%';
                       });
    if (!valid) return Bad(url, "in [ ] an IPv6 address must stand");
  } else {
    const size_t colon = std::min(text.find(':'), text.size());
    address->host = text.substr(0, colon);
    has_port = colon < text.size();
    if (has_port) port = text.substr(colon + 1);
    if (port.find(':') != std::string_view::npos) {
      return Bad(url, "write an IPv6 address as [2001:db8::1]:6379");
    }
    if (address->host.empty()) return Bad(url, "it names no host");
    const bool valid = std::all_of(address->host.begin(), address->host.end(), [](unsigned char c) {
      return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_';
    });
    if (!valid) return Bad(url, "a host name is made of letters, digits, '.', '-' and '_'");
  }
  constexpr uint32_t kMaxPort = 65535;
  if (has_port) {
    const std::optional<uint32_t> number = ParseNumber(port, kMaxPort);
    if (!number || *number == 0) return Bad(url, "its port is no number from 1 to 65535");
    address->port = static_cast<uint16_t>(*number);
  }
  return absl::OkStatus();
}

absl::StatusOr<RedisAddress> ParseUnix(std::string_view url, std::string_view rest) {
  RedisAddress address;
  const size_t question = std::min(rest.find('?'), rest.size());
  FLAMEKEEP_RETURN_IF_ERROR(
      TakeQuery(url, rest.substr(std::min(question + 1, rest.size())), &address));
  rest = rest.substr(0, question);
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    FLAMEKEEP_RETURN_IF_ERROR(TakeUser(url, &rest, &address));
  }
  const auto path = PercentDecode(rest);
  if (!path || !path->starts_with('/') || path->size() > kMaxSocketPath ||
      path->find('\0') != std::string::npos) {
    return Bad(url, "write an absolute path of at most {} bytes, such as unix:/run/redis.sock",
               kMaxSocketPath);
  }
  address.socket_path = *path;
  return address;
}

}  // namespace

std::string RedisAddress::Display() const {
  std::string shown;
  if (!socket_path.empty()) {
    shown = fmt::format("unix:{}", socket_path);
    if (db != 0) shown += fmt::format("?db={}", db);
    return shown;
  }
  const bool brackets = host.find(':') != std::string::npos;
  shown = brackets ? fmt::format("redis://[{}]:{}", host, port)
                   : fmt::format("redis://{}:{}", host, port);
  if (db != 0) shown += fmt::format("/{}", db);
  return shown;
}

absl::StatusOr<RedisAddress> ParseRedisUrl(std::string_view url) {
  constexpr std::string_view kRedis = "redis://";
  constexpr std::string_view kUnix = "unix:";
  if (url.starts_with("rediss://")) {
    return Bad(url,
               "rediss:// asks for TLS, which this build's hiredis does not have; use redis:// "
               "through a TLS tunnel such as stunnel");
  }
  if (url.starts_with(kUnix)) return ParseUnix(url, url.substr(kUnix.size()));
  std::string_view rest = url;
  if (rest.starts_with(kRedis)) {
    rest.remove_prefix(kRedis.size());
  } else if (rest.find("://") != std::string_view::npos) {
    return Bad(url, "write redis://[user:password@]host[:port][/db]");
  }

  RedisAddress address;
  const size_t question = std::min(rest.find('?'), rest.size());
  FLAMEKEEP_RETURN_IF_ERROR(
      TakeQuery(url, rest.substr(std::min(question + 1, rest.size())), &address));
  rest = rest.substr(0, question);
  const size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view path = rest.substr(std::min(slash + 1, rest.size()));
  rest = rest.substr(0, slash);
  if (!path.empty()) {
    const std::optional<uint32_t> db = ParseNumber(path, kMaxDb);
    if (!db) {
      return Bad(
          url,
          "behind the host's '/' the number of a database must stand (a '/' in a password is "
          "written %2F)");
    }
    address.db = *db;
  }
  FLAMEKEEP_RETURN_IF_ERROR(TakeUser(url, &rest, &address));
  FLAMEKEEP_RETURN_IF_ERROR(ParseHost(url, rest, &address));
  return address;
}

}  // namespace flamekeep::ingest
