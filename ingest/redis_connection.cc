#include "ingest/redis_connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

#include "base/status.h"
#include "base/steady_clock.h"

namespace flamekeep::ingest {
namespace {

constexpr size_t kReadBytes = 16 << 10;
// hiredis holds what is not parsed yet: a string, or a line, which has no length before it.
constexpr size_t kMaxBufferBytes = kMaxStringBytes + (64 << 10);
constexpr std::string_view kLineEnd = "\r\n";
// Arrays within arrays, as deep as hiredis takes them.
constexpr size_t kMaxDepth = 9;
// Below this hiredis keeps its buffer when it runs empty.
constexpr size_t kReaderSpareBytes = size_t{1} << 20;

// What hiredis is given for an object: it only wants something that is not null.
void* Placeholder() {
  static char placeholder;
  return &placeholder;
}

std::string ErrorText(int error) { return std::generic_category().message(error); }

}  // namespace

RedisConnection::RedisConnection(const RedisLogin& login, int wake_fd, RedisReplies* replies)
    : name_(login.address.Display()),
      wake_fd_(wake_fd),
      replies_(replies),
      address_(login.address) {}

absl::StatusOr<std::unique_ptr<RedisConnection>> RedisConnection::Open(const RedisLogin& login,
                                                                       absl::Duration timeout,
                                                                       int wake_fd,
                                                                       RedisReplies* replies) {
  const absl::Time deadline = SteadyNow() + timeout;
  std::unique_ptr<RedisConnection> connection(new RedisConnection(login, wake_fd, replies));
  absl::Status status = connection->Connect(deadline);
  if (status.ok()) status = connection->LogIn(login, deadline);
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
        absl::ToInt64Milliseconds(deadline - SteadyNow() + absl::Milliseconds(1)), 0);
    const int ready = poll(fds, std::size(fds), static_cast<int>(std::min<int64_t>(left, 60'000)));
    if (ready < 0 && errno == EINTR) continue;
    woken_ = woken_ || (ready > 0 && fds[1].revents != 0);
    // Errors of the socket are for whoever reads or writes next.
    if (ready > 0 && fds[0].revents != 0) return true;
    if (woken_ || SteadyNow() >= deadline) return false;
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

absl::Status RedisConnection::LogIn(const RedisLogin& login, absl::Time deadline) {
  const std::string& password = login.password.empty() ? address_.password : login.password;
  std::vector<std::vector<std::string>> commands;
  if (!address_.user.empty()) {
    commands.push_back({"AUTH", address_.user, password});
  } else if (!password.empty()) {
    commands.push_back({"AUTH", password});
  }
  if (address_.db != 0) commands.push_back({"SELECT", std::to_string(address_.db)});
  for (const std::vector<std::string>& command : commands) {
    FLAMEKEEP_RETURN_IF_ERROR(Send(command, deadline));
  }
  logging_in_ = true;
  while (confirmed_ < commands.size()) {
    if (!Wait(POLLIN, deadline)) return Unavailable("connected, but no answer in time");
    FLAMEKEEP_RETURN_IF_ERROR(ReadSome().status());
  }
  logging_in_ = false;
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
      if (Wait(POLLOUT, deadline)) continue;
      return woken_ ? absl::CancelledError("woken") : Unavailable("takes no more bytes");
    } else if (errno != EINTR) {
      return Unavailable(fmt::format("the connection is lost: {}", ErrorText(errno)));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<size_t> RedisConnection::Read(absl::Duration timeout) {
  if (!more_ && !Wait(POLLIN, SteadyNow() + timeout)) return 0;
  return ReadSome();
}

absl::StatusOr<size_t> RedisConnection::ReadSome() {
  std::array<char, kReadBytes> buffer;
  const ssize_t received = recv(context_->fd, buffer.data(), buffer.size(), 0);
  more_ = received == ssize_t{kReadBytes};
  if (received < 0) {
    if (errno == EAGAIN || errno == EINTR) return 0;
    return Unavailable(fmt::format("the connection is lost: {}", ErrorText(errno)));
  }
  if (received == 0) return Unavailable("the connection is lost: the server closed it");
  const auto bytes = static_cast<size_t>(received);
  FLAMEKEEP_RETURN_IF_ERROR(Feed({buffer.data(), bytes}));
  return bytes;
}

absl::Status RedisConnection::Feed(std::string_view bytes) {
  redisReader* const reader = context_->reader;
  while (!bytes.empty()) {
    if (skip_ > 0) {
      const size_t skipped = std::min(skip_, bytes.size());
      skip_ -= skipped;
      bytes.remove_prefix(skipped);
      continue;
    }
    size_t string_bytes = 0;
    const std::optional<size_t> room = RoomBeforeCut(&string_bytes);
    const size_t fed = std::min(room.value_or(bytes.size()), bytes.size());
    if (redisReaderFeed(reader, bytes.data(), fed) != REDIS_OK) return Unavailable("out of memory");
    bytes.remove_prefix(fed);
    if (room == fed) CutString(string_bytes);
    FLAMEKEEP_RETURN_IF_ERROR(Parse());
    if (reader->len - reader->pos > kMaxBufferBytes) {
      return Unavailable(fmt::format("sends a line of over {} bytes", kMaxBufferBytes));
    }
  }
  return absl::OkStatus();
}

absl::Status RedisConnection::Parse() {
  while (true) {
    void* reply = nullptr;
    if (redisReaderGetReply(context_->reader, &reply) != REDIS_OK) {
      return Unavailable(
          fmt::format("does not speak Redis's protocol: {}", context_->reader->errstr));
    }
    if (reply == nullptr) return absl::OkStatus();
    if (!logging_in_) {
      FLAMEKEEP_RETURN_IF_ERROR(replies_->OnReplyEnd());
    } else if (!login_error_.empty()) {
      return Unavailable(fmt::format("the server says: {}", login_error_));
    } else {
      ++confirmed_;
    }
  }
}

std::optional<size_t> RedisConnection::RoomBeforeCut(size_t* string_bytes) const {
  const redisReader* const reader = context_->reader;
  if (reader->ridx < 0 || reader->rstack[reader->ridx].type != REDIS_REPLY_STRING) {
    return std::nullopt;
  }
  // Behind the "$": length, line end, the string, line end.
  const std::string_view text(reader->buf + reader->pos, reader->len - reader->pos);
  const size_t digits = text.find(kLineEnd);
  if (digits == std::string_view::npos) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, *string_bytes);
  if (error != std::errc() || end != text.data() + digits || *string_bytes <= kMaxStringBytes) {
    return std::nullopt;
  }
  return digits + kLineEnd.size() + kMaxStringBytes + kLineEnd.size() - text.size();
}

// The buffer ends where the string that is shown to the parser is to end: what stands before and
// behind it is written over.
void RedisConnection::CutString(size_t string_bytes) {
  redisReader* const reader = context_->reader;
  char* const end = reader->buf + reader->len;
  kLineEnd.copy(end - kLineEnd.size(), kLineEnd.size());
  const std::string header = fmt::format("{}{}", kMaxStringBytes, kLineEnd);
  char* const start = end - kLineEnd.size() - kMaxStringBytes - header.size();
  header.copy(start, header.size());
  reader->pos = static_cast<size_t>(start - reader->buf);
  // As many bytes have come as the short string and its line end have.
  skip_ = string_bytes - kMaxStringBytes;
}

void* RedisConnection::OnParsed(const redisReadTask* task, RedisValue value) {
  auto* const connection = static_cast<RedisConnection*>(task->privdata);
  if (connection->logging_in_) {
    if (value.kind == RedisValue::Kind::kError) {
      connection->login_error_.clear();
      AppendReadable(value.text, &connection->login_error_);
    }
    return Placeholder();
  }
  std::array<size_t, kMaxDepth> path;
  size_t begin = path.size();
  for (; task->parent != nullptr && begin > 0; task = task->parent) {
    path[--begin] = static_cast<size_t>(task->idx);
  }
  value.path = absl::MakeSpan(path).subspan(begin);
  connection->replies_->OnValue(value);
  return Placeholder();
}

redisReplyObjectFunctions* RedisConnection::ReplyFunctions() {
  using Kind = RedisValue::Kind;
  static redisReplyObjectFunctions functions = {
      .createString = [](const redisReadTask* task, char* text, size_t size) -> void* {
        const Kind kind = task->type == REDIS_REPLY_ERROR    ? Kind::kError
                          : task->type == REDIS_REPLY_STATUS ? Kind::kStatus
                                                             : Kind::kString;
        return OnParsed(task, {.kind = kind, .text = {text, size}});
      },
      .createArray = [](const redisReadTask* task, int) -> void* {
        return OnParsed(task, {.kind = Kind::kArray});
      },
      .createInteger = [](const redisReadTask* task,
                          long long number) -> void* {  // NOLINT(google-runtime-int)
        return OnParsed(task, {.kind = Kind::kInteger, .number = number});
      },
      .createNil = [](const redisReadTask* task) -> void* {
        return OnParsed(task, {.kind = Kind::kNil});
      },
      .freeObject = [](void*) {},
  };
  return &functions;
}

}  // namespace flamekeep::ingest
