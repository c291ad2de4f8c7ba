#include "ingest/redis_stream_cursor.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/status.h"
#include "storage/bucket.h"

namespace flamekeep::ingest {
namespace {

constexpr std::string_view kUnknown = "-";

// The next word of a cursor's text.
std::string_view NextWord(std::string_view* text) {
  const size_t space = std::min(text->find(' '), text->size());
  const std::string_view word = text->substr(0, space);
  text->remove_prefix(std::min(space + 1, text->size()));
  return word;
}

template <typename Number>
bool ParseNumber(std::string_view word, Number* number) {
  const char* const end = word.data() + word.size();
  const auto [parsed, error] = std::from_chars(word.data(), end, *number);
  return error == std::errc() && parsed == end;
}

// Ids may be of any time; nothing is known of what lies ahead of the server's clock.
int64_t MsUpTo(uint64_t ms, int64_t limit) {
  return std::cmp_less(ms, limit) ? static_cast<int64_t>(ms) : limit;
}

int64_t StartOfMinute(int64_t ms) { return ms / storage::kMsPerMinute * storage::kMsPerMinute; }

// One look at a stream, step by step.
class Step {
 public:
  Step(const std::optional<RedisStreamCursor>& cursor, const RedisStreamRound& round)
      : round_(round),
        fresh_(!cursor.has_value()),
        old_(cursor.value_or(RedisStreamCursor{.complete_ms = round.final_ms})) {
    advance_.cursor = old_;
    // Of the entries behind the cursor not all were read, but where none stand before it they are
    // all that there are.
    if (!round.full) {
      present_ = round.entries;
    } else if (round.first && *round.first > old_.id) {
      present_ = round.length;
    }
  }

  RedisStreamAdvance Run() {
    if (CompleteInTheFuture()) {
      ComeBack();
      return std::move(advance_);
    }
    if (IsBehind()) return std::move(advance_);
    if (fresh_) {
      Begin();
    } else if (IsReplaced()) {
      Replace();
    } else if (round_.exists) {
      CountLost();
    } else if (!round_.replica) {
      added() = 0;
    }
    if (round_.exists) Move();
    Complete();
    return std::move(advance_);
  }

 private:
  std::optional<uint64_t>& added() { return advance_.cursor.added; }

  // What is before it by both clocks can be called complete.
  int64_t Limit() const { return std::min(round_.time_ms, round_.now_ms) - kRedisStreamSlackMs; }

  bool CompleteInTheFuture() const {
    return old_.complete_ms > kRedisStreamClockErrorMs &&
           old_.complete_ms - kRedisStreamClockErrorMs > std::max(round_.time_ms, round_.now_ms);
  }

  // A wrong clock promised too much, and what came since was left out as late.
  void ComeBack() {
    const int64_t limit = std::max<int64_t>(Limit(), 0);
    const int64_t end = std::max({round_.time_ms, round_.now_ms, limit + 1});
    advance_.gap = storage::Gap{limit, end, storage::GapReason::kReplaced};
    advance_.cursor.complete_ms = limit;
    // Its entries were told apart by the wrong mark.
    advance_.read_again = true;
  }

  // A replica that has not got yet what was read from another server.
  bool IsBehind() const {
    if (!round_.replica || fresh_) return false;
    if (!round_.exists) return old_.id != RedisStreamId{} && old_.added != 0;
    // It may never get to an id of the future.
    return round_.last_generated < old_.id && !IsFuture(old_.id);
  }

  bool IsFuture(RedisStreamId id) const { return std::cmp_greater(id.ms, round_.time_ms); }

  void Begin() {
    const int64_t now = std::min(round_.time_ms, round_.now_ms);
    const int64_t first = std::max<int64_t>(round_.first ? MsUpTo(round_.first->ms, now) : now, 1);
    const int64_t left_out = StartOfMinute(old_.complete_ms);
    if (round_.first && first < left_out) {
      advance_.left_out = storage::Gap{first, left_out, storage::GapReason::kReplaced};
    }
    advance_.begins_ms = std::max(first, left_out);
    if (round_.exists) {
      added() = AddedBefore(round_.length);
    } else if (!round_.replica) {
      added() = 0;
    }
  }

  // How many entries were added before the last `count` ones.
  std::optional<uint64_t> AddedBefore(uint64_t count) const {
    if (!round_.added || *round_.added < count) return std::nullopt;
    return *round_.added - count;
  }

  bool IsReplaced() const {
    if (!round_.exists) return old_.id != RedisStreamId{} && old_.added != 0;
    if (round_.last_generated < old_.id) return true;
    if (!round_.added || !old_.added) return false;
    return *round_.added < *old_.added || (present_ && *round_.added - *old_.added < *present_);
  }

