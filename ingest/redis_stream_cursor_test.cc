#include "ingest/redis_stream_cursor.h"

#include <gtest/gtest.h>

#include <string>

#include "ingest/redis_stream_cursor_testing.h"

namespace flamekeep::ingest {
namespace {

using storage::Gap;
using storage::GapReason;

TEST(RedisStreamCursor, Text) {
  for (const RedisStreamCursor& cursor :
       {Cursor(), RedisStreamCursor{{1, 2}, std::nullopt, 0, "unix:/a path"}}) {
    const auto parsed = RedisStreamCursor::Parse(cursor.Text());
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, cursor);
  }
  EXPECT_EQ(Cursor().Text(), "900000-0 10 905000 redis://h:6379");
  for (const char* text : {"", "1-2", "1-2 3", "1 3 4 a", "1-2 x 4 a", "1-2 3 x a", "1--2 3 4 a",
                           "99999999999999999999-0 1 2 a"}) {
    EXPECT_FALSE(RedisStreamCursor::Parse(text).ok()) << text;
  }
}

TEST(RedisStreamCursor, NothingNew) {
  const RedisStreamAdvance advance = AdvanceRedisStream(Cursor(), Round());
  RedisStreamCursor expected = Cursor();
  expected.complete_ms = kEnd;
  EXPECT_EQ(advance.cursor, expected);
  EXPECT_EQ(advance.lost, 0u);
  EXPECT_FALSE(advance.gap);
  EXPECT_EQ(advance.unread, 0u);
  EXPECT_EQ(advance.begins_ms, 0);
  // A clock that was set back takes nothing back.
  RedisStreamRound round = Round();
  round.time_ms = 800'000;
  EXPECT_EQ(AdvanceRedisStream(Cursor(), round).cursor, Cursor());
}

TEST(RedisStreamCursor, ReadToTheEndOrNot) {
  RedisStreamRound round = Round();
  AddEntries(5, {990'000, 7}, &round);
  RedisStreamAdvance advance = AdvanceRedisStream(Cursor(), round);
  EXPECT_EQ(advance.cursor.id, (RedisStreamId{990'000, 7}));
  EXPECT_EQ(advance.cursor.added, 15u);
  EXPECT_EQ(advance.cursor.complete_ms, kEnd);
  EXPECT_EQ(advance.unread, 0u);

  round.full = true;
  round.last_read = RedisStreamId{950'000, 0};
  round.added = 25;
  advance = AdvanceRedisStream(Cursor(), round);
  EXPECT_EQ(advance.cursor.id, (RedisStreamId{950'000, 0}));
  EXPECT_EQ(advance.cursor.added, 15u);
  EXPECT_EQ(advance.cursor.complete_ms, 950'000);
  EXPECT_EQ(advance.unread, 10u);
  EXPECT_FALSE(advance.gap);
}

TEST(RedisStreamCursor, TrimmedBeforeItWasRead) {
  // 20 more were added, of which the last 6 are there.
  RedisStreamRound round = Round();
  round.added = 30;
  round.length = 6;
  round.first = RedisStreamId{960'000, 0};
  round.last_generated = {990'000, 0};
  round.entries = 6;
  round.last_read = RedisStreamId{990'000, 0};
  const Gap gap{905'000, 960'001, GapReason::kTrimmed};
  RedisStreamAdvance advance = AdvanceRedisStream(Cursor(), round);
  EXPECT_EQ(advance.lost, 14u);
  EXPECT_EQ(advance.gap, gap);
  EXPECT_EQ(advance.cursor.added, 30u);

  // The same where not all that is there was read at once.
  round.full = true;
  round.entries = 2;
  round.last_read = RedisStreamId{970'000, 0};
  advance = AdvanceRedisStream(Cursor(), round);
  EXPECT_EQ(advance.lost, 14u);
  EXPECT_EQ(advance.gap, gap);
  EXPECT_EQ(advance.cursor.added, 26u);
  EXPECT_EQ(advance.unread, 4u);

  // All of them are gone.
  round = Round();
  round.added = 13;
  round.length = 0;
  round.first.reset();
  round.last_generated = {970'000, 0};
  advance = AdvanceRedisStream(Cursor(), round);
  EXPECT_EQ(advance.lost, 3u);
  EXPECT_EQ(advance.gap, (Gap{905'000, 970'001, GapReason::kTrimmed}));
  EXPECT_EQ(advance.cursor.id, (RedisStreamId{970'000, 0}));
  // And only once.
  advance = AdvanceRedisStream(advance.cursor, round);
  EXPECT_EQ(advance.lost, 0u);
  EXPECT_FALSE(advance.gap);
}

TEST(RedisStreamCursor, TrimmedAfterItWasReadIsNoLoss) {
  RedisStreamRound round = Round();
  AddEntries(2, {990'000, 0}, &round);
  round.length = 2;
  round.first = RedisStreamId{980'000, 0};
  const RedisStreamAdvance advance = AdvanceRedisStream(Cursor(), round);
  EXPECT_EQ(advance.lost, 0u);
  EXPECT_FALSE(advance.gap);
}

TEST(RedisStreamCursor, DeletedBeforeItWasRead) {
  // Of 5 entries 2 were deleted from between; known once the end is reached.
  RedisStreamRound round = Round();
  AddEntries(3, {990'000, 0}, &round);
  round.added = 15;
  round.deleted = RedisStreamId{950'000, 0};
  const RedisStreamAdvance advance = AdvanceRedisStream(Cursor(), round);
  EXPECT_EQ(advance.lost, 2u);
  EXPECT_EQ(advance.gap, (Gap{905'000, 950'001, GapReason::kTrimmed}));
}

TEST(RedisStreamCursor, FailoverToAServerThatHasLess) {
  RedisStreamRound round = Round();
  round.last_generated = {890'000, 0};
  round.added = 8;
  const RedisStreamAdvance advance = AdvanceRedisStream(Cursor(), round);
  EXPECT_EQ(advance.gap, (Gap{905'000, kNow, GapReason::kReplaced}));
  EXPECT_EQ(advance.lost, 0u);
  EXPECT_EQ(advance.cursor.id, (RedisStreamId{890'000, 0}));
  EXPECT_EQ(advance.cursor.added, 8u);
  EXPECT_FALSE(advance.read_again);
  // It goes on from there.
  AddEntries(1, {995'000, 0}, &round);
  const RedisStreamAdvance next = AdvanceRedisStream(advance.cursor, round);
  EXPECT_FALSE(next.gap);
  EXPECT_EQ(next.cursor.id, (RedisStreamId{995'000, 0}));
  EXPECT_EQ(next.cursor.added, 9u);
}

TEST(RedisStreamCursor, FailoverIsSeenByMoreEntriesThanWereAdded) {
  // Two of those that were read are not there; five are new: the counts went up all the same.
  RedisStreamRound round = Round();
  AddEntries(5, {990'000, 0}, &round);
  round.added = 13;
  const RedisStreamAdvance advance = AdvanceRedisStream(Cursor(), round);
  EXPECT_EQ(advance.gap, (Gap{905'000, kNow, GapReason::kReplaced}));
  EXPECT_EQ(advance.cursor.id, (RedisStreamId{990'000, 0}));
  EXPECT_EQ(advance.cursor.added, 13u);
}

TEST(RedisStreamCursor, DeletedAndMadeAgain) {
  RedisStreamRound gone{.time_ms = kNow, .now_ms = kNow};
  RedisStreamAdvance advance = AdvanceRedisStream(Cursor(), gone);
  EXPECT_EQ(advance.gap, (Gap{905'000, kNow, GapReason::kReplaced}));
  EXPECT_EQ(advance.cursor.id, Cursor().id);
  EXPECT_EQ(advance.cursor.added, 0u);
  EXPECT_EQ(advance.cursor.complete_ms, kEnd);
  // While it is away it is idle.
  gone.time_ms += 1000;
  gone.now_ms += 1000;
  advance = AdvanceRedisStream(advance.cursor, gone);
  EXPECT_FALSE(advance.gap);
  EXPECT_EQ(advance.cursor.complete_ms, kEnd + 1000);
  // What was trimmed of the new one is counted.
  RedisStreamRound again{.time_ms = kNow + 9000,
                         .now_ms = kNow + 9000,
                         .exists = true,
                         .length = 4,
                         .last_generated = {kNow + 8000, 0},
                         .added = 6,
                         .first = RedisStreamId{kNow + 5000, 0},
                         .entries = 4,
                         .last_read = RedisStreamId{kNow + 8000, 0}};
  const RedisStreamAdvance after = AdvanceRedisStream(advance.cursor, again);
  EXPECT_EQ(after.lost, 2u);
  EXPECT_EQ(after.gap, (Gap{kEnd + 1000, kNow + 5001, GapReason::kTrimmed}));
  EXPECT_EQ(after.cursor.added, 6u);

  // Not seen while it was away.
  const RedisStreamAdvance unseen = AdvanceRedisStream(Cursor(), again);
  EXPECT_EQ(unseen.gap, (Gap{905'000, kNow + 5001, GapReason::kReplaced}));
  EXPECT_EQ(unseen.cursor, (RedisStreamCursor{{kNow + 8000, 0}, 6, kNow + 4000, "redis://h:6379"}));
}

TEST(RedisStreamCursor, AnIdOfTheFutureDoesNotHideWhatComesAfterIt) {
  RedisStreamCursor cursor = Cursor();
  cursor.id = {99'000'000, 0};
  // Deleted, and made again with ids of the present.
  RedisStreamRound round = Round();
  round.length = 2;
  round.added = 2;
  round.first = RedisStreamId{990'000, 0};
  round.last_generated = {991'000, 0};
  RedisStreamAdvance advance = AdvanceRedisStream(cursor, round);
  EXPECT_TRUE(advance.read_again);
  EXPECT_EQ(advance.cursor.id, RedisStreamId::Before(905'000));
  EXPECT_EQ(advance.cursor.added, 0u);
  EXPECT_EQ(advance.cursor.complete_ms, 905'000);
  ASSERT_TRUE(advance.gap);
  EXPECT_EQ(advance.gap->reason, GapReason::kReplaced);
  // The next look finds both.
  round.entries = 2;
  round.last_read = RedisStreamId{991'000, 0};
  advance = AdvanceRedisStream(advance.cursor, round);
  EXPECT_FALSE(advance.gap);
  EXPECT_EQ(advance.lost, 0u);
  EXPECT_EQ(advance.cursor.added, 2u);
}

TEST(RedisStreamCursor, TheFirstLook) {
  // Begins with the first entry that is there, whatever was trimmed before.
  RedisStreamRound round = Round();
  round.entries = 3;
  round.last_read = round.last_generated;
  RedisStreamAdvance advance = AdvanceRedisStream(std::nullopt, round);
  EXPECT_EQ(advance.begins_ms, 880'000);
  EXPECT_EQ(advance.lost, 0u);
  EXPECT_FALSE(advance.gap);
  EXPECT_EQ(advance.cursor, (RedisStreamCursor{{900'000, 0}, 10, kEnd, ""}));

  round.full = true;
  round.entries = 1;
  round.last_read = RedisStreamId{880'000, 0};
  advance = AdvanceRedisStream(std::nullopt, round);
  EXPECT_EQ(advance.cursor, (RedisStreamCursor{{880'000, 0}, 8, 880'000, ""}));
  EXPECT_EQ(advance.unread, 2u);

  // No stream yet, and what is trimmed from it after that.
  advance = AdvanceRedisStream(std::nullopt, {.time_ms = kNow, .now_ms = kNow});
  EXPECT_EQ(advance.begins_ms, kNow);
  EXPECT_EQ(advance.cursor, (RedisStreamCursor{{}, 0, kEnd, ""}));
  round = Round();
  round.entries = 3;
  round.last_read = round.last_generated = {999'000, 0};
  round.first = RedisStreamId{998'000, 0};
  advance = AdvanceRedisStream(advance.cursor, round);
  EXPECT_EQ(advance.lost, 7u);
  EXPECT_EQ(advance.gap, (Gap{kEnd, 998'001, GapReason::kTrimmed}));
}

TEST(RedisStreamCursor, ARedisThatDoesNotCount) {
  RedisStreamCursor cursor = Cursor();
  cursor.added.reset();
  RedisStreamRound round = Round();
  round.added.reset();
  round.deleted.reset();
  EXPECT_FALSE(AdvanceRedisStream(cursor, round).gap);
  AddEntries(2, {990'000, 0}, &round);
  EXPECT_FALSE(AdvanceRedisStream(cursor, round).gap);
  // What was read last is gone, and perhaps more.
  round.first = RedisStreamId{980'000, 0};
  RedisStreamAdvance advance = AdvanceRedisStream(cursor, round);
  EXPECT_EQ(advance.gap, (Gap{905'000, 980'001, GapReason::kTrimmed}));
  EXPECT_EQ(advance.lost, 0u);
  EXPECT_FALSE(AdvanceRedisStream(advance.cursor, round).gap);
  // Replaced by one that has less.
  round.last_generated = {890'000, 0};
  round.entries = 0;
  round.last_read.reset();
  advance = AdvanceRedisStream(cursor, round);
  ASSERT_TRUE(advance.gap);
  EXPECT_EQ(advance.gap->reason, GapReason::kReplaced);
  EXPECT_EQ(advance.cursor.id, (RedisStreamId{890'000, 0}));
}

}  // namespace
}  // namespace flamekeep::ingest
