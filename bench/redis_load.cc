// Both ends of a Redis channel without Flamekeep, for redis_ingest; see README.md.
//
//   redis_load publish --port 6379 --count 2000000   publishes the corpus as fast as Redis takes it
//   redis_load discard --port 6379 --count 2000000   subscribes, throws messages away, counts them
//
// Each prints one line of JSON.
#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bench/support/corpus.h"
#include "bench/support/must.h"

namespace flamekeep::bench {
namespace {

// Commands that are sent before the replies to as many earlier ones are read.
constexpr size_t kPipeline = 512;
// With a rate, so many are sent before the next pause.
constexpr size_t kPaced = 16;

using Connection = std::unique_ptr<redisContext, decltype(&redisFree)>;
using Reply = std::unique_ptr<redisReply, decltype(&freeReplyObject)>;

[[noreturn]] void Fail(std::string_view what, const redisContext* context) {
  std::fprintf(
      stderr, "%s\n",
      fmt::format("{}: {}", what, context == nullptr ? "no memory" : context->errstr).c_str());
  std::exit(1);  // NOLINT(concurrency-mt-unsafe): nothing else exits
}

Connection Connect(int port) {
  Connection connection(redisConnect("127.0.0.1", port), &redisFree);
  if (connection == nullptr || connection->err != 0) Fail("connecting to Redis", connection.get());
  return connection;
}

Reply GetReply(redisContext* context) {
  void* reply = nullptr;
  if (redisGetReply(context, &reply) != REDIS_OK) Fail("reading from Redis", context);
  return Reply(static_cast<redisReply*>(reply), &freeReplyObject);
}

double UnixSeconds() { return absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch()); }

struct Command {
  std::string bytes;
  uint64_t value = 0;  // the payload's count
};

std::vector<Command> ReadCommands() {
  std::vector<Command> commands;
  Must(ReadCorpus(CorpusPath(), [&](const CorpusMessage& message) {
    Command& command = commands.emplace_back();
    command.bytes =
        fmt::format("*3\r\n$7\r\nPUBLISH\r\n${}\r\n{}\r\n${}\r\n{}\r\n", message.channel.size(),
                    message.channel, message.payload.size(), message.payload);
    const std::string_view count = message.payload.substr(message.stack.size() + 1);
    std::from_chars(count.data(), count.data() + count.size(), command.value);
  }));
  return commands;
}

// `rate` is in messages a second; 0: as fast as Redis takes them.
void Publish(int port, uint64_t count, uint64_t rate) {
  const std::vector<Command> commands = ReadCommands();
  const Connection connection = Connect(port);
  uint64_t bytes = 0;
  uint64_t value = 0;
  uint64_t unheard = 0;
  uint64_t replies = 0;
  const auto read_replies = [&](uint64_t up_to) {
    for (; replies < up_to; ++replies) {
      if (GetReply(connection.get())->integer == 0) ++unheard;
    }
  };
  const double start = UnixSeconds();
  for (uint64_t sent = 0; sent < count;) {
    const Command& command = commands[sent % commands.size()];
    redisAppendFormattedCommand(connection.get(), command.bytes.data(), command.bytes.size());
    bytes += command.bytes.size();
    value += command.value;
    ++sent;
    if (rate != 0 && sent % kPaced == 0) {
      read_replies(sent);
      absl::SleepFor(absl::Seconds(start + static_cast<double>(sent) / static_cast<double>(rate) -
                                   UnixSeconds()));
    } else if (sent % kPipeline == 0 && sent > kPipeline) {
      read_replies(sent - kPipeline);
    }
  }
  read_replies(count);
  std::printf("%s\n", fmt::format(R"({{"messages": {}, "bytes": {}, "value": {}, "unheard": {}, )"
                                  R"("start": {:.6f}, "end": {:.6f}}})",
                                  count, bytes, value, unheard, start, UnixSeconds())
                          .c_str());
}

void Discard(int port, uint64_t count) {
  const Connection connection = Connect(port);
  redisAppendCommand(connection.get(), "SUBSCRIBE excimer excimer-wall");
  GetReply(connection.get());
  GetReply(connection.get());
  std::printf("{\"subscribed\": true}\n");
  std::fflush(stdout);
  uint64_t messages = 0;
  while (messages < count) {
    const Reply reply = GetReply(connection.get());
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 3) ++messages;
  }
  std::printf("%s\n",
              fmt::format(R"({{"messages": {}, "end": {:.6f}}})", messages, UnixSeconds()).c_str());
}

}  // namespace
}  // namespace flamekeep::bench

int main(int argc, char** argv) {
  int port = 6379;
  uint64_t count = 0;
  uint64_t rate = 0;
  CLI::App app("Both ends of a Redis channel without Flamekeep");
  app.require_subcommand(1);
  CLI::App* const publish = app.add_subcommand("publish", "Publish the corpus, again and again");
  CLI::App* const discard = app.add_subcommand("discard", "Subscribe and throw messages away");
  for (CLI::App* command : {publish, discard}) {
    command->add_option("--port", port, "Of Redis on this machine")->capture_default_str();
    command->add_option("--count", count, "Messages")->required();
  }
  publish->add_option("--rate", rate, "Messages a second; 0: as fast as Redis takes them")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (publish->parsed()) {
    flamekeep::bench::Publish(port, count, rate);
  } else {
    flamekeep::bench::Discard(port, count);
  }
  return 0;
}
