// Any bytes as the replies of a Redis server to a look at a stream: the client ends with a round or
// an error and holds no more than it may; entries are samples or are counted; and whatever a round
// says, the cursor and the marks never go back.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "absl/time/time.h"
#include "base/metrics.h"
#include "ingest/fake_interner.h"
#include "ingest/pipeline.h"
#include "ingest/redis_stream_client.h"
#include "ingest/redis_stream_cursor.h"
#include "ingest/redis_stream_decoder.h"
#include "ingest/waker.h"

namespace {

using flamekeep::Metrics;
using flamekeep::ingest::FakeInterner;
using flamekeep::ingest::Pipeline;
using flamekeep::ingest::RedisStreamAdvance;
using flamekeep::ingest::RedisStreamClient;
using flamekeep::ingest::RedisStreamCursor;
using flamekeep::ingest::RedisStreamDecoder;
using flamekeep::ingest::RedisStreamRound;
using flamekeep::ingest::Waker;

// Stands for a string that is longer than may be held.
constexpr char kLong = '\x01';
constexpr size_t kLongBytes = (size_t{1} << 20) + 100;
constexpr int kMaxLong = 3;

void Check(bool holds) {
  if (!holds) std::abort();
}

// A server that says what it is told, whatever it is asked.
class Speaker {
 public:
  Speaker() : path_("/tmp/flamekeep-fuzz-" + std::to_string(getpid()) + ".sock") {
    unlink(path_.c_str());
    sockaddr_un address{.sun_family = AF_UNIX};
    path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    Check(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    Check(listen(listener_, 1) == 0);
  }
  ~Speaker() {
    close(listener_);
    unlink(path_.c_str());
  }
  Speaker(const Speaker&) = delete;
  Speaker& operator=(const Speaker&) = delete;

  void Speak(std::string_view text) const {
    const int connection = accept(listener_, nullptr, nullptr);
    while (!text.empty()) {
      const ssize_t sent = send(connection, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) break;
      text.remove_prefix(static_cast<size_t>(sent));
    }
    shutdown(connection, SHUT_WR);
    char byte = 0;
    while (read(connection, &byte, 1) > 0) continue;  // what was asked
    close(connection);
  }

  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  int listener_ = -1;
};

void CheckAdvance(const std::optional<RedisStreamCursor>& cursor, const RedisStreamRound& round) {
  const RedisStreamAdvance advance = AdvanceRedisStream(cursor, round);
  const int64_t before = cursor ? cursor->complete_ms : 0;
  Check(advance.cursor.complete_ms >= before);
  if (advance.gap) Check(advance.gap->begin_ms >= before);
  if (advance.gap) Check(advance.gap->begin_ms < advance.gap->end_ms);
  if (advance.left_out) Check(advance.left_out->begin_ms < advance.left_out->end_ms);
  const auto parsed = RedisStreamCursor::Parse(advance.cursor.Text());
  Check(parsed.ok() && *parsed == advance.cursor);
  // Nothing is lost twice.
  if (!round.full && !advance.read_again && round.last_generated >= advance.cursor.id) {
    RedisStreamRound again = round;
    again.entries = 0;
    again.last_read.reset();
    Check(AdvanceRedisStream(advance.cursor, again).lost == 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string text;
  int left = kMaxLong;
  for (const char byte : std::string_view(reinterpret_cast<const char*>(data), size)) {
    if (byte == kLong && left-- > 0) {
      text.append(kLongBytes, 'x');
    } else {
      text.push_back(byte);
    }
  }
  FakeInterner interner;
  Metrics metrics;
  const auto pipeline = Pipeline::Make(&interner, {.metrics = &metrics,
                                                   .limits = {.series = 8},
                                                   .caches = {.stacks = 16, .frames = 16}})
                            .value();
  const auto decoder = RedisStreamDecoder::Make(pipeline.get(), {}, "site", "stream").value();

  static const Speaker* const kSpeaker = new Speaker();
  std::thread speaker([&] { kSpeaker->Speak(text); });
  {
    const Waker waker;
    const auto client = RedisStreamClient::Open({.address = {.socket_path = kSpeaker->path()}},
                                                absl::Seconds(5), absl::Seconds(5), waker.fd());
    Check(client.ok());
    decoder->Begin(0);
    auto round = (*client)->Look("stream", {}, 10, decoder.get());
    Check(decoder->Finish().ok());
    if (round.ok()) {
      round->now_ms = 2'000'000;
      CheckAdvance(std::nullopt, *round);
      for (const std::optional<uint64_t> added :
           {std::optional<uint64_t>(), std::optional<uint64_t>(0), std::optional<uint64_t>(5)}) {
        CheckAdvance(RedisStreamCursor{{1000, 1}, added, 900, "a"}, *round);
        CheckAdvance(RedisStreamCursor{{UINT64_MAX, 1}, added, 900, "a"}, *round);
      }
    }
  }
  speaker.join();
  return 0;
}
