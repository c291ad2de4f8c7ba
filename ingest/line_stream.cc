#include "ingest/line_stream.h"

#include <array>
#include <utility>

#include "base/status.h"
#include "ingest/pipeline.h"

namespace flamekeep::ingest {
namespace {

// Lines that are hashed before the first of them is looked up, so that the cache's memory has come.
constexpr size_t kLookAhead = 8;

constexpr int64_t kMicrosPerMinute = 60'000'000;

struct FlagText {
  uint8_t flag;
  const char* name;
  Severity severity;
  const char* sentence;
};

constexpr std::array kFlagTexts = {
    FlagText{kExcimerTruncated, "ingest_excimer_truncated_total", Severity::kInfo,
             "Stacks whose root side the sampler itself had cut off."},
    FlagText{kRepaired, "ingest_repaired_stacks_total", Severity::kInfo,
             "Stacks with bytes that are no readable text, kept as \\xNN."},
    FlagText{kEmptyFrame, "ingest_empty_frames_total", Severity::kInfo,
             "Stacks with empty frames, which were left out."},
    FlagText{kCut, "ingest_cut_stacks_total", Severity::kLoss,
             "Stacks deeper than 4096 frames or with a frame over 16 KiB, cut there."},
    FlagText{kLabelDropped, "ingest_dropped_labels_total", Severity::kLoss,
             "Stacks that lost a label: its value is over 256 bytes, or there are too many."},
};

}  // namespace

LineStream::LineStream(Pipeline* pipeline, StreamOptions options)
    : pipeline_(pipeline),
      options_(std::move(options)),
      rejected_(pipeline->metrics(), options_.site, options_.source),
      lines_counter_(pipeline->metrics()->GetCounter(
          "ingest_lines_total", Severity::kInfo, "Lines received, empty ones apart.",
          {{"site", options_.site}, {"source", options_.source}})),
      bytes_counter_(pipeline->metrics()->GetCounter(
          "ingest_bytes_total", Severity::kInfo, "Bytes of lines received.",
          {{"site", options_.site}, {"source", options_.source}})),
      samples_counter_(pipeline->metrics()->GetCounter(
          "ingest_samples_total", Severity::kInfo, "Samples decoded.",
          {{"site", options_.site}, {"source", options_.source}})),
      empty_lines_(pipeline->metrics()->GetCounter(
          "ingest_empty_lines_total", Severity::kInfo, "Empty lines and messages, passed over.",
          {{"site", options_.site}, {"source", options_.source}})),
      unlabelled_(pipeline->metrics()->GetCounter(
          "ingest_unlabelled_samples_total", Severity::kLoss,
          "Samples kept without their labels because the site has too many series.",
          {{"site", options_.site}, {"source", options_.source}})) {
  for (const FlagText& text : kFlagTexts) {
    stack_counters_.push_back(
        {text.flag,
         &pipeline->metrics()->GetCounter(text.name, text.severity, text.sentence,
                                          {{"site", options_.site}, {"source", options_.source}})});
  }
}

absl::StatusOr<TypeHandle> LineStream::Type(const storage::ProfileType& type) {
  std::string id = type.Id();
  for (size_t i = 0; i < types_.size(); ++i) {
    if (types_[i].type == id) return TypeHandle{static_cast<uint32_t>(i)};
  }
  FLAMEKEEP_RETURN_IF_ERROR(pipeline_->series_.AddType(options_.site, id));
  types_.push_back({.type = std::move(id)});
  return TypeHandle{static_cast<uint32_t>(types_.size() - 1)};
}

absl::StatusOr<LineStream::KnownSeries> LineStream::FindSeries(TypeHandle type, LabelSetId labels) {
  TypeSeries& known = types_[static_cast<uint32_t>(type)];
  const auto index = static_cast<uint32_t>(labels);
  if (index >= known.series.size()) known.series.resize(index + 1);
  KnownSeries& series = known.series[index];
  if (series.id != storage::SeriesId{0}) return series;

  storage::SeriesKey key{options_.site, known.type, pipeline_->decoder_.label_sets().Get(labels)};
  for (const auto& [name, value] : options_.extra_labels) AddLabel(name, value, &key.labels);
  FLAMEKEEP_ASSIGN_OR_RETURN(const SeriesCap::Result result, pipeline_->series_.Intern(key));
  series = {result.id, result.unlabelled};
  return series;
}

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

void LineStream::CountFlags(uint8_t flags) {
  for (const StackCounter& counter : stack_counters_) {
    if ((flags & counter.flag) != 0) counter.counter->Add();
  }
}

absl::Status LineStream::Finish(const Pending& pending, std::vector<storage::Sample>* samples) {
  std::optional<DecodedStack> decoded = pipeline_->decoder_.Find(pending.key);
  if (!decoded) {
    FLAMEKEEP_ASSIGN_OR_RETURN(decoded, pipeline_->decoder_.Decode(pending.stack, pending.key));
  }
  if (decoded->flags != 0) CountFlags(decoded->flags);
  if (decoded->stack == storage::kRootStack) {
    AddReject(Reject::kNoFrames);
    return absl::OkStatus();
  }
  const TypeSeries& known = types_[static_cast<uint32_t>(pending.type)];
  const auto index = static_cast<uint32_t>(decoded->labels);
  KnownSeries series;
  if (index < known.series.size()) series = known.series[index];
  if (series.id == storage::SeriesId{0}) {
    FLAMEKEEP_ASSIGN_OR_RETURN(series, FindSeries(pending.type, decoded->labels));
  }
  if (series.unlabelled) unlabelled_.Add();
  samples->push_back({.minute = pending.minute,
                      .series = series.id,
                      .stack = decoded->stack,
                      .value = pending.count});
  return absl::OkStatus();
}

// `parse` takes a line apart into all of a Pending but its key.
template <typename Parse>
absl::Status LineStream::DecodeLines(std::string_view lines, std::vector<storage::Sample>* samples,
                                     Parse parse) {
  const size_t bytes = lines.size();
  const size_t samples_before = samples->size();
  uint64_t received = 0;
  uint64_t empty = 0;
  batch_reasons_.fill(0);
  std::array<Pending, kLookAhead> pending;
  while (!lines.empty()) {
    size_t count = 0;
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
      next.key = pipeline_->decoder_.Key(next.stack);
      ++count;
    }
    for (size_t i = 0; i < count; ++i) {
      FLAMEKEEP_RETURN_IF_ERROR(Finish(pending[i], samples));
    }
  }
  const uint64_t taken = samples->size() - samples_before;
  counts_.lines += received;
  counts_.samples += taken;
  counts_.rejected += received - taken;
  for (size_t i = 0; i < kRejectCount; ++i) {
    counts_.reasons[i] += batch_reasons_[i];
    if (batch_reasons_[i] != 0) rejected_.Add(static_cast<Reject>(i), batch_reasons_[i]);
  }
  bytes_counter_.Add(bytes);
  lines_counter_.Add(received);
  samples_counter_.Add(taken);
  if (empty != 0) empty_lines_.Add(empty);
  return absl::OkStatus();
}

void LineStream::CountRejected(uint64_t samples, Reject reason) {
  counts_.samples -= samples;
  counts_.rejected += samples;
  counts_.reasons[static_cast<size_t>(reason)] += samples;
  rejected_.Add(reason, samples);
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
