// How far a stream has been read, and what a look at it says about what was missed.
//
// An entry that was added and is not there any more was lost if it stood behind the cursor. Redis
// (from 7.0 on) counts what was ever added to a stream, so
//
//   lost = (added by now - added up to the cursor) - entries that are there behind the cursor
//
// exactly, whether they were trimmed (MAXLEN, MINID) or deleted (XDEL). A stream that was deleted
// and made again, or whose server was replaced by one that has less (a failover, a restart without
// the last writes), shows itself by a count or a last id that went back, or by more entries than
// were added. An older Redis does not count: then a stream whose first entry lies behind the cursor
// may have lost some, and a gap is recorded. A replica that has less is only behind: nothing moves
// until it has caught up. (A promoted one says that it is a master.)
//
// A stream that is read for the first time where other sources have made minutes final is complete
// to there from the beginning: what it has of that time is left out.
//
// Thread safety: values, and functions of their arguments.
#ifndef FLAMEKEEP_INGEST_REDIS_STREAM_CURSOR_H_
#define FLAMEKEEP_INGEST_REDIS_STREAM_CURSOR_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "ingest/redis_stream_id.h"
#include "storage/progress.h"

namespace flamekeep::ingest {

struct RedisStreamCursor {
  RedisStreamId id;  // everything up to it is read, or known to be lost
  // Entries ever added to the stream up to `id`. 0: there was no stream, or nothing in it yet;
  // nothing: not known.
  std::optional<uint64_t> added;
  // All that the stream had before it is read, Unix milliseconds. Goes back only where clocks that
  // were wrong had put it into the future.
  int64_t complete_ms = 0;
  std::string address;  // of the server that was read, for people

  // As in storage::Position::cursor: "<id> <added or -> <complete_ms> <address>". Errors:
  // DATA_LOSS.
  static absl::StatusOr<RedisStreamCursor> Parse(std::string_view text);
  std::string Text() const;

  bool operator==(const RedisStreamCursor&) const = default;
};

// One look at a stream: all of it is of one moment.
struct RedisStreamRound {
  int64_t time_ms = 0;  // the server's clock
  int64_t now_ms = 0;   // our own one, shortly before
  // At the first look: where what the stream could change is final; 0: nowhere.
  int64_t final_ms = 0;
  bool replica = false;  // the server copies another one, and may be behind it
  bool exists = false;
  uint64_t length = 0;
  RedisStreamId last_generated;
  std::optional<uint64_t> added;           // entries ever added
  std::optional<RedisStreamId> first;      // the first entry that is there
  std::optional<RedisStreamId> deleted;    // the highest id that XDEL removed
  uint64_t entries = 0;                    // read: those behind the cursor
  std::optional<RedisStreamId> last_read;  // the last of them
  bool full = false;                       // there may be more of them
};

// What follows from a look.
struct RedisStreamAdvance {
  RedisStreamCursor cursor;
  int64_t begins_ms = 0;  // since when the stream is read: at the first look, else 0
  uint64_t lost = 0;      // entries that were removed before they were read, as far as is known
  // Never before the old cursor's complete_ms, but where that lay in the future.
  std::optional<storage::Gap> gap;
  // At the first look: the time before final_ms of which the stream has entries. Answers that are
  // final must not change for it, so it is a gap only outside of what is final.
  std::optional<storage::Gap> left_out;
  std::optional<uint64_t> unread;  // entries behind the new cursor
  bool read_again = false;         // what was read in this look comes again
};

// How far behind a server's clock, and our own, its streams are called complete: ids that
// publishers choose, or a clock that is set back a little.
inline constexpr int64_t kRedisStreamSlackMs = 5000;
// What lies further ahead of a clock than this was made by a clock that was wrong.
inline constexpr int64_t kRedisStreamClockErrorMs = 3'600'000;

// `cursor`: nothing at the first look.
RedisStreamAdvance AdvanceRedisStream(const std::optional<RedisStreamCursor>& cursor,
                                      const RedisStreamRound& round);

// Whether an entry lies in a minute that was complete before: it would change what is final.
bool IsLate(int64_t complete_ms, RedisStreamId entry);

// Whether a gap goes on with `next`, which was found where the stream was complete to
// `complete_ms`: they have one reason and are less than a minute apart. A gap that touches a minute
// that was complete stays as it is: answers over it name it.
bool GoesOn(const storage::Gap& gap, const storage::Gap& next, int64_t complete_ms);

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_REDIS_STREAM_CURSOR_H_
