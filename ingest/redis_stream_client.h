// A connection that reads Redis streams: without a consumer group, from wherever it is told to.
//
// A look at a stream is one transaction (MULTI: TIME, XINFO STREAM, XREAD), so that what it says
// fits together. Entries are handed on while they are read; no reply is held as a whole.
//
// Thread safety: none. Errors of all methods: UNAVAILABLE where the connection is lost,
// FAILED_PRECONDITION for what the server answers instead (the connection can be used on),
// CANCELLED where it was woken; one sentence with the address.
#ifndef FLAMEKEEP_INGEST_REDIS_STREAM_CLIENT_H_
#define FLAMEKEEP_INGEST_REDIS_STREAM_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "ingest/redis_connection.h"
#include "ingest/redis_stream_cursor.h"
#include "ingest/redis_stream_id.h"

namespace flamekeep::ingest {

// An entry's fields, of each name the first; values over kMaxStringBytes are cut there.
struct RedisStreamEntry {
  RedisStreamId id;
  std::optional<std::string> stack;
  std::optional<std::string> type;
  std::optional<std::string> labels;
  uint64_t bytes = 0;  // of all names and values, as far as they were not cut
};

// Who gets the entries.
class RedisStreamEntries {
 public:
  virtual ~RedisStreamEntries() = default;
  // False: it is not taken, and no further one in this look.
  virtual bool OnEntry(const RedisStreamEntry& entry) = 0;
};

class RedisStreamClient final : private RedisReplies {
 public:
  // Connects. `reply_timeout`: how long the server may be silent where an answer is due.
  static absl::StatusOr<std::unique_ptr<RedisStreamClient>> Open(const RedisLogin& login,
                                                                 absl::Duration connect_timeout,
                                                                 absl::Duration reply_timeout,
                                                                 int wake_fd);

  // Looks at a stream, and reads at most `count` entries behind `after`.
  absl::StatusOr<RedisStreamRound> Look(const std::string& stream, RedisStreamId after,
                                        uint64_t count, RedisStreamEntries* entries);

  // Where to wait for entries: a stream, and the id behind which they count.
  using Place = std::pair<std::string, RedisStreamId>;
  // Waits until one of the streams has entries, at most for `timeout`. Whether that is so.
  absl::StatusOr<bool> WaitForEntries(absl::Span<const Place> places, absl::Duration timeout);

 private:
  enum class InfoField : uint8_t {
    kOther,
    kLength,
    kLastGenerated,
    kAdded,
    kDeleted,
    kFirstEntry,
  };

  explicit RedisStreamClient(absl::Duration reply_timeout) : reply_timeout_(reply_timeout) {}

  // Sends commands at once and reads their replies.
  absl::Status Call(absl::Span<const std::vector<std::string>> commands, absl::Duration timeout);
  void OnValue(const RedisValue& value) override;
  absl::Status OnReplyEnd() override;
  void OnLook(const RedisValue& value);
  void OnTime(const RedisValue& value);
  void OnInfo(const RedisValue& value);
  void OnEntries(const RedisValue& value);
  void FinishEntry();
  bool ParseId(const RedisValue& value, RedisStreamId* id);
  void Refuse(std::string_view text);

  const absl::Duration reply_timeout_;
  std::unique_ptr<RedisConnection> connection_;

  // The call that is under way.
  bool looking_ = false;
  size_t replies_ = 0;      // that are whole
  std::string refused_;     // the first error that the server answered
  bool malformed_ = false;  // an answer that Redis does not give
  bool got_ = false;        // anything but nil
  // The look that is under way.
  RedisStreamRound round_;
  RedisStreamEntries* entries_ = nullptr;
  InfoField info_field_ = InfoField::kOther;
  RedisStreamEntry entry_;
  bool in_entry_ = false;
  bool enough_ = false;                          // no more entries are wanted
  std::optional<std::string>* field_ = nullptr;  // whose value comes next; null: nobody's
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_REDIS_STREAM_CLIENT_H_
