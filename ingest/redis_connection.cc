#include "ingest/redis_connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "absl/time/clock.h"
#include "base/status.h"
#include "ingest/folded.h"

namespace flamekeep::ingest {
namespace {

// hiredis keeps a reply in memory until it is whole. Redis itself would send up to 512 MiB.
constexpr size_t kMaxReplyBytes = size_t{64} << 20;
// What hiredis reads at once.
constexpr size_t kReadBytes = 16 << 10;
// Below this hiredis keeps its buffer when it runs empty.
constexpr size_t kReaderSpareBytes = size_t{1} << 20;

// What hiredis is given for an object: it only wants something that is not null.
void* Placeholder() {
  static char placeholder;
  return &placeholder;
}

std::string ErrorText(int error) { return std::generic_category().message(error); }

}  // namespace

RedisConnection::RedisConnection(const RedisSubscription& subscription, int wake_fd,
                                 RedisHandler* handler)
    : name_(subscription.address.Display()),
      channels_(subscription.channels),
      wake_fd_(wake_fd),
      handler_(handler),
      address_(subscription.address) {}

absl::StatusOr<std::unique_ptr<RedisConnection>> RedisConnection::Open(
    const RedisSubscription& subscription, absl::Duration timeout, int wake_fd,
    RedisHandler* handler) {
  const absl::Time deadline = absl::Now() + timeout;
  std::unique_ptr<RedisConnection> connection(new RedisConnection(subscription, wake_fd, handler));
  absl::Status status = connection->Connect(deadline);
  if (status.ok()) status = connection->Subscribe(subscription, deadline);
  if (connection->woken_) return absl::CancelledError("woken");
  if (!status.ok()) return status;
  return connection;
}

absl::Status RedisConnection::Unavailable(std::string_view reason) const {
  return Error(absl::StatusCode::kUnavailable, "{}: {}", name_, reason);
}

bool RedisConnection::Wait(int16_t events, absl::Time deadline) {
  while (true) {
    pollfd fds[] = {{context_->fd, events, 0}, {wake_fd_, POLLIN, 0}};
    // Rounded up: a deadline that is not over must not become a busy loop.
    const int64_t left = std::max<int64_t>(
        absl::ToInt64Milliseconds(deadline - absl::Now() + absl::Milliseconds(1)), 0);
    const int ready = poll(fds, std::size(fds), static_cast<int>(std::min<int64_t>(left, 60'000)));
    if (ready < 0 && errno == EINTR) continue;
    woken_ = woken_ || (ready > 0 && fds[1].revents != 0);
    // Errors of the socket are for whoever reads or writes next.
    if (ready > 0 && fds[0].revents != 0) return true;
    if (woken_ || absl::Now() >= deadline) return false;
  }
}

absl::Status RedisConnection::Connect(absl::Time deadline) {
  const bool tcp = address_.socket_path.empty();
  context_.reset(tcp ? redisConnectNonBlock(address_.host.c_str(), address_.port)
                     : redisConnectUnixNonBlock(address_.socket_path.c_str()));
  if (context_ == nullptr) return Unavailable("out of memory");
  if (context_->err != 0) {
    return Unavailable(fmt::format("can not connect: {}", context_->errstr));
  }
  if (!Wait(POLLOUT, deadline)) return Unavailable("can not connect: no answer in time");
  int error = 0;
  socklen_t size = sizeof(error);
  if (getsockopt(context_->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) return Unavailable(fmt::format("can not connect: {}", ErrorText(error)));
  if (tcp) redisEnableKeepAlive(context_.get());
  redisReader* const reader = context_->reader;
  reader->fn = ReplyFunctions();
  reader->privdata = this;
  reader->maxbuf = kReaderSpareBytes;
  return absl::OkStatus();
}

absl::Status RedisConnection::Subscribe(const RedisSubscription& subscription,
                                        absl::Time deadline) {
  const std::string& password =
      subscription.password.empty() ? address_.password : subscription.password;
  size_t expected = channels_.size();
  if (!address_.user.empty()) {
    FLAMEKEEP_RETURN_IF_ERROR(Send({"AUTH", address_.user, password}, deadline));
    ++expected;
  } else if (!password.empty()) {
    FLAMEKEEP_RETURN_IF_ERROR(Send({"AUTH", password}, deadline));
    ++expected;
  }
  if (address_.db != 0) {
    FLAMEKEEP_RETURN_IF_ERROR(Send({"SELECT", std::to_string(address_.db)}, deadline));
    ++expected;
  }
  std::vector<std::string> words = {"SUBSCRIBE"};
  words.insert(words.end(), channels_.begin(), channels_.end());
  FLAMEKEEP_RETURN_IF_ERROR(Send(words, deadline));
  while (confirmed_ < expected) {
    if (!Wait(POLLIN, deadline)) return Unavailable("connected, but no answer in time");
    FLAMEKEEP_RETURN_IF_ERROR(ReadSome().status());
  }
  return absl::OkStatus();
}

absl::Status RedisConnection::Send(const std::vector<std::string>& words, absl::Time deadline) {
  std::vector<const char*> pointers;
  std::vector<size_t> sizes;
  for (const std::string& word : words) {
    pointers.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* command = nullptr;
  const int size = redisFormatCommandArgv(&command, static_cast<int>(words.size()), pointers.data(),
                                          sizes.data());
  if (size < 0) return Unavailable("out of memory");
  const std::unique_ptr<char, void (*)(char*)> owned(command, [](char* c) { redisFreeCommand(c); });
  std::string_view rest(command, static_cast<size_t>(size));
  while (!rest.empty()) {
    // Not hiredis's own writer, which would let a lost connection end the process by SIGPIPE.
    const ssize_t sent = send(context_->fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      rest.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN) {
      if (!Wait(POLLOUT, deadline)) return Unavailable("takes no more bytes");
    } else if (errno != EINTR) {
      return Unavailable(fmt::format("the connection is lost: {}", ErrorText(errno)));
    }
  }
  return absl::OkStatus();
}

absl::Status RedisConnection::Ping() {
  constexpr absl::Duration kTimeout = absl::Seconds(1);
  return Send({"PING"}, absl::Now() + kTimeout);
}

absl::StatusOr<size_t> RedisConnection::Read(absl::Duration timeout) {
  if (!more_ && !Wait(POLLIN, absl::Now() + timeout)) return 0;
  return ReadSome();
}

absl::StatusOr<size_t> RedisConnection::ReadSome() {
  redisReader* const reader = context_->reader;
  const size_t before = reader->len - reader->pos;
  if (redisBufferRead(context_.get()) != REDIS_OK) {
    more_ = false;
    return Unavailable(fmt::format("the connection is lost: {}", context_->errstr));
  }
  const size_t bytes = reader->len - reader->pos - before;
  more_ = bytes == kReadBytes;
  while (true) {
    void* reply = nullptr;
    if (redisReaderGetReply(reader, &reply) != REDIS_OK) {
      return Unavailable(fmt::format("does not speak Redis's protocol: {}", reader->errstr));
    }
    if (reply == nullptr) break;
    FLAMEKEEP_RETURN_IF_ERROR(HandleReply());
  }
  if (reader->len > kMaxReplyBytes) {
    return Unavailable(fmt::format("sends a message of over {} bytes", kMaxReplyBytes));
  }
  return bytes;
}

absl::Status RedisConnection::HandleReply() {
  const Reply::Kind kind = reply_.kind;
  reply_.kind = Reply::Kind::kOther;
  switch (kind) {
    case Reply::Kind::kSubscribed:
    case Reply::Kind::kOk:
      ++confirmed_;
      break;
    case Reply::Kind::kError:
      return Unavailable(fmt::format("the server says: {}", reply_.error));
    case Reply::Kind::kMessage:
    case Reply::Kind::kOther:
      break;
  }
  return absl::OkStatus();
}

// A message is an array of three strings: "message", the channel, the payload.
void RedisConnection::OnString(const redisReadTask& task, std::string_view text) {
  if (task.parent == nullptr) {
    if (task.type == REDIS_REPLY_ERROR) {
      reply_.kind = Reply::Kind::kError;
      reply_.error.clear();
      AppendReadable(text, &reply_.error);
    } else if (task.type == REDIS_REPLY_STATUS) {
      reply_.kind = Reply::Kind::kOk;
    }
    return;
  }
  if (task.parent->parent != nullptr) return;
  switch (task.idx) {
    case 0:
      reply_.kind = text == "message"     ? Reply::Kind::kMessage
                    : text == "subscribe" ? Reply::Kind::kSubscribed
                                          : Reply::Kind::kOther;
      reply_.channel.reset();
      break;
    case 1:
      if (channels_[last_channel_] != text) {
        const auto it = std::find(channels_.begin(), channels_.end(), text);
        if (it == channels_.end()) break;
        last_channel_ = static_cast<size_t>(it - channels_.begin());
      }
      reply_.channel = last_channel_;
      break;
    case 2:
      if (reply_.kind == Reply::Kind::kMessage && reply_.channel) {
        handler_->OnMessage(*reply_.channel, text);
      }
      break;
    default:
      break;
  }
}

redisReplyObjectFunctions* RedisConnection::ReplyFunctions() {
  static redisReplyObjectFunctions functions = {
      .createString = [](const redisReadTask* task, char* text, size_t size) -> void* {
        static_cast<RedisConnection*>(task->privdata)->OnString(*task, {text, size});
        return Placeholder();
      },
      .createArray = [](const redisReadTask*, int) -> void* { return Placeholder(); },
      .createInteger = [](const redisReadTask*, long long) -> void* {  // NOLINT(google-runtime-int)
        return Placeholder();
      },
      .createNil = [](const redisReadTask*) -> void* { return Placeholder(); },
      .freeObject = [](void*) {},
  };
  return &functions;
}

}  // namespace flamekeep::ingest
