#include "ingest/redis_testing.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace flamekeep::ingest {
namespace {

constexpr char kNoReply[] = "ERR no reply";

uint16_t FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd, generic, size) != 0 || getsockname(fd, generic, &size) != 0) abort();
  close(fd);
  return ntohs(address.sin_port);
}

std::string ReplyText(redisReply* reply) {
  if (reply == nullptr) return kNoReply;
  std::string text;
  if (reply->type == REDIS_REPLY_INTEGER) {
    text = std::to_string(reply->integer);
  } else if (reply->str != nullptr) {
    text.assign(reply->str, reply->len);
  }
  freeReplyObject(reply);
  return text;
}

}  // namespace

TestRedis::TestRedis(std::vector<std::string> arguments)
    : arguments_(std::move(arguments)), connection_(nullptr, redisFree) {
  Start();
}

TestRedis::~TestRedis() { Kill(); }

void TestRedis::Start() {
  // Another process may take the port before the server does.
  for (int attempt = 0; attempt < 20; ++attempt) {
    if (port_ == 0) port_ = FreePort();
    std::vector<std::string> words = {"redis-server",
                                      "--port",
                                      std::to_string(port_),
                                      "--bind",
                                      "127.0.0.1",
                                      "--dir",
                                      directory_.path(),
                                      "--unixsocket",
                                      socket_path(),
                                      "--save",
                                      "",
                                      "--client-output-buffer-limit",
                                      "pubsub 0 0 0"};
    words.insert(words.end(), arguments_.begin(), arguments_.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    process_ = fork();
    if (process_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      const int null = open("/dev/null", O_RDWR);
      dup2(null, STDOUT_FILENO);
      execvp(pointers[0], pointers.data());
      _exit(127);
    }
    for (int i = 0; i < 500; ++i) {
      connection_.reset(redisConnect("127.0.0.1", port_));
      if (connection_ != nullptr && connection_->err == 0 && Command({"PING"}) != kNoReply) return;
      if (waitpid(process_, nullptr, WNOHANG) == process_) break;
      absl::SleepFor(absl::Milliseconds(10));
    }
    port_ = 0;
  }
  std::fprintf(stderr, "redis-server does not start: is it installed?\n");
  abort();
}

void TestRedis::Kill() {
  connection_.reset();
  if (process_ == 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = 0;
}

void TestRedis::Pause() { kill(process_, SIGSTOP); }
void TestRedis::Resume() { kill(process_, SIGCONT); }

redisContext* TestRedis::Connection() {
  if (connection_ == nullptr) connection_.reset(redisConnect("127.0.0.1", port_));
  return connection_.get();
}

std::string TestRedis::Command(const std::vector<std::string>& words) {
  std::vector<const char*> pointers;
  std::vector<size_t> sizes;
  for (const std::string& word : words) {
    pointers.push_back(word.data());
    sizes.push_back(word.size());
  }
  return ReplyText(static_cast<redisReply*>(redisCommandArgv(
      Connection(), static_cast<int>(words.size()), pointers.data(), sizes.data())));
}

int TestRedis::Publish(std::string_view channel, std::string_view payload) {
  return std::atoi(Command({"PUBLISH", std::string(channel), std::string(payload)}).c_str());
}

void TestRedis::PublishAll(std::string_view channel, const std::vector<std::string>& payloads) {
  for (const std::string& payload : payloads) {
    redisAppendCommand(Connection(), "PUBLISH %b %b", channel.data(), channel.size(),
                       payload.data(), payload.size());
  }
  for (size_t i = 0; i < payloads.size(); ++i) {
    void* reply = nullptr;
    if (redisGetReply(Connection(), &reply) != REDIS_OK) abort();
    freeReplyObject(reply);
  }
}

}  // namespace flamekeep::ingest
