#include "ingest/sample_stream.h"

#include <utility>

#include "base/status.h"
#include "ingest/folded.h"
#include "ingest/pipeline.h"

namespace flamekeep::ingest {
namespace {

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
    FlagText{kLabelUnhashed, "ingest_unhashed_labels_total", Severity::kLoss,
             "Stacks that lost a label that is to be hashed: the salt of their time is gone, or "
             "could not be had."},
    FlagText{kLabelDropped, "ingest_dropped_labels_total", Severity::kLoss,
             "Stacks that lost a label: its value is over 256 bytes, or there are too many."},
};

}  // namespace

std::string RejectedSentence(const LineCounts& counts, Reject reason, const PushBounds& bounds) {
  if (reason == Reject::kTooManySeries && !counts.full.empty()) return counts.full;
  return bounds.Sentence(reason);
}

SampleStream::SampleStream(Pipeline* pipeline, StreamOptions options)
    : pipeline_(pipeline),
      options_(std::move(options)),
      pipeline_salts_(pipeline->salts()),
      hashes_(pipeline_salts_ != nullptr &&
              (options_.relabel.hashes() || options_.extra_labels.hashed())),
      extra_hashed_(options_.extra_labels.hashed()),
      rejected_(pipeline->metrics(), options_.site, options_.source),
      lines_counter_(pipeline->metrics()->GetCounter(
          "ingest_lines_total", Severity::kInfo, "Lines received, empty ones apart.",
          {{"site", options_.site}, {"source", options_.source}})),
      bytes_counter_(pipeline->metrics()->GetCounter(
          "ingest_bytes_total", Severity::kInfo, "Bytes of lines and of profiles received.",
          {{"site", options_.site}, {"source", options_.source}})),
      samples_counter_(pipeline->metrics()->GetCounter(
          "ingest_samples_total", Severity::kInfo, "Samples decoded.",
          {{"site", options_.site}, {"source", options_.source}})),
      unlabelled_(
          pipeline->metrics()->GetCounter("ingest_unlabelled_samples_total", Severity::kLoss,
                                          "Samples kept without labels because the site has too "
                                          "many series, or one of them has too "
                                          "many values.",
                                          {{"site", options_.site}, {"source", options_.source}})) {
  for (const FlagText& text : kFlagTexts) {
    stack_counters_.push_back(
        {text.flag,
         &pipeline->metrics()->GetCounter(text.name, text.severity, text.sentence,
                                          {{"site", options_.site}, {"source", options_.source}})});
  }
  SetScope(nullptr);
}

void SampleStream::SetScope(std::shared_ptr<const LabelKey> key) {
  extra_flags_ = 0;
  storage::Labels extra = options_.extra_labels.Seal(key.get(), &extra_flags_);
  if (extra != extra_labels_) {
    extra_labels_ = std::move(extra);
    for (TypeSeries& type : types_) type.series.clear();
  }
  scope_ = options_.relabel.Scope(std::move(key));
}

void SampleStream::Enter(storage::Minute minute) {
  const SaltPeriod period = pipeline_salts_->PeriodOf(minute);
  entered_ = pipeline_salts_->MinutesOf(period);
  SetScope(pipeline_salts_->Find(period).key);
}

absl::StatusOr<TypeHandle> SampleStream::Type(const storage::ProfileType& type) {
  std::string id = type.Id();
  for (size_t i = 0; i < types_.size(); ++i) {
    if (types_[i].type == id) return TypeHandle{static_cast<uint32_t>(i)};
  }
  FLAMEKEEP_RETURN_IF_ERROR(pipeline_->series_.AddType(options_.site, id));
  types_.push_back({.type = std::move(id)});
  return TypeHandle{static_cast<uint32_t>(types_.size() - 1)};
}

absl::StatusOr<SampleStream::KnownSeries> SampleStream::FindSeries(TypeHandle type,
                                                                   LabelSetId labels) {
  TypeSeries& known = types_[static_cast<uint32_t>(type)];
  const auto index = static_cast<uint32_t>(labels);
  if (index >= known.series.size()) known.series.resize(index + 1);
  KnownSeries& series = known.series[index];
  if (series.met) return series;

  storage::SeriesKey key{options_.site, known.type, pipeline_->decoder_.label_sets().Get(labels)};
  for (const auto& [name, value] : extra_labels_) AddLabel(name, value, &key.labels);
  FLAMEKEEP_ASSIGN_OR_RETURN(const SeriesCap::Result result,
                             pipeline_->series_.Intern(key, options_.beyond));
  series = {.met = true, .fate = result.fate, .id = result.id};
  if (series.fate == SeriesCap::Fate::kRefused && counts_.full.empty()) counts_.full = result.why;
  return series;
}

void SampleStream::CountFlags(uint8_t flags) {
  for (const StackCounter& counter : stack_counters_) {
    if ((flags & counter.flag) != 0) counter.counter->Add();
  }
  if ((flags & kLabelUnhashed) != 0) ++unhashed_;
}

absl::Status SampleStream::AddSample(const DecodedStack& stack, const Weight& weight,
                                     std::vector<storage::Sample>* samples) {
  const auto flags = static_cast<uint8_t>(stack.flags | extra_flags_);
  if (flags != 0) CountFlags(flags);
  if (stack.stack == storage::kRootStack) {
    AddReject(Reject::kNoFrames);
    return absl::OkStatus();
  }
  const TypeSeries& known = types_[static_cast<uint32_t>(weight.type)];
  const auto index = static_cast<uint32_t>(stack.labels);
  KnownSeries series;
  if (index < known.series.size()) series = known.series[index];
  if (!series.met) {
    FLAMEKEEP_ASSIGN_OR_RETURN(series, FindSeries(weight.type, stack.labels));
  }
  if (series.fate == SeriesCap::Fate::kRefused) {
    AddReject(Reject::kTooManySeries);
    return absl::OkStatus();
  }
  if (series.fate == SeriesCap::Fate::kUnlabelled) unlabelled_.Add();
  samples->push_back({.minute = weight.minute,
                      .series = series.id,
                      .stack = stack.stack,
                      .observations = weight.observations,
                      .value = weight.value});
  return absl::OkStatus();
}

void SampleStream::BeginCounting(const std::vector<storage::Sample>& samples) {
  entered_ = {};
  reasons_.fill(0);
  samples_before_ = samples.size();
}

void SampleStream::EndCounting(uint64_t received, uint64_t bytes,
                               const std::vector<storage::Sample>& samples) {
  const uint64_t taken = samples.size() - samples_before_;
  counts_.lines += received;
  counts_.samples += taken;
  counts_.rejected += received - taken;
  for (size_t i = 0; i < kRejectCount; ++i) {
    counts_.reasons[i] += reasons_[i];
    if (reasons_[i] != 0) rejected_.Add(static_cast<Reject>(i), reasons_[i]);
  }
  entered_ = {};
  scope_.key.reset();
  bytes_counter_.Add(bytes);
  lines_counter_.Add(received);
  samples_counter_.Add(taken);
}

void SampleStream::CountRejected(uint64_t samples, Reject reason) {
  counts_.samples -= samples;
  counts_.rejected += samples;
  counts_.reasons[static_cast<size_t>(reason)] += samples;
  rejected_.Add(reason, samples);
}

}  // namespace flamekeep::ingest
