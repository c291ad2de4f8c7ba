// The id of an entry of a Redis stream, "ms-seq": its place in the stream and its time.
//
// Thread safety: values.
#ifndef FLAMEKEEP_INGEST_REDIS_STREAM_ID_H_
#define FLAMEKEEP_INGEST_REDIS_STREAM_ID_H_

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flamekeep::ingest {

struct RedisStreamId {
  uint64_t ms = 0;  // Unix milliseconds by the Redis server's clock
  uint64_t seq = 0;

  // "1795176000000-0". Nothing for other text.
  static std::optional<RedisStreamId> Parse(std::string_view text);
  // The last id before all of a millisecond; 0-0 has nothing before it.
  static RedisStreamId Before(uint64_t ms) {
    return ms == 0 ? RedisStreamId{} : RedisStreamId{ms - 1, UINT64_MAX};
  }
  std::string Text() const;

  auto operator<=>(const RedisStreamId&) const = default;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_REDIS_STREAM_ID_H_
