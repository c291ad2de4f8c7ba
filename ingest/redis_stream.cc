#include "ingest/redis_stream.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "base/steady_clock.h"

namespace flamekeep::ingest {
namespace {

// Entries that are asked for at once: at most these, and no more than make about so many bytes.
constexpr uint64_t kFirstCount = 100;
constexpr uint64_t kMaxCount = 1000;
constexpr uint64_t kLookBytes = uint64_t{2} << 20;

Metrics::Labels LabelsOf(const RedisSourceOptions& options, const std::string& name) {
  return {{"site", options.site}, {"server", options.address.Display()}, {"stream", name}};
}

Counter& GapCounter(Metrics* metrics, Metrics::Labels labels, storage::GapReason reason) {
  labels.emplace_back("reason", storage::GapReasonName(reason));
  return metrics->GetCounter(
      "redis_stream_gaps_total", Severity::kLoss,
      "Spans in which entries of a Redis stream were, or may have been, removed before they were "
      "read, or lost labels that are to be hashed.",
      labels);
}

absl::Time TimeOf(RedisStreamId id) {
  constexpr uint64_t kLatest = uint64_t{1} << 48;  // a clock that is right does not get there
  return absl::FromUnixMillis(static_cast<int64_t>(std::min(id.ms, kLatest)));
}

}  // namespace

RedisStream::RedisStream(const RedisSourceOptions& options, const std::string& name,
                         Metrics* metrics, storage::Store* store)
    : options_(options),
      name_(name),
      source_name_(name + options.name_suffix),
      server_(options.address.Display()),
      started_(options.now()),
      store_(store),
      count_(kFirstCount),
      entries_(metrics->GetCounter("redis_stream_entries_total", Severity::kInfo,
                                   "Entries read from a Redis stream.", LabelsOf(options, name))),
      bytes_(metrics->GetCounter("redis_stream_bytes_total", Severity::kInfo,
                                 "Bytes of the fields of entries read from a Redis stream.",
                                 LabelsOf(options, name))),
      lost_(metrics->GetCounter(
          "redis_stream_lost_entries_total", Severity::kLoss,
          "Entries that were trimmed or deleted from a Redis stream before they were read.",
          LabelsOf(options, name))),
      late_(metrics->GetCounter(
          "redis_stream_late_entries_total", Severity::kLoss,
          "Entries left out because their ids lie in a minute that was complete before: a clock "
          "was set back, a server that has less took over, or the stream is new and has what was "
          "final.",
          LabelsOf(options, name))),
      trimmed_gaps_(GapCounter(metrics, LabelsOf(options, name), storage::GapReason::kTrimmed)),
      replaced_gaps_(GapCounter(metrics, LabelsOf(options, name), storage::GapReason::kReplaced)),
      unhashed_gaps_(GapCounter(metrics, LabelsOf(options, name), storage::GapReason::kUnhashed)),
      errors_(metrics->GetCounter("redis_stream_errors_total", Severity::kError,
                                  "Times a Redis stream could not be read, for a lost connection "
                                  "or what the server answered; nothing of it is lost.",
                                  LabelsOf(options, name))),
      connected_(metrics->GetGauge("redis_stream_connected",
                                   "1 while a Redis stream can be read, else 0.",
                                   LabelsOf(options, name))),
      lag_(metrics->GetGauge("redis_stream_lag_seconds",
                             "Time from the entry of a Redis stream that was read last to its "
                             "newest one.",
                             LabelsOf(options, name))),
      unread_(metrics->GetGauge("redis_stream_unread_entries",
                                "Entries of a Redis stream that are not read yet.",
                                LabelsOf(options, name))),
      silence_(metrics->GetGauge("redis_stream_silence_seconds",
                                 "Seconds since the newest entry of a Redis stream, or since the "
                                 "server started.",
                                 LabelsOf(options, name))) {
  absl::MutexLock lock(&mutex_);
  shown_.kind = storage::SourceKind::kStream;
  shown_.site = options.site;
  shown_.name = name_;
  shown_.source_name = source_name_;
  shown_.address = server_;
  shown_.since = started_;
}

absl::StatusOr<std::unique_ptr<RedisStream>> RedisStream::Make(const RedisSourceOptions& options,
                                                               const std::string& name,
                                                               Pipeline* pipeline,
                                                               storage::Store* store) {
  std::unique_ptr<RedisStream> stream(new RedisStream(options, name, pipeline->metrics(), store));
  FLAMEKEEP_ASSIGN_OR_RETURN(
      stream->decoder_, RedisStreamDecoder::Make(pipeline, options.relabel, options.site, name));
  const storage::SourceKey key{.kind = storage::SourceKind::kStream,
                               .site = options.site,
                               .name = stream->source_name_,
                               .rules_hash = pipeline->HashWith(options.relabel)};
  FLAMEKEEP_ASSIGN_OR_RETURN(stream->source_, store->InternSource(key));
  stream->FindPosition(key);
  if (!stream->cursor_) stream->FindFinal();
  return stream;
}

void RedisStream::FindPosition(const storage::SourceKey& key) {
  storage::SourceId found{};
  for (const storage::SourceStatus& other : store_->Sources()) {
    if (other.key.kind != key.kind || other.key.site != key.site) continue;
    const std::optional<storage::Position> position = store_->AcceptedPosition(other.id);
    if (!position) continue;
    if (other.id == source_) number_ = position->number;
    absl::StatusOr<RedisStreamCursor> cursor = RedisStreamCursor::Parse(position->cursor);
    if (!cursor.ok()) {
      spdlog::error("stream {} of site {}: {}", other.key.name, key.site, Message(cursor.status()));
      continue;
    }
    const bool same_name = other.key.name == key.name;
    const bool same_place = cursor->address == server_ &&
                            (other.key.name == name_ || other.key.name.starts_with(name_ + "@"));
    if (!same_name && !same_place) continue;
    // While nothing came, only the progress was written.
    if (other.progress) {
      cursor->complete_ms = std::max(cursor->complete_ms, other.progress->complete_through_ms);
    }
    if (cursor_ && cursor_->complete_ms > cursor->complete_ms) continue;
    cursor_ = *std::move(cursor);
    found = other.id;
  }
  continues_ = cursor_.has_value() && found != source_;
}

void RedisStream::FindFinal() {
  std::map<std::string, int64_t> ends;
  for (auto& [type, ranges] : store_->FinalRanges(options_.site)) {
    // The future is not final, whatever a clock said once.
    ends[type] = std::min(ranges.back().end_ms, absl::ToUnixMillis(started_));
    if (type != decoder_->profile_type()) continue;
    final_ms_ = ends[type];
    final_ = std::move(ranges);
  }
  decoder_->SetFinal(std::move(ends));
}

absl::StatusOr<bool> RedisStream::Read(RedisStreamClient* client,
                                       const std::atomic<bool>& stopping) {
  decoder_->Begin(cursor_ ? cursor_->complete_ms : final_ms_);
  const int64_t now_ms = absl::ToUnixMillis(options_.now());
  FLAMEKEEP_ASSIGN_OR_RETURN(RedisStreamRound round,
                             client->Look(name_, position(), count_, decoder_.get()));
  round.now_ms = now_ms;
  round.final_ms = cursor_ ? 0 : final_ms_;
  FLAMEKEEP_RETURN_IF_ERROR(decoder_->Finish());
  RedisStreamAdvance advance = AdvanceRedisStream(cursor_, round);
  advance.cursor.address = server_;
  const bool joined = JoinGap(&advance);

  storage::Batch batch{.source = source_};
  if (!advance.read_again) batch.samples = decoder_->samples();
  batch.progress = {.begins_ms = advance.begins_ms,
                    .complete_through_ms = std::max<int64_t>(advance.cursor.complete_ms, 0)};
  if (advance.gap) batch.progress.gaps.push_back(*advance.gap);
  if (advance.left_out) batch.progress.gaps = storage::Outside(*advance.left_out, final_);
  const std::optional<storage::Gap> unhashed = advance.read_again ? std::nullopt : UnhashedGap();
  if (unhashed) batch.progress.gaps.push_back(*unhashed);
  if (continues_) {
    batch.progress.begins_ms =
        std::max<int64_t>(std::min(cursor_->complete_ms, advance.cursor.complete_ms), 1);
  }
  // While nothing comes the store need not write as often.
  const bool moved = !cursor_ || continues_ || advance.cursor.id != cursor_->id ||
                     advance.cursor.added != cursor_->added || advance.gap || round.entries > 0;
  if (moved) batch.position = {number_ + 1, advance.cursor.Text()};
  FLAMEKEEP_RETURN_IF_ERROR(Append(batch, stopping));
  if (moved) ++number_;
  continues_ = false;
  cursor_ = advance.cursor;
  if (unhashed) {
    if (unhashed->begin_ms != unhashed_through_ms_) unhashed_gaps_.Add();
    unhashed_through_ms_ = unhashed->end_ms;
  }
  Count(round, advance);
  if (advance.left_out) {
    LogLeftOut(*advance.left_out);
    replaced_gaps_.Add(batch.progress.gaps.size());
  }
  if (advance.gap) {
    if (!joined) LogGap(advance);
    const int64_t begin_ms = joined ? last_gap_->begin_ms : advance.gap->begin_ms;
    last_gap_ = {begin_ms, advance.gap->end_ms, advance.gap->reason};
  }
  if (round.entries > 0) {
    const uint64_t mean = std::max<uint64_t>(decoder_->bytes() / round.entries, 1);
    count_ = std::clamp<uint64_t>(kLookBytes / mean, 1, kMaxCount);
  }
  return round.full || advance.read_again;
}

bool RedisStream::JoinGap(RedisStreamAdvance* advance) {
  if (!advance->gap || !last_gap_ || !GoesOn(*last_gap_, *advance->gap, cursor_->complete_ms)) {
    return false;
  }
  // What touches is one record in the store.
  advance->gap->begin_ms = last_gap_->end_ms;
  advance->gap->end_ms = std::max(advance->gap->end_ms, last_gap_->end_ms + 1);
  return true;
}

std::optional<storage::Gap> RedisStream::UnhashedGap() const {
  if (!decoder_->unhashed()) return std::nullopt;
  auto [begin_ms, end_ms] = *decoder_->unhashed();
  // What touches is one record in the store.
  const bool goes_on =
      unhashed_through_ms_ <= begin_ms && begin_ms - unhashed_through_ms_ < storage::kMsPerMinute;
  if (goes_on) begin_ms = unhashed_through_ms_;
  return storage::Gap{begin_ms, end_ms, storage::GapReason::kUnhashed};
}

absl::Status RedisStream::Append(const storage::Batch& batch, const std::atomic<bool>& stopping) {
  while (true) {
    const absl::Status status = store_->Append(batch).status();
    if (status.code() != absl::StatusCode::kResourceExhausted || stopping) return status;
  }
}

void RedisStream::Count(const RedisStreamRound& round, const RedisStreamAdvance& advance) {
  if (!advance.read_again) {
    entries_.Add(round.entries);
    bytes_.Add(decoder_->bytes());
    late_.Add(decoder_->late());
  }
  lost_.Add(advance.lost);
  if (advance.gap) {
    const bool trimmed = advance.gap->reason == storage::GapReason::kTrimmed;
    (trimmed ? trimmed_gaps_ : replaced_gaps_).Add();
  }
  {
    absl::MutexLock lock(&mutex_);
    if (!advance.read_again) shown_.messages += round.entries;
    if (round.last_read) shown_.last_message = TimeOf(*round.last_read);
    if (cursor_->id != RedisStreamId{}) shown_.position = cursor_->id.Text();
    shown_.lost += advance.lost;
    shown_.queued = advance.unread.value_or(0);
    shown_.lag = round.exists && round.last_generated > cursor_->id
                     ? TimeOf(round.last_generated) - TimeOf(cursor_->id)
                     : absl::ZeroDuration();
    lag_.Set(absl::ToDoubleSeconds(shown_.lag));
    unread_.Set(static_cast<double>(shown_.queued));
  }
  SetConnected();
  Tick();
}

void RedisStream::LogGap(const RedisStreamAdvance& advance) const {
  const storage::Gap& gap = *advance.gap;
  std::string_view what = "the stream or its server was replaced, or a clock was far ahead:";
  if (gap.reason == storage::GapReason::kTrimmed) {
    what = "entries were removed before they were read:";
  }
  spdlog::warn("stream {} of site {} at {}: {} from {} to {}, {} entries are known to be lost",
               name_, options_.site, server_, what,
               absl::FormatTime(absl::FromUnixMillis(gap.begin_ms), absl::UTCTimeZone()),
               absl::FormatTime(absl::FromUnixMillis(gap.end_ms), absl::UTCTimeZone()),
               advance.lost);
}

void RedisStream::LogLeftOut(const storage::Gap& left_out) const {
  spdlog::warn(
      "stream {} of site {} at {}: what it has from {} to {} is left out and counted as late, "
      "since "
      "answers up to there are final",
      name_, options_.site, server_,
      absl::FormatTime(absl::FromUnixMillis(left_out.begin_ms), absl::UTCTimeZone()),
      absl::FormatTime(absl::FromUnixMillis(left_out.end_ms), absl::UTCTimeZone()));
}

void RedisStream::SetConnected() {
  connected_.Set(1);
  absl::MutexLock lock(&mutex_);
  if (shown_.connected) return;
  shown_.connected = true;
  shown_.since = options_.now();
  spdlog::info("{}: reading stream {} for site {}", server_, name_, options_.site);
}

void RedisStream::SetFailed(const absl::Status& status) {
  connected_.Set(0);
  absl::MutexLock lock(&mutex_);
  const bool was_connected = std::exchange(shown_.connected, false);
  if (was_connected) shown_.since = options_.now();
  if (status.ok()) return;
  errors_.Add();
  const std::string message = Message(status);
  // The same failure again is told by the counter alone.
  if (!was_connected && shown_.last_error == message) return;
  shown_.last_error = message;
  spdlog::warn("stream {} of site {}: {}; trying again", name_, options_.site, message);
}

void RedisStream::SetRefused(const absl::Status& status) {
  SetFailed(status);
  retry_at_ = SteadyNow() + options_.stream_idle;
}

void RedisStream::Tick() {
  absl::MutexLock lock(&mutex_);
  const absl::Time last =
      shown_.last_message == absl::InfinitePast() ? started_ : shown_.last_message;
  silence_.Set(std::max(absl::ToDoubleSeconds(options_.now() - last), 0.0));
}

RedisStatus RedisStream::Status() const {
  absl::MutexLock lock(&mutex_);
  return shown_;
}

}  // namespace flamekeep::ingest
