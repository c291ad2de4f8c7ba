#include "ingest/redis_source.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "base/status.h"
#include "ingest/chunk_queue.h"
#include "ingest/line_stream.h"
#include "ingest/redis_channel.h"
#include "ingest/redis_reader.h"
#include "storage/bucket.h"
#include "storage/registry.h"

namespace flamekeep::ingest {

namespace {

// How far a channel was heard before this program started: by a source of its name, under whatever
// rules. 0: never.
int64_t HeardBefore(const storage::Store& store, const storage::SourceKey& key) {
  int64_t heard = 0;
  for (const storage::SourceStatus& source : store.Sources()) {
    if (source.key.kind != key.kind || source.key.site != key.site || source.key.name != key.name ||
        source.key.node != key.node || !source.progress) {
      continue;
    }
    heard = std::max(heard, source.progress->complete_through_ms);
  }
  return heard;
}

storage::Gap MinuteGap(storage::Minute minute) {
  const int64_t begin = absl::ToUnixMillis(storage::TimeOf(minute));
  return {begin, begin + storage::kMsPerMinute, storage::GapReason::kOverflow};
}

}  // namespace

struct RedisSource::Impl {
  // What the decoder thread needs for a channel.
  struct Decoder {
    std::unique_ptr<LineStream> lines;
    TypeHandle type{};
    std::string profile_type;
    storage::SourceId source{};
  };

  Impl(RedisSourceOptions source_options, storage::Store* target)
      : options(std::move(source_options)), store(target), queue(options.queue_bytes) {}

  absl::Status AddChannel(const std::string& name, Pipeline* pipeline);
  void DecodeAll();
  void DecodeChunk(const Chunk& chunk);
  // Offers samples and progress to the store until it takes them.
  absl::Status Append(storage::SourceId source, const storage::Progress& progress);

  const RedisSourceOptions options;
  storage::Store* const store;
  ChunkQueue queue;
  std::vector<std::unique_ptr<RedisChannel>> channels;
  std::vector<Decoder> decoders;  // of the channels
  std::unique_ptr<RedisReader> reader;
  std::atomic<bool> stopping{false};
  bool gave_up = false;                  // decoder thread: at the end the store did not write
  std::vector<storage::Sample> samples;  // decoder thread
  absl::Mutex stop_mutex;
  std::thread reader_thread;
  std::thread decoder_thread;
};

absl::Status RedisSource::Impl::AddChannel(const std::string& name, Pipeline* pipeline) {
  Decoder decoder;
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::ProfileType type, pipeline->TypeOf(name));
  const storage::SourceKey key{.kind = storage::SourceKind::kPubSub,
                               .site = options.site,
                               .name = name + options.name_suffix,
                               .node = options.node,
                               .rules_hash = pipeline->HashWith(options.relabel)};
  FLAMEKEEP_ASSIGN_OR_RETURN(decoder.source, store->InternSource(key));
  decoder.profile_type = type.Id();
  decoder.lines =
      pipeline->NewStream({.site = options.site, .source = name, .relabel = options.relabel});
  FLAMEKEEP_ASSIGN_OR_RETURN(decoder.type, decoder.lines->Type(type));
  decoders.push_back(std::move(decoder));
  channels.push_back(std::make_unique<RedisChannel>(
      pipeline->metrics(), options.site, options.address.Display(), name, options.now()));
  channels.back()->missing_since_ms = HeardBefore(*store, key);
  return absl::OkStatus();
}

void RedisSource::Impl::DecodeAll() {
  Chunk chunk;
  while (queue.Pop(&chunk)) {
    DecodeChunk(chunk);
    channels[chunk.channel]->CountDone(chunk.messages);
    queue.GiveBuffer(std::move(chunk.lines));
  }
}

