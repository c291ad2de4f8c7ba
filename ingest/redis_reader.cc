#include "ingest/redis_reader.h"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "absl/time/clock.h"
#include "base/status.h"
#include "base/steady_clock.h"
#include "storage/bucket.h"

namespace flamekeep::ingest {
namespace {

// Room behind the end of a chunk for the message that makes it full.
constexpr size_t kTypicalMessage = 16 << 10;
// How often gauges are brought up to date while nothing happens.
constexpr absl::Duration kTick = absl::Seconds(1);
// A connection that lasted so long was a good one: the next attempt comes soon.
constexpr absl::Duration kGoodConnection = absl::Seconds(1);
// What the kernel holds is still read at the end, but a flood must not keep the server from
// stopping.
constexpr absl::Duration kDrainTime = absl::Seconds(1);

// A clock that goes back further than this is followed.
constexpr absl::Duration kMaxStandStill = absl::Minutes(10);
// Progress alone is not queued where the decoder is behind so many chunks.
constexpr size_t kMaxQueuedProgress = 64;

// How long bytes may gather in the socket before they are read. A thread that is woken for each few
// messages costs itself and the server (which does the waking) more than the messages do.
constexpr absl::Duration kGather = absl::Microseconds(250);

}  // namespace

absl::StatusOr<std::string> ReadPasswordFile(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!file || !std::getline(file, line)) {
    return NotFound("the password file \"{}\" can not be read or is empty", path);
  }
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

RedisReader::RedisReader(const RedisSourceOptions& options,
                         std::vector<std::unique_ptr<RedisChannel>>* channels, ChunkQueue* queue,
                         Metrics* metrics)
    : options_(options),
      channels_(*channels),
      queue_(*queue),
      server_(options.address.Display()),
      backoff_(options.min_backoff, options.max_backoff),
      connected_gauge_(metrics->GetGauge("redis_connected",
                                         "1 while a Redis server is listened to, else 0.",
                                         {{"site", options.site}, {"server", server_}})),
      queued_bytes_(metrics->GetGauge("redis_queued_bytes",
                                      "Bytes received from a Redis server and not yet decoded.",
                                      {{"site", options.site}, {"server", server_}})),
      connects_(metrics->GetCounter("redis_connects_total", Severity::kInfo,
                                    "Subscriptions to a Redis server that were confirmed.",
                                    {{"site", options.site}, {"server", server_}})),
      disconnects_(metrics->GetCounter(
          "redis_disconnects_total", Severity::kError,
          "Subscriptions that were lost; what is published until the next one is not heard.",
          {{"site", options.site}, {"server", server_}})),
      failures_(metrics->GetCounter("redis_connect_failures_total", Severity::kError,
                                    "Attempts to subscribe to a Redis server that failed.",
                                    {{"site", options.site}, {"server", server_}})),
      clock_jumps_(metrics->GetCounter(
          "redis_clock_jumps_total", Severity::kError,
          "Times this machine's clock went back by minutes: samples may have come into a range "
          "that was called complete before.",
          {{"site", options.site}, {"server", server_}})) {
  connection_.since = options_.now();
}

RedisReader::ConnectionStatus RedisReader::connection() const {
  absl::MutexLock lock(&mutex_);
  return connection_;
}

void RedisReader::Stop() {
  stopping_ = true;
  waker_.Wake();
}

void RedisReader::Run() {
  while (!stopping_) {
    const absl::Status status = Listen();
    Tick(absl::InfiniteFuture());
    if (heard_ms_ != 0) {
      PushProgress();
      for (const auto& channel : channels_) channel->missing_since_ms = heard_ms_;
      heard_ms_ = 0;
    }
    if (stopping_) break;
    SetFailed(status);
    Sleep(backoff_.Next());
  }
  connected_gauge_.Set(0);
  queue_.Close();
  absl::MutexLock lock(&mutex_);
  if (connection_.connected) connection_ = {false, options_.now(), connection_.last_error};
}

absl::Status RedisReader::Listen() {
  RedisLogin login{.address = options_.address};
  if (!options_.password_file.empty()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(login.password, ReadPasswordFile(options_.password_file));
  }
  minute_known_ = false;
  FLAMEKEEP_ASSIGN_OR_RETURN(
      const std::unique_ptr<RedisSubscriber> connection,
      RedisSubscriber::Open(login, options_.channels, options_.connect_timeout, waker_.fd(), this));
  SetConnected();
  heard_ms_ = absl::ToUnixMillis(Clock());
  for (const auto& channel : channels_) {
    storage::Progress& progress = channel->chunk.progress;
    progress.begins_ms = heard_ms_;
    if (channel->missing_since_ms != 0) {
      // Also where it was heard under other rules: the gap stands for what lies between.
      progress.begins_ms = channel->missing_since_ms;
      progress.gaps.push_back(
          {channel->missing_since_ms, heard_ms_, storage::GapReason::kDisconnected});
      channel->missing_since_ms = 0;
    }
  }
  PushProgress();
  return ReadUntilStopped(connection.get());
}

absl::Status RedisReader::ReadUntilStopped(RedisSubscriber* connection) {
  last_byte_ = connected_at_ = SteadyNow();
  while (!stopping_) {
    minute_known_ = false;
    FLAMEKEEP_ASSIGN_OR_RETURN(const size_t bytes, connection->Read(ReadTimeout(SteadyNow())));
    const absl::Time now = SteadyNow();
    if (bytes > 0) {
      last_byte_ = now;
      heard_ms_ = absl::ToUnixMillis(Clock());
      if (now - connected_at_ > kGoodConnection) backoff_.Reset();
      if (connection->drained()) absl::SleepFor(kGather);
    } else {
      FLAMEKEEP_RETURN_IF_ERROR(CheckAlive(connection, now));
    }
    Tick(now);
    if (now - progress_pushed_ >= kTick) PushProgress();
  }
  DrainSocket(connection);
  return absl::OkStatus();
}

absl::Status RedisReader::CheckAlive(RedisSubscriber* connection, absl::Time now) {
  if (now - last_byte_ < options_.ping_after) return absl::OkStatus();
  if (pinged_ < last_byte_) {
    pinged_ = now;
    return connection->Ping();
  }
  if (now - pinged_ < options_.ping_after) return absl::OkStatus();
  return Error(absl::StatusCode::kUnavailable, "{}: does not answer a PING for {}", server_,
               absl::FormatDuration(options_.ping_after));
}

void RedisReader::DrainSocket(RedisSubscriber* connection) {
  const absl::Time deadline = SteadyNow() + kDrainTime;
  while (SteadyNow() < deadline) {
    minute_known_ = false;
    const absl::StatusOr<size_t> bytes = connection->Read(absl::ZeroDuration());
    if (!bytes.ok() || *bytes == 0) return;
    Tick(SteadyNow());
  }
}

absl::Duration RedisReader::ReadTimeout(absl::Time now) const {
  absl::Duration timeout = std::min(kTick, options_.ping_after);
  for (const auto& channel : channels_) {
    if (channel->chunk.messages == 0) continue;
    timeout = std::min(timeout, channel->chunk_started + options_.chunk_age - now);
  }
  return std::max(timeout, absl::ZeroDuration());
}

void RedisReader::OnMessage(size_t index, std::string_view payload) {
  if (!minute_known_) {
    minute_known_ = true;
    minute_ = storage::MinuteOf(Clock());
  }
  RedisChannel& channel = *channels_[index];
  if (!minute_) {
    channel.CountRejected(Reject::kTimeOutOfRange);
    return;
  }
  if (channel.chunk.messages > 0 && channel.chunk.minute != *minute_) Push(&channel);
  if (channel.chunk.messages == 0) {
    channel.chunk.channel = index;
    channel.chunk.minute = *minute_;
    channel.chunk.lines = queue_.TakeBuffer();
    channel.chunk.lines.reserve(options_.chunk_bytes + kTypicalMessage);
    channel.chunk_started = SteadyNow();
  }
  channel.Add(payload);
  if (channel.chunk.lines.size() >= options_.chunk_bytes) Push(&channel);
}

void RedisReader::Push(RedisChannel* channel) {
  Chunk& chunk = channel->chunk;
  const uint64_t messages = chunk.messages;
  channel->CountQueued(messages);
  if (queue_.TryPush(&chunk)) {
    chunk = Chunk();
    return;
  }
  channel->CountQueueFull(messages);
  channel->CountDone(messages);
  queue_.GiveBuffer(std::move(chunk.lines));
  // Told with what comes next.
  storage::Progress progress = std::move(chunk.progress);
  if (messages > 0) {
    const int64_t begin = absl::ToUnixMillis(storage::TimeOf(chunk.minute));
    progress.gaps.push_back(
        {begin, std::max(absl::ToUnixMillis(clock_), begin + 1), storage::GapReason::kOverflow});
  }
  chunk = Chunk();
  chunk.progress = std::move(progress);
}

void RedisReader::PushProgress() {
  progress_pushed_ = SteadyNow();
  for (size_t i = 0; i < channels_.size(); ++i) {
    Chunk& chunk = channels_[i]->chunk;
    if (chunk.messages == 0 && queue_.size() >= kMaxQueuedProgress) continue;
    chunk.channel = i;
    chunk.progress.complete_through_ms = heard_ms_;
    Push(channels_[i].get());
  }
}

absl::Time RedisReader::Clock() {
  const absl::Time now = options_.now();
  if (now >= clock_) {
    clock_ = now;
  } else if (clock_ - now > kMaxStandStill) {
    clock_jumps_.Add();
    spdlog::warn("{}: this machine's clock went back by {}", server_,
                 absl::FormatDuration(clock_ - now));
    clock_ = now;
  }
  return clock_;
}

void RedisReader::Tick(absl::Time now) {
  const absl::Time clock = options_.now();
  for (const auto& channel : channels_) {
    channel->Publish(clock);
    channel->UpdateSilence(clock);
    if (channel->chunk.messages > 0 && now - channel->chunk_started >= options_.chunk_age) {
      Push(channel.get());
    }
  }
  queued_bytes_.Set(static_cast<double>(queue_.bytes()));
}

void RedisReader::Sleep(absl::Duration duration) {
  const absl::Time until = SteadyNow() + duration;
  while (!stopping_) {
    const absl::Duration left = std::min(until - SteadyNow(), kTick);
    if (left <= absl::ZeroDuration()) return;
    pollfd fd{waker_.fd(), POLLIN, 0};
    poll(&fd, 1, static_cast<int>(absl::ToInt64Milliseconds(left) + 1));
    Tick(absl::InfiniteFuture());
  }
}

void RedisReader::SetConnected() {
  connects_.Add();
  connected_gauge_.Set(1);
  spdlog::info("{}: listening for site {}", server_, options_.site);
  absl::MutexLock lock(&mutex_);
  connection_.connected = true;
  connection_.since = options_.now();
}

void RedisReader::SetFailed(const absl::Status& status) {
  const std::string message = Message(status);
  connected_gauge_.Set(0);
  absl::MutexLock lock(&mutex_);
  if (connection_.connected) {
    disconnects_.Add();
    connection_.connected = false;
    connection_.since = options_.now();
  } else {
    failures_.Add();
    // The same failure again is told by the counter alone.
    if (connection_.last_error == message) return;
  }
  connection_.last_error = message;
  spdlog::warn("{}; trying again", message);
}

}  // namespace flamekeep::ingest
