#include "ingest/line_stream.h"

#include <array>
#include <utility>

#include "base/status.h"
#include "ingest/folded.h"
#include "ingest/pipeline.h"

namespace flamekeep::ingest {
namespace {

// Lines that are hashed before the first of them is looked up, so that the cache's memory has come.
constexpr size_t kLookAhead = 8;

constexpr int64_t kMicrosPerMinute = 60'000'000;

}  // namespace

LineStream::LineStream(Pipeline* pipeline, StreamOptions options)
    : SampleStream(pipeline, std::move(options)),
      empty_lines_(pipeline->metrics()->GetCounter(
          "ingest_empty_lines_total", Severity::kInfo, "Empty lines and messages, passed over.",
          {{"site", options_.site}, {"source", options_.source}})) {}

Reject LineStream::FindChannel(std::string_view channel, TypeHandle* type) {
  if (last_type_ && channel == last_channel_) {
    *type = *last_type_;
    return Reject::kNone;
  }
  if (const auto it = channels_.find(channel); it != channels_.end()) {
    *type = it->second;
  } else {
    const absl::StatusOr<storage::ProfileType> parsed = pipeline_->TypeOf(channel);
    if (!parsed.ok()) return Reject::kNoChannel;
    const absl::StatusOr<TypeHandle> handle = Type(*parsed);
    if (!handle.ok()) return Reject::kTooManyTypes;
    *type = *handle;
    channels_.emplace(channel, *handle);
  }
  last_channel_ = channel;
  last_type_ = *type;
  return Reject::kNone;
}

absl::Status LineStream::Finish(const Pending& pending, std::vector<storage::Sample>* samples) {
  std::optional<DecodedStack> decoded = pipeline_->decoder_.Find(pending.key);
  if (!decoded) {
    FLAMEKEEP_ASSIGN_OR_RETURN(decoded,
                               pipeline_->decoder_.Decode(pending.stack, scope(), pending.key));
  }
  return AddSample(
      *decoded, {.type = pending.type, .minute = pending.minute, .value = pending.count}, samples);
}

// `parse` takes a line apart into all of a Pending but its key.
template <typename Parse>
absl::Status LineStream::DecodeLines(std::string_view lines, std::vector<storage::Sample>* samples,
                                     Parse parse) {
  const size_t bytes = lines.size();
  uint64_t received = 0;
  uint64_t empty = 0;
  BeginCounting(*samples);
  std::array<Pending, kLookAhead> pending;
  while (!lines.empty()) {
    size_t count = 0;
    size_t finished = 0;
    std::string_view line;
    while (count < kLookAhead && NextLine(&lines, &line)) {
      if (line.empty() || line == "\r") {
        ++empty;
        continue;
      }
      ++received;
      Pending& next = pending[count];
      if (const Reject reject = parse(line, &next); reject != Reject::kNone) {
        AddReject(reject);
        continue;
      }
      if (!Holds(next.minute)) {
        for (; finished < count; ++finished) {
          FLAMEKEEP_RETURN_IF_ERROR(Finish(pending[finished], samples));
        }
        Enter(next.minute);
      }
      next.key = pipeline_->decoder_.Key(next.stack, scope());
      ++count;
    }
    for (; finished < count; ++finished) {
      FLAMEKEEP_RETURN_IF_ERROR(Finish(pending[finished], samples));
    }
  }
  EndCounting(received, bytes, *samples);
  if (empty != 0) empty_lines_.Add(empty);
  return absl::OkStatus();
}

absl::Status LineStream::DecodeFolded(std::string_view lines, TypeHandle type,
                                      storage::Minute minute, std::vector<storage::Sample>* samples,
                                      Reject refusal) {
  return DecodeLines(lines, samples, [&](std::string_view line, Pending* pending) {
    FoldedLine folded;
    if (const Reject reject = ParseFolded(line, &folded); reject != Reject::kNone) return reject;
    pending->stack = folded.stack;
    pending->count = folded.count;
    pending->type = type;
    pending->minute = minute;
    return refusal;
  });
}

absl::Status LineStream::DecodeTimed(std::string_view lines,
                                     std::vector<storage::Sample>* samples) {
  const absl::Time now = pipeline_->now_();
  const storage::Minute latest = storage::MinuteOf(now + kMaxAhead).value_or(storage::kMaxMinute);
  return DecodeLines(lines, samples, [&](std::string_view line, Pending* pending) {
    TimedLine timed;
    if (const Reject reject = ParseTimed(line, &timed); reject != Reject::kNone) return reject;
    const int64_t minute = timed.unix_micros / kMicrosPerMinute;
    if (timed.unix_micros < 0 || minute > int64_t{latest}) {
      return Reject::kTimeOutOfRange;
    }
    if (options_.bounds) {
      const absl::Time time = absl::FromUnixMicros(timed.unix_micros);
      const Reject reject = options_.bounds->Check(time, time + absl::Microseconds(1), now);
      if (reject != Reject::kNone) return reject;
    }
    if (timed.folded.empty()) return Reject::kNoCount;
    FoldedLine folded;
    if (const Reject reject = ParseFolded(timed.folded, &folded); reject != Reject::kNone) {
      return reject;
    }
    pending->stack = folded.stack;
    pending->count = folded.count;
    pending->minute = static_cast<storage::Minute>(minute);
    return FindChannel(timed.channel, &pending->type);
  });
}

}  // namespace flamekeep::ingest
