// What a look at a stream may promise, and what it must leave as it is: replicas, clocks, ranges
// that are final.
#include <gtest/gtest.h>

#include <optional>

#include "ingest/redis_stream_cursor.h"
#include "ingest/redis_stream_cursor_testing.h"

namespace flamekeep::ingest {
namespace {

using storage::Gap;
using storage::GapReason;

TEST(RedisStreamMarks, AReplicaIsCompleteOnlyToWhatItHas) {
  RedisStreamRound round = Round();
  round.replica = true;
  AddEntries(5, {950'000, 0}, &round);
  EXPECT_EQ(AdvanceRedisStream(Cursor(), round).cursor.complete_ms, 950'000);
}

TEST(RedisStreamMarks, AReplicaThatIsBehindIsWaitedFor) {
  // Of the ten entries that were read elsewhere it has eight, or not even the stream.
  RedisStreamRound less = Round();
  less.replica = true;
  less.last_generated = {890'000, 0};
  less.added = 8;
  for (const RedisStreamRound& round :
       {less, RedisStreamRound{.time_ms = kNow, .now_ms = kNow, .replica = true}}) {
    const RedisStreamAdvance advance = AdvanceRedisStream(Cursor(), round);
    EXPECT_EQ(advance.cursor, Cursor());
    EXPECT_FALSE(advance.gap);
    EXPECT_EQ(advance.lost, 0u);
    EXPECT_FALSE(advance.read_again);
  }
  // It caught up: only what is new is read.
  RedisStreamRound round = Round();
  round.replica = true;
  AddEntries(2, {990'000, 0}, &round);
  RedisStreamAdvance advance = AdvanceRedisStream(Cursor(), round);
  EXPECT_FALSE(advance.gap);
  EXPECT_EQ(advance.lost, 0u);
  EXPECT_EQ(advance.cursor.added, 12u);
  // It was promoted without them.
  less.replica = false;
  advance = AdvanceRedisStream(Cursor(), less);
  EXPECT_EQ(advance.gap, (Gap{905'000, kNow, GapReason::kReplaced}));
  // It is not waited for at an id of the future.
  less.replica = true;
  RedisStreamCursor future = Cursor();
  future.id = {99'000'000, 0};
  EXPECT_TRUE(AdvanceRedisStream(future, less).gap);
}

TEST(RedisStreamMarks, AReplicaThatIsEmptyAtTheFirstLookHasLostNothing) {
  const RedisStreamRound empty{.time_ms = kNow, .now_ms = kNow, .replica = true};
  RedisStreamAdvance advance = AdvanceRedisStream(std::nullopt, empty);
  EXPECT_EQ(advance.cursor, RedisStreamCursor{});
  // Then it is sent the stream, of which three entries are left.
  RedisStreamRound round = Round();
  round.replica = true;
  round.entries = 3;
  round.last_read = round.last_generated;
  advance = AdvanceRedisStream(advance.cursor, round);
  EXPECT_EQ(advance.lost, 0u);
  EXPECT_FALSE(advance.gap);
  EXPECT_EQ(advance.cursor.added, 10u);
}

TEST(RedisStreamMarks, IsCompleteByBothClocks) {
  // The server's clock is two hours ahead, for one look.
  constexpr int64_t kAhead = kNow + 7'200'000;
  RedisStreamRound round = Round();
  round.time_ms = kAhead;
  EXPECT_EQ(AdvanceRedisStream(Cursor(), round).cursor.complete_ms, kEnd);
  // Also where entries have such ids.
  AddEntries(2, {kAhead, 0}, &round);
  RedisStreamAdvance advance = AdvanceRedisStream(Cursor(), round);
  EXPECT_EQ(advance.cursor.complete_ms, kEnd);
  EXPECT_EQ(advance.cursor.id, (RedisStreamId{kAhead, 0}));
  EXPECT_FALSE(IsLate(advance.cursor.complete_ms, {kNow, 0}));
  round.full = true;
  EXPECT_EQ(AdvanceRedisStream(Cursor(), round).cursor.complete_ms, kEnd);
  // Ours is ahead.
  round = Round();
  round.now_ms = kAhead;
  EXPECT_EQ(AdvanceRedisStream(Cursor(), round).cursor.complete_ms, kEnd);
  // The first look.
  round = {.time_ms = kAhead, .now_ms = kNow};
  advance = AdvanceRedisStream(std::nullopt, round);
  EXPECT_EQ(advance.begins_ms, kNow);
  EXPECT_EQ(advance.cursor.complete_ms, kEnd);
}

TEST(RedisStreamMarks, ComesBackFromTheFuture) {
  RedisStreamCursor cursor = Cursor();
  cursor.complete_ms = kNow + kRedisStreamClockErrorMs;  // may be the slack of clocks
  EXPECT_EQ(AdvanceRedisStream(cursor, Round()).cursor.complete_ms, cursor.complete_ms);
  EXPECT_FALSE(AdvanceRedisStream(cursor, Round()).gap);

  ++cursor.complete_ms;
  RedisStreamRound round = Round();
  AddEntries(2, {990'000, 0}, &round);
  RedisStreamAdvance advance = AdvanceRedisStream(cursor, round);
  EXPECT_EQ(advance.gap, (Gap{kEnd, kNow, GapReason::kReplaced}));
  EXPECT_EQ(advance.cursor.complete_ms, kEnd);
  EXPECT_EQ(advance.cursor.id, Cursor().id);
  EXPECT_EQ(advance.cursor.added, 10u);
  // What this look found late comes again.
  EXPECT_TRUE(advance.read_again);
  advance = AdvanceRedisStream(advance.cursor, round);
  EXPECT_FALSE(advance.read_again);
  EXPECT_FALSE(advance.gap);
  EXPECT_EQ(advance.lost, 0u);
  EXPECT_EQ(advance.cursor.added, 12u);
  // Not while one of the clocks still says so.
  round.time_ms = cursor.complete_ms;
  advance = AdvanceRedisStream(cursor, round);
  EXPECT_FALSE(advance.gap);
  EXPECT_EQ(advance.cursor.complete_ms, cursor.complete_ms);
}

TEST(RedisStreamMarks, LateIsWhatLiesInACompleteMinute) {
  EXPECT_TRUE(IsLate(120'500, {119'999, 9}));
  EXPECT_FALSE(IsLate(120'500, {120'000, 0}));
  EXPECT_FALSE(IsLate(120'500, {UINT64_MAX, 0}));
}

TEST(RedisStreamMarks, TheFirstLookLeavesOutWhatIsFinal) {
  // Other sources made final what is before 890,500: the minute from 840,000 to 900,000 is not.
  RedisStreamRound round = Round();
  round.final_ms = 890'500;
  round.first = RedisStreamId{700'000, 0};
  round.full = true;
  round.entries = 1;
  round.last_read = round.first;
  RedisStreamAdvance advance = AdvanceRedisStream(std::nullopt, round);
  EXPECT_EQ(advance.left_out, (Gap{700'000, 840'000, GapReason::kReplaced}));
  EXPECT_FALSE(advance.gap);
  EXPECT_EQ(advance.begins_ms, 840'000);
  // It holds nothing back while it gets there, and goes on so after a restart.
  EXPECT_EQ(advance.cursor, (RedisStreamCursor{{700'000, 0}, 8, 890'500, ""}));
  EXPECT_TRUE(IsLate(advance.cursor.complete_ms, {839'999, 0}));
  EXPECT_FALSE(IsLate(advance.cursor.complete_ms, {840'000, 0}));
  round.final_ms = 0;
  round.entries = 2;
  round.last_read = RedisStreamId{900'000, 0};
  round.full = false;
  advance = AdvanceRedisStream(advance.cursor, round);
  EXPECT_FALSE(advance.gap);
  EXPECT_EQ(advance.cursor.complete_ms, kEnd);

  // Nothing of it is final.
  round = Round();
  round.final_ms = 890'500;
  round.first = RedisStreamId{840'000, 0};
  advance = AdvanceRedisStream(std::nullopt, round);
  EXPECT_FALSE(advance.left_out);
  EXPECT_EQ(advance.begins_ms, 840'000);
  // No stream yet.
  advance =
      AdvanceRedisStream(std::nullopt, {.time_ms = kNow, .now_ms = kNow, .final_ms = 890'500});
  EXPECT_FALSE(advance.gap);
  EXPECT_EQ(advance.begins_ms, kNow);
}

TEST(RedisStreamMarks, GapsOfAMinuteAreOne) {
  const Gap gap{120'100, 130'000, GapReason::kTrimmed};
  const Gap next{135'000, 136'000, GapReason::kTrimmed};
  EXPECT_TRUE(GoesOn(gap, next, 135'000));
  EXPECT_TRUE(GoesOn(gap, next, 120'000));
  EXPECT_FALSE(GoesOn(gap, {135'000, 136'000, GapReason::kReplaced}, 135'000));
  // Answers over the first minute may have named it.
  EXPECT_FALSE(GoesOn(gap, next, 180'000));
  EXPECT_TRUE(GoesOn(gap, next, 179'999));
  // A minute apart.
  EXPECT_TRUE(GoesOn(gap, {189'999, 190'000, GapReason::kTrimmed}, 179'999));
  EXPECT_FALSE(GoesOn(gap, {190'000, 191'000, GapReason::kTrimmed}, 179'999));
}

}  // namespace
}  // namespace flamekeep::ingest
