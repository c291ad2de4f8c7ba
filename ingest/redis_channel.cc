#include "ingest/redis_channel.h"

#include <utility>

#include "ingest/folded.h"

namespace flamekeep::ingest {
namespace {

Metrics::Labels LabelsOf(const std::string& site, const std::string& server,
                         const std::string& channel) {
  return {{"site", site}, {"server", server}, {"channel", channel}};
}

}  // namespace

RedisChannel::RedisChannel(Metrics* metrics, const std::string& site, const std::string& server,
                           std::string name, absl::Time now)
    : name_(std::move(name)),
      started_(now),
      messages_counter_(metrics->GetCounter("redis_messages_total", Severity::kInfo,
                                            "Messages received from a Redis channel.",
                                            LabelsOf(site, server, name_))),
      bytes_counter_(metrics->GetCounter("redis_bytes_total", Severity::kInfo,
                                         "Bytes of the messages of a Redis channel.",
                                         LabelsOf(site, server, name_))),
      queue_full_(metrics->GetCounter(
          "redis_queue_full_messages_total", Severity::kLoss,
          "Messages dropped because decoding or the store fell behind and the queue was full.",
          LabelsOf(site, server, name_))),
      store_dropped_(metrics->GetCounter(
          "redis_store_dropped_samples_total", Severity::kLoss,
          "Samples dropped because the store refused them, or could not write at shutdown.",
          LabelsOf(site, server, name_))),
      silence_(metrics->GetGauge("redis_silence_seconds",
                                 "Seconds since a Redis channel had its last message, or since "
                                 "the server started.",
                                 LabelsOf(site, server, name_))),
      rejected_(metrics, site, name_) {}

void RedisChannel::Add(std::string_view payload) {
  ++new_messages_;
  new_bytes_ += payload.size();
  if (payload.size() > kMaxLineBytes) {
    rejected_.Add(Reject::kTooLong);
    return;
  }
  ++chunk.messages;
  chunk.lines.append(payload);
  chunk.lines.push_back('\n');
}

void RedisChannel::Publish(absl::Time now) {
  if (new_messages_ == 0) return;
  messages_.fetch_add(new_messages_, std::memory_order_relaxed);
  messages_counter_.Add(new_messages_);
  bytes_counter_.Add(new_bytes_);
  last_message_nanos_.store(absl::ToUnixNanos(now), std::memory_order_relaxed);
  new_messages_ = new_bytes_ = 0;
}

absl::Time RedisChannel::last_message() const {
  const int64_t nanos = last_message_nanos_.load(std::memory_order_relaxed);
  return nanos == 0 ? absl::InfinitePast() : absl::FromUnixNanos(nanos);
}

void RedisChannel::UpdateSilence(absl::Time now) {
  const absl::Time last = last_message();
  silence_.Set(absl::ToDoubleSeconds(now - (last == absl::InfinitePast() ? started_ : last)));
}

}  // namespace flamekeep::ingest
