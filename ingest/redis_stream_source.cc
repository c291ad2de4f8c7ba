#include "ingest/redis_stream_source.h"

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "base/status.h"
#include "base/steady_clock.h"
#include "ingest/backoff.h"
#include "ingest/redis_reader.h"
#include "ingest/redis_stream.h"
#include "ingest/redis_stream_client.h"
#include "ingest/waker.h"

namespace flamekeep::ingest {
namespace {

// How often gauges are brought up to date while nothing happens.
constexpr absl::Duration kStreamTick = absl::Seconds(1);
// A connection that lasted so long was a good one: the next attempt comes soon.
constexpr absl::Duration kStreamGoodConnection = absl::Seconds(1);
// How long entries may gather before they are read: a look costs more than an entry.
constexpr absl::Duration kStreamGather = absl::Milliseconds(20);

}  // namespace

struct RedisStreamSource::Impl {
  explicit Impl(RedisSourceOptions from)
      : options(std::move(from)), backoff(options.min_backoff, options.max_backoff) {}

  void Run();
  // Connects and reads until the connection fails or Stop().
  absl::Status Serve();
  // One look at each stream that can be read. Whether there is likely more. Errors: of the
  // connection.
  absl::StatusOr<bool> LookAtAll(RedisStreamClient* client);
  // Waits until there may be something to read. Errors: of the connection.
  absl::Status WaitForEntries(RedisStreamClient* client);
  void Sleep(absl::Duration duration);

  const RedisSourceOptions options;
  std::vector<std::unique_ptr<RedisStream>> streams;
  std::vector<RedisStream*> readable;  // at the last look
  Waker waker;
  std::atomic<bool> stopping{false};
  Backoff backoff;
  absl::Mutex stop_mutex;
  std::thread thread;
};

void RedisStreamSource::Impl::Run() {
  while (!stopping) {
    const absl::Status status = Serve();
    if (stopping) break;
    for (const auto& stream : streams) stream->SetFailed(status);
    Sleep(backoff.Next());
  }
  for (const auto& stream : streams) stream->SetFailed(absl::OkStatus());
}

absl::Status RedisStreamSource::Impl::Serve() {
  RedisLogin login{.address = options.address};
  if (!options.password_file.empty()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(login.password, ReadPasswordFile(options.password_file));
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(
      const std::unique_ptr<RedisStreamClient> client,
      RedisStreamClient::Open(login, options.connect_timeout, options.ping_after, waker.fd()));
  const absl::Time connected_at = SteadyNow();
  while (!stopping) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const bool more, LookAtAll(client.get()));
    if (SteadyNow() - connected_at > kStreamGoodConnection) backoff.Reset();
    if (!more) FLAMEKEEP_RETURN_IF_ERROR(WaitForEntries(client.get()));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> RedisStreamSource::Impl::LookAtAll(RedisStreamClient* client) {
  bool more = false;
  readable.clear();
  for (const auto& stream : streams) {
    if (!stream->due(SteadyNow())) continue;
    const absl::StatusOr<bool> read = stream->Read(client, stopping);
    if (read.ok()) {
      readable.push_back(stream.get());
      more = more || *read;
      continue;
    }
    if (absl::IsUnavailable(read.status()) || absl::IsCancelled(read.status())) {
      return read.status();
    }
    // The server or the store refuses this one: the others may be read all the same.
    stream->SetRefused(read.status());
  }
  return more;
}

absl::Status RedisStreamSource::Impl::WaitForEntries(RedisStreamClient* client) {
  if (readable.empty()) {
    Sleep(options.stream_idle);
    return absl::OkStatus();
  }
  std::vector<RedisStreamClient::Place> places;
  places.reserve(readable.size());
  for (const RedisStream* stream : readable) {
    places.emplace_back(stream->name(), stream->position());
  }
  const absl::StatusOr<bool> got = client->WaitForEntries(places, options.stream_idle);
  if (got.ok()) {
    if (*got) Sleep(kStreamGather);
    return absl::OkStatus();
  }
  // What is wrong the next look will say.
  if (!absl::IsFailedPrecondition(got.status())) return got.status();
  Sleep(options.stream_idle);
  return absl::OkStatus();
}

void RedisStreamSource::Impl::Sleep(absl::Duration duration) {
  const absl::Time until = SteadyNow() + duration;
  while (!stopping) {
    const absl::Duration left = std::min(until - SteadyNow(), kStreamTick);
    if (left <= absl::ZeroDuration()) return;
    pollfd fd{waker.fd(), POLLIN, 0};
    poll(&fd, 1, static_cast<int>(absl::ToInt64Milliseconds(left) + 1));
    for (const auto& stream : streams) stream->Tick();
  }
}

absl::StatusOr<std::unique_ptr<RedisStreamSource>> RedisStreamSource::Start(
    RedisSourceOptions options, Pipeline* pipeline, storage::Store* store) {
  if (options.streams.empty()) {
    return InvalidArgument("site \"{}\": {} is to be read, but no stream is named", options.site,
                           options.address.Display());
  }
  if (!options.password_file.empty()) {
    FLAMEKEEP_RETURN_IF_ERROR(ReadPasswordFile(options.password_file).status());
  }
  auto impl = std::make_unique<Impl>(std::move(options));
  for (const std::string& name : impl->options.streams) {
    FLAMEKEEP_ASSIGN_OR_RETURN(std::unique_ptr<RedisStream> stream,
                               RedisStream::Make(impl->options, name, pipeline, store));
    impl->streams.push_back(std::move(stream));
  }
  impl->thread = std::thread([reader = impl.get()] { reader->Run(); });
  return std::unique_ptr<RedisStreamSource>(new RedisStreamSource(std::move(impl)));
}

RedisStreamSource::RedisStreamSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

RedisStreamSource::~RedisStreamSource() { Stop(); }

void RedisStreamSource::Stop() {
  absl::MutexLock lock(&impl_->stop_mutex);
  impl_->stopping = true;
  impl_->waker.Wake();
  if (impl_->thread.joinable()) impl_->thread.join();
}

std::vector<storage::LiveSource> RedisStreamSource::live() const {
  std::vector<storage::LiveSource> live;
  for (const auto& stream : impl_->streams) live.push_back(stream->live());
  return live;
}

std::vector<RedisStatus> RedisStreamSource::Status() const {
  std::vector<RedisStatus> all;
  for (const auto& stream : impl_->streams) all.push_back(stream->Status());
  return all;
}

}  // namespace flamekeep::ingest
