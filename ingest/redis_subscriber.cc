#include "ingest/redis_subscriber.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "base/steady_clock.h"
#include "ingest/folded.h"

namespace flamekeep::ingest {

absl::StatusOr<std::unique_ptr<RedisSubscriber>> RedisSubscriber::Open(
    const RedisLogin& login, std::vector<std::string> channels, absl::Duration timeout, int wake_fd,
    RedisMessages* messages) {
  const absl::Time deadline = SteadyNow() + timeout;
  std::unique_ptr<RedisSubscriber> subscriber(new RedisSubscriber(std::move(channels), messages));
  FLAMEKEEP_ASSIGN_OR_RETURN(subscriber->connection_,
                             RedisConnection::Open(login, timeout, wake_fd, subscriber.get()));
  FLAMEKEEP_RETURN_IF_ERROR(subscriber->Subscribe(deadline));
  return subscriber;
}

absl::Status RedisSubscriber::Subscribe(absl::Time deadline) {
  std::vector<std::string> words = {"SUBSCRIBE"};
  words.insert(words.end(), channels_.begin(), channels_.end());
  FLAMEKEEP_RETURN_IF_ERROR(connection_->Send(words, deadline));
  while (confirmed_ < channels_.size()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const size_t bytes, connection_->Read(deadline - SteadyNow()));
    if (connection_->woken()) return absl::CancelledError("woken");
    if (bytes == 0 && SteadyNow() >= deadline) {
      return connection_->Unavailable("connected, but no answer in time");
    }
  }
  return absl::OkStatus();
}

absl::Status RedisSubscriber::Ping() {
  constexpr absl::Duration kTimeout = absl::Seconds(1);
  return connection_->Send({"PING"}, SteadyNow() + kTimeout);
}

// A message is an array of three strings: "message", the channel, the payload.
void RedisSubscriber::OnValue(const RedisValue& value) {
  if (value.path.empty()) {
    kind_ = value.kind == RedisValue::Kind::kError ? Kind::kError : Kind::kOther;
    if (kind_ == Kind::kError) {
      error_.clear();
      AppendReadable(value.text, &error_);
    }
    return;
  }
  if (value.path.size() != 1) return;
  switch (value.path[0]) {
    case 0:
      kind_ = value.text == "message"     ? Kind::kMessage
              : value.text == "subscribe" ? Kind::kSubscribed
                                          : Kind::kOther;
      channel_.reset();
      break;
    case 1:
      if (channels_[last_channel_] != value.text) {
        const auto it = std::find(channels_.begin(), channels_.end(), value.text);
        if (it == channels_.end()) break;
        last_channel_ = static_cast<size_t>(it - channels_.begin());
      }
      channel_ = last_channel_;
      break;
    case 2:
      if (kind_ == Kind::kMessage && channel_) messages_->OnMessage(*channel_, value.text);
      break;
    default:
      break;
  }
}

absl::Status RedisSubscriber::OnReplyEnd() {
  if (kind_ == Kind::kSubscribed) ++confirmed_;
  if (kind_ != Kind::kError) return absl::OkStatus();
  return connection_->Unavailable(fmt::format("the server says: {}", error_));
}

}  // namespace flamekeep::ingest
