// One connection to a Redis server, over hiredis.
//
// hiredis parses; its reply objects are never made. Each value is handed on from hiredis's own
// buffer, so a value costs no allocation. The buffer holds one string at most, and of a string over
// kMaxStringBytes only so much: it arrives cut, and the rest is thrown away as it comes. The socket
// does not block, and every wait ends early when the wake descriptor becomes readable. (Blocking
// reads with a timeout leave a context of hiredis 0.14 unusable.)
//
// Thread safety: none. Ownership: the handler outlives the connection.
#ifndef FLAMEKEEP_INGEST_REDIS_CONNECTION_H_
#define FLAMEKEEP_INGEST_REDIS_CONNECTION_H_

#include <hiredis/hiredis.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "ingest/folded.h"
#include "ingest/redis_url.h"

namespace flamekeep::ingest {

// One more than a line may have: what arrives cut is rejected as too long.
inline constexpr size_t kMaxStringBytes = kMaxLineBytes + 1;

// A part of a reply. Arrays come before what they hold.
struct RedisValue {
  enum class Kind : uint8_t { kString, kStatus, kError, kInteger, kNil, kArray };
  Kind kind = Kind::kNil;
  std::string_view text;  // of strings, statuses and errors; valid during the call
  int64_t number = 0;     // integers
  // The indexes that lead to it, from the reply inwards; empty: it is the reply.
  absl::Span<const size_t> path;
};

// Who gets the replies of a connection.
class RedisReplies {
 public:
  virtual ~RedisReplies() = default;
  virtual void OnValue(const RedisValue& value) = 0;
  // A reply is whole. An error ends the connection.
  virtual absl::Status OnReplyEnd() = 0;
};

struct RedisLogin {
  RedisAddress address;
  std::string password;  // instead of the address's
};

class RedisConnection {
 public:
  // Connects, logs in and selects the database. Errors: UNAVAILABLE with the reason, one sentence
  // with the address; CANCELLED where it was woken.
  static absl::StatusOr<std::unique_ptr<RedisConnection>> Open(const RedisLogin& login,
                                                               absl::Duration timeout, int wake_fd,
                                                               RedisReplies* replies);
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // Sends a command. Errors: UNAVAILABLE; CANCELLED where it was woken.
  absl::Status Send(const std::vector<std::string>& words, absl::Time deadline);

  // Waits until there is something to read, at most for `timeout`, and reads some of it. Returns
  // how many bytes that were: none at a timeout or when woken. Errors: UNAVAILABLE where the
  // connection is lost.
  absl::StatusOr<size_t> Read(absl::Duration timeout);
  // Whether the last read emptied the socket.
  bool drained() const { return !more_; }
  bool woken() const { return woken_; }

  // An error that names the server.
  absl::Status Unavailable(std::string_view reason) const;

 private:
  struct FreeContext {
    void operator()(redisContext* context) const { redisFree(context); }
  };
  RedisConnection(const RedisLogin& login, int wake_fd, RedisReplies* replies);

  absl::Status Connect(absl::Time deadline);
  absl::Status LogIn(const RedisLogin& login, absl::Time deadline);
  absl::StatusOr<size_t> ReadSome();
  // Gives bytes to the parser, as many as one string may have.
  absl::Status Feed(std::string_view bytes);
  absl::Status Parse();
  // How many more bytes the string that is being read may have before it is cut; nothing where it
  // fits, or none is read.
  std::optional<size_t> RoomBeforeCut(size_t* string_bytes) const;
  void CutString(size_t string_bytes);
  // Waits for `events` on the socket. False at the deadline or when woken.
  bool Wait(int16_t events, absl::Time deadline);

  static redisReplyObjectFunctions* ReplyFunctions();
  static void* OnParsed(const redisReadTask* task, RedisValue value);

  const std::string name_;  // the address, for people
  const int wake_fd_;
  RedisReplies* const replies_;
  const RedisAddress address_;
  std::unique_ptr<redisContext, FreeContext> context_;
  bool woken_ = false;
  bool more_ = false;  // the last read filled its buffer: there is likely more
  size_t skip_ = 0;    // bytes still to come of a string that was cut
  // While logging in replies do not go to `replies_`.
  bool logging_in_ = false;
  size_t confirmed_ = 0;
  std::string login_error_;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_REDIS_CONNECTION_H_
