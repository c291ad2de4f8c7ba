// Any bytes as the address of a Redis server: an address that can be shown and read again, or one
// sentence of text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/status.h"
#include "ingest/redis_url.h"

using flamekeep::ingest::ParseRedisUrl;
using flamekeep::ingest::RedisAddress;

namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view url(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<RedisAddress> parsed = ParseRedisUrl(url);
  if (!parsed.ok()) {
    Check(parsed.status().code() == absl::StatusCode::kInvalidArgument);
    return 0;
  }
  Check(parsed->host.empty() != parsed->socket_path.empty());
  Check(parsed->port != 0);
  // A socket's path may hold characters that a URL must encode, which Display() does not.
  if (parsed->socket_path.empty()) {
    RedisAddress shown = *parsed;
    shown.user.clear();
    shown.password.clear();
    const absl::StatusOr<RedisAddress> again = ParseRedisUrl(parsed->Display());
    Check(again.ok() && *again == shown);
  }
  return 0;
}
