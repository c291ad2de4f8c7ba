// One subscribed connection to a Redis server, over hiredis.
//
// hiredis parses; its reply objects are never made. Each message is handed on from hiredis's own
// buffer, so a message costs one copy (into a chunk) and no allocation. The socket does not block,
// and every wait ends early when the wake descriptor becomes readable. (Blocking reads with a
// timeout leave a context of hiredis 0.14 unusable.)
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
#include "ingest/redis_url.h"

namespace flamekeep::ingest {

// Who gets the messages of a connection.
class RedisHandler {
 public:
  virtual ~RedisHandler() = default;
  // `channel` is an index into RedisSubscription::channels; `payload` is valid during the call.
  virtual void OnMessage(size_t channel, std::string_view payload) = 0;
};

struct RedisSubscription {
  RedisAddress address;
  std::string password;  // instead of the address's
  std::vector<std::string> channels;
};

class RedisConnection {
 public:
  // Connects, logs in and subscribes; returns when the server has confirmed that. Messages may come
  // to the handler before. Errors: UNAVAILABLE with the reason, one sentence with the address;
  // CANCELLED where it was woken.
  static absl::StatusOr<std::unique_ptr<RedisConnection>> Open(
      const RedisSubscription& subscription, absl::Duration timeout, int wake_fd,
      RedisHandler* handler);
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // Waits until there is something to read, at most for `timeout`, and reads some of it. Returns
  // how many bytes that were: none at a timeout or when woken. Errors: UNAVAILABLE where the
  // connection is lost.
  absl::StatusOr<size_t> Read(absl::Duration timeout);
  // Whether the last read emptied the socket.
  bool drained() const { return !more_; }

  // Asks for a sign of life. Errors: UNAVAILABLE.
  absl::Status Ping();

 private:
  struct FreeContext {
    void operator()(redisContext* context) const { redisFree(context); }
  };
  // What hiredis is in the middle of, or has just read.
  struct Reply {
    enum class Kind : uint8_t { kOther, kMessage, kSubscribed, kOk, kError };
    Kind kind = Kind::kOther;
    std::optional<size_t> channel;
    std::string error;
  };

  RedisConnection(const RedisSubscription& subscription, int wake_fd, RedisHandler* handler);

  absl::Status Connect(absl::Time deadline);
  absl::Status Subscribe(const RedisSubscription& subscription, absl::Time deadline);
  absl::Status Send(const std::vector<std::string>& words, absl::Time deadline);
  absl::StatusOr<size_t> ReadSome();
  absl::Status HandleReply();
  // Waits for `events` on the socket. False at the deadline or when woken.
  bool Wait(int16_t events, absl::Time deadline);
  absl::Status Unavailable(std::string_view reason) const;

  static redisReplyObjectFunctions* ReplyFunctions();
  void OnString(const redisReadTask& task, std::string_view text);

  const std::string name_;  // the address, for people
  const std::vector<std::string> channels_;
  const int wake_fd_;
  RedisHandler* const handler_;
  RedisAddress address_;
  std::unique_ptr<redisContext, FreeContext> context_;
  bool woken_ = false;
  bool more_ = false;  // the last read filled its buffer: there is likely more
  Reply reply_;
  size_t confirmed_ = 0;  // commands and channels
  size_t last_channel_ = 0;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_REDIS_CONNECTION_H_