  void Replace() {
    // What is new in the stream stands between the old end and what is there now.
    const bool all_new = round_.first && *round_.first > old_.id;
    SetGap(storage::GapReason::kReplaced,
           all_new ? MsUpTo(round_.first->ms, round_.time_ms) + 1 : round_.time_ms);
    // Nothing was there: whatever was added since and can not be read is lost.
    if (old_.added == 0 && present_) advance_.lost = AddedBefore(*present_).value_or(0);
    RedisStreamId& id = advance_.cursor.id;
    if (IsFuture(old_.id)) {
      // An id of the future would hide everything that comes before that time.
      id = std::min(old_.id, RedisStreamId::Before(static_cast<uint64_t>(old_.complete_ms)));
      const bool all_behind = round_.first && *round_.first > id;
      added() = all_behind ? AddedBefore(round_.length) : std::nullopt;
      if (!round_.exists) added() = 0;
      advance_.read_again = true;
    } else if (!round_.exists) {
      added() = 0;
    } else {
      added() = present_ ? AddedBefore(*present_) : std::nullopt;
      // A failover to a server that has less: it goes on from there.
      id = std::min(id, round_.last_generated);
    }
  }

  void CountLost() {
    if (round_.added && old_.added) {
      if (present_) advance_.lost = *round_.added - *old_.added - *present_;
      if (advance_.lost > 0) SetGap(storage::GapReason::kTrimmed, LostBefore());
      return;
    }
    // Not counted: some may be lost wherever the entry at the cursor is gone.
    const bool gone = round_.first ? *round_.first > old_.id : round_.last_generated > old_.id;
    if (gone && old_.id != RedisStreamId{} && old_.added != 0) {
      SetGap(storage::GapReason::kTrimmed, LostBefore());
    }
  }

  // Where the entries that were lost end.
  int64_t LostBefore() const {
    int64_t end = 0;
    if (round_.first && *round_.first > old_.id) {
      end = MsUpTo(round_.first->ms, round_.time_ms) + 1;
    }
    if (round_.deleted && *round_.deleted > old_.id) {
      end = std::max(end, MsUpTo(round_.deleted->ms, round_.time_ms) + 1);
    }
    return end != 0 ? end : MsUpTo(round_.last_generated.ms, round_.time_ms) + 1;
  }

  void SetGap(storage::GapReason reason, int64_t end_ms) {
    const int64_t begin =
        std::max(old_.complete_ms, MsUpTo(old_.id.ms, std::max<int64_t>(round_.time_ms, 0)));
    advance_.gap = storage::Gap{begin, std::max(end_ms, begin + 1), reason};
  }

  void Move() {
    if (advance_.read_again) return;
    RedisStreamId& id = advance_.cursor.id;
    if (round_.last_read) id = *round_.last_read;
    if (!round_.full) {
      id = std::max(id, round_.last_generated);
      added() = round_.added;
      advance_.unread = 0;
    } else if (present_) {
      added() = AddedBefore(*present_ - round_.entries);
      advance_.unread = *present_ - round_.entries;
    } else if (added()) {
      *added() += round_.entries;
      if (round_.added) advance_.unread = *round_.added - std::min(*round_.added, *added());
    }
  }

  void Complete() {
    const int64_t limit = Limit();
    // A replica may still be sent what its server has had for long.
    const bool at_end = !round_.full && !round_.replica && !advance_.read_again;
    const int64_t through = at_end ? limit : MsUpTo(advance_.cursor.id.ms, limit);
    advance_.cursor.complete_ms = std::max(old_.complete_ms, through);
  }

  const RedisStreamRound& round_;
  const bool fresh_;
  const RedisStreamCursor old_;
  std::optional<uint64_t> present_;  // entries that are there behind the old cursor
  RedisStreamAdvance advance_;
};

}  // namespace

absl::StatusOr<RedisStreamCursor> RedisStreamCursor::Parse(std::string_view text) {
  std::string_view rest = text;
  RedisStreamCursor cursor;
  const std::optional<RedisStreamId> id = RedisStreamId::Parse(NextWord(&rest));
  const std::string_view added = NextWord(&rest);
  bool ok = id.has_value();
  if (added != kUnknown) ok = ParseNumber(added, &cursor.added.emplace()) && ok;
  ok = ParseNumber(NextWord(&rest), &cursor.complete_ms) && ok;
  if (!ok) return DataLoss("the position \"{:.100}\" is no place in a Redis stream", text);
  cursor.id = *id;
  cursor.address = rest;
  return cursor;
}

std::string RedisStreamCursor::Text() const {
  return fmt::format("{} {} {} {}", id.Text(),
                     added ? std::to_string(*added) : std::string(kUnknown), complete_ms, address);
}

RedisStreamAdvance AdvanceRedisStream(const std::optional<RedisStreamCursor>& cursor,
                                      const RedisStreamRound& round) {
  return Step(cursor, round).Run();
}

bool IsLate(int64_t complete_ms, RedisStreamId entry) {
  return std::cmp_less(entry.ms, StartOfMinute(complete_ms));
}

bool GoesOn(const storage::Gap& gap, const storage::Gap& next, int64_t complete_ms) {
  return gap.reason == next.reason && gap.begin_ms >= StartOfMinute(complete_ms) &&
         next.begin_ms < gap.end_ms + storage::kMsPerMinute;
}

}  // namespace flamekeep::ingest
