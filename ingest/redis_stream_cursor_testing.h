// What tests of AdvanceRedisStream() begin with.
//
// Thread safety: functions of their arguments.
#ifndef FLAMEKEEP_INGEST_REDIS_STREAM_CURSOR_TESTING_H_
#define FLAMEKEEP_INGEST_REDIS_STREAM_CURSOR_TESTING_H_

#include <cstdint>

#include "ingest/redis_stream_cursor.h"

namespace flamekeep::ingest {

inline constexpr int64_t kNow = 1'000'000;  // the server's clock and our own, milliseconds
inline constexpr int64_t kEnd = kNow - kRedisStreamSlackMs;

// Read up to 900,000-0, the tenth entry ever added.
inline RedisStreamCursor Cursor() { return {{900'000, 0}, 10, 905'000, "redis://h:6379"}; }

// A look that finds nothing behind Cursor(): three entries are kept.
inline RedisStreamRound Round() {
  return {.time_ms = kNow,
          .now_ms = kNow,
          .exists = true,
          .length = 3,
          .last_generated = {900'000, 0},
          .added = 10,
          .first = RedisStreamId{880'000, 0},
          .deleted = RedisStreamId{}};
}

inline void AddEntries(uint64_t count, RedisStreamId last, RedisStreamRound* round) {
  round->entries = count;
  round->last_read = round->last_generated = last;
  round->length += count;
  if (round->added) *round->added += count;
}

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_REDIS_STREAM_CURSOR_TESTING_H_
