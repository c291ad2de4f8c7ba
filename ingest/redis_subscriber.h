// A connection that is subscribed to pub/sub channels. A message costs one copy, into a chunk.
//
// Thread safety: none. Ownership: who gets the messages outlives the subscriber.
#ifndef FLAMEKEEP_INGEST_REDIS_SUBSCRIBER_H_
#define FLAMEKEEP_INGEST_REDIS_SUBSCRIBER_H_

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
#include "ingest/redis_connection.h"

namespace flamekeep::ingest {

// Who gets the messages.
class RedisMessages {
 public:
  virtual ~RedisMessages() = default;
  // `channel` is an index into the channels; `payload` is valid during the call. One over
  // kMaxStringBytes is cut there.
  virtual void OnMessage(size_t channel, std::string_view payload) = 0;
};

class RedisSubscriber final : private RedisReplies {
 public:
  // Connects and subscribes; returns when the server has confirmed that. Messages may come before.
  // Errors: UNAVAILABLE with the reason, one sentence with the address; CANCELLED where it was
  // woken.
  static absl::StatusOr<std::unique_ptr<RedisSubscriber>> Open(const RedisLogin& login,
                                                               std::vector<std::string> channels,
                                                               absl::Duration timeout, int wake_fd,
                                                               RedisMessages* messages);

  // As RedisConnection's.
  absl::StatusOr<size_t> Read(absl::Duration timeout) { return connection_->Read(timeout); }
  bool drained() const { return connection_->drained(); }

  // Asks for a sign of life. Errors: UNAVAILABLE.
  absl::Status Ping();

 private:
  enum class Kind : uint8_t { kOther, kMessage, kSubscribed, kError };

  RedisSubscriber(std::vector<std::string> channels, RedisMessages* messages)
      : channels_(std::move(channels)), messages_(messages) {}

  absl::Status Subscribe(absl::Time deadline);
  void OnValue(const RedisValue& value) override;
  absl::Status OnReplyEnd() override;

  const std::vector<std::string> channels_;
  RedisMessages* const messages_;
  std::unique_ptr<RedisConnection> connection_;
  // Of the reply that is being read.
  Kind kind_ = Kind::kOther;
  std::optional<size_t> channel_;
  std::string error_;

  size_t confirmed_ = 0;  // channels
  size_t last_channel_ = 0;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_REDIS_SUBSCRIBER_H_