void RedisSource::Impl::DecodeChunk(const Chunk& chunk) {
  Decoder& decoder = decoders[chunk.channel];
  RedisChannel& channel = *channels[chunk.channel];
  samples.clear();
  const absl::Status status =
      decoder.lines->DecodeFolded(chunk.lines, decoder.type, chunk.minute, &samples);
  storage::Progress progress = chunk.progress;
  // What was decoded before an error is kept.
  if (!status.ok()) {
    progress.gaps.push_back(MinuteGap(chunk.minute));
    channel.CountStoreDropped(chunk.messages - std::min(chunk.messages, samples.size()));
    spdlog::error("channel {} of site {}: {}", channel.name(), options.site, Message(status));
  }
  if (samples.empty() && progress.empty()) return;
  if (const absl::Status appended = Append(decoder.source, progress); !appended.ok()) {
    channel.CountStoreDropped(samples.size());
    spdlog::error("channel {} of site {}: {} samples are lost: {}", channel.name(), options.site,
                  samples.size(), Message(appended));
  }
}

absl::Status RedisSource::Impl::Append(storage::SourceId source,
                                       const storage::Progress& progress) {
  while (true) {
    if (gave_up) return Error(absl::StatusCode::kUnavailable, "the store could not write");
    const absl::StatusOr<storage::Ticket> ticket =
        store->Append({.source = source, .samples = samples, .progress = progress});
    if (ticket.ok()) return absl::OkStatus();
    if (ticket.status().code() != absl::StatusCode::kResourceExhausted) return ticket.status();
    // Tried again for as long as the server runs; meanwhile the queue fills.
    gave_up = stopping;
  }
}

absl::StatusOr<std::unique_ptr<RedisSource>> RedisSource::Start(RedisSourceOptions options,
                                                                Pipeline* pipeline,
                                                                storage::Store* store) {
  if (options.channels.empty()) {
    return InvalidArgument("site \"{}\": {} is to be listened to, but no channel is named",
                           options.site, options.address.Display());
  }
  if (!options.password_file.empty()) {
    FLAMEKEEP_RETURN_IF_ERROR(ReadPasswordFile(options.password_file).status());
  }
  auto impl = std::make_unique<Impl>(std::move(options), store);
  for (const std::string& channel : impl->options.channels) {
    FLAMEKEEP_RETURN_IF_ERROR(impl->AddChannel(channel, pipeline));
  }
  impl->reader = std::make_unique<RedisReader>(impl->options, &impl->channels, &impl->queue,
                                               pipeline->metrics());
  impl->reader_thread = std::thread([reader = impl->reader.get()] { reader->Run(); });
  impl->decoder_thread = std::thread([decoder = impl.get()] { decoder->DecodeAll(); });
  return std::unique_ptr<RedisSource>(new RedisSource(std::move(impl)));
}

RedisSource::RedisSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

RedisSource::~RedisSource() { Stop(); }

void RedisSource::Stop() {
  absl::MutexLock lock(&impl_->stop_mutex);
  impl_->stopping = true;
  impl_->reader->Stop();
  if (impl_->reader_thread.joinable()) impl_->reader_thread.join();
  if (impl_->decoder_thread.joinable()) impl_->decoder_thread.join();
}

std::vector<storage::LiveSource> RedisSource::live() const {
  std::vector<storage::LiveSource> live;
  for (const Impl::Decoder& decoder : impl_->decoders) {
    live.push_back({decoder.source, {decoder.profile_type}});
  }
  return live;
}

std::vector<RedisStatus> RedisSource::Status() const {
  const RedisReader::ConnectionStatus connection = impl_->reader->connection();
  std::vector<RedisStatus> all;
  for (const auto& channel : impl_->channels) {
    all.push_back({.kind = storage::SourceKind::kPubSub,
                   .site = impl_->options.site,
                   .name = channel->name(),
                   .source_name = channel->name() + impl_->options.name_suffix,
                   .address = impl_->options.address.Display(),
                   .connected = connection.connected,
                   .since = connection.since,
                   .last_message = channel->last_message(),
                   .last_error = connection.last_error,
                   .messages = channel->messages(),
                   .queued = channel->queued()});
  }
  return all;
}

}  // namespace flamekeep::ingest
