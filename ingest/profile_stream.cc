#include "ingest/profile_stream.h"

#include <algorithm>

#include "base/status.h"
#include "ingest/folded.h"
#include "ingest/pipeline.h"

namespace flamekeep::ingest {

ProfileStream::ProfileStream(Pipeline* pipeline, StreamOptions options)
    : SampleStream(pipeline, std::move(options)),
      not_named_(pipeline->metrics()->GetCounter(
          "ingest_ignored_labels_total", Severity::kInfo,
          "Labels that samples of profiles brought and that no rule of push.relabel names, left "
          "out.",
          {{"site", options_.site}, {"source", options_.source}})),
      too_long_(pipeline->metrics()->GetCounter(
          "ingest_long_labels_total", Severity::kLoss,
          "Labels that samples of profiles brought with a value over 256 bytes, or beyond 128 of "
          "one sample, left out.",
          {{"site", options_.site}, {"source", options_.source}})) {}

void ProfileStream::Begin(std::vector<storage::Sample>* samples) {
  BeginCounting(*samples);
  samples_ = samples;
  frames_.clear();
  received_ = labels_not_named_ = labels_too_long_ = 0;
}

void ProfileStream::End(uint64_t bytes) {
  EndCounting(received_, bytes, *samples_);
  not_named_.Add(labels_not_named_);
  too_long_.Add(labels_too_long_);
}

ProfileStream::FrameHandle ProfileStream::AddFrame(std::string_view function,
                                                   std::string_view file) {
  frames_.push_back(pipeline_->decoder_.Name(function, file));
  return FrameHandle{static_cast<uint32_t>(frames_.size() - 1)};
}

void ProfileStream::KeepLabel(std::string_view name, std::string_view value,
                              RelabelledLabels* labels) {
  switch (options_.relabel.Add(name, value, Relabel::Unnamed::kDropped, labels)) {
    case Relabel::Fate::kKept:
    case Relabel::Fate::kDropped:
      break;
    case Relabel::Fate::kNotNamed:
      ++labels_not_named_;
      break;
    case Relabel::Fate::kTooLong:
    case Relabel::Fate::kTooMany:
      ++labels_too_long_;
      break;
  }
}

LabelSetId ProfileStream::Join(LabelSetId found, LabelSetId brought, uint8_t* flags) {
  if (brought == LabelSetId{0}) return found;
  if (found == LabelSetId{0}) return brought;
  const auto [it, added] = joined_.try_emplace({found, brought});
  if (added) {
    const LabelSets& sets = pipeline_->decoder_.label_sets();
    storage::Labels labels = sets.Get(found);
    for (const auto& [name, value] : sets.Get(brought)) AddLabel(name, value, &labels);
    it->second.first = pipeline_->decoder_.InternLabels(labels, &it->second.second);
  }
  *flags |= it->second.second;
  return it->second.first;
}

absl::Status ProfileStream::SetStack(absl::Span<const FrameHandle> root_first, bool cut,
                                     const RelabelledLabels& labels, storage::Minute minute) {
  if (!Holds(minute)) Enter(minute);
  keys_.clear();
  for (const FrameHandle frame : root_first) {
    keys_.push_back(frames_[static_cast<uint32_t>(frame)].key);
  }
  StackDecoder& decoder = pipeline_->decoder_;
  const HashCache::Key key = decoder.KeyOfFrames(&keys_, scope());
  if (const auto known = decoder.Find(key)) {
    stack_ = *known;
  } else {
    stack_frames_.clear();
    for (const FrameHandle frame : root_first) {
      stack_frames_.push_back(frames_[static_cast<uint32_t>(frame)]);
    }
    FLAMEKEEP_ASSIGN_OR_RETURN(stack_, decoder.DecodeFrames(stack_frames_, scope(), key));
  }
  if (cut) stack_.flags |= kCut;
  if (labels.size() == 0) return absl::OkStatus();
  const storage::Labels brought = labels.Seal(scope().key.get(), &stack_.flags);
  const LabelSetId set = decoder.InternLabels(brought, &stack_.flags);
  stack_.labels = Join(stack_.labels, set, &stack_.flags);
  return absl::OkStatus();
}

absl::Status ProfileStream::Add(const Weight& weight) {
  ++received_;
  return AddSample(stack_, weight, samples_);
}

absl::Time ProfileStream::now() const { return pipeline_->now_(); }

std::pair<storage::Minute, Reject> ProfileStream::MinuteOf(absl::Time begin, absl::Time end) const {
  const absl::Time now = pipeline_->now_();
  const std::optional<storage::Minute> minute = storage::MinuteOf(begin);
  if (!minute || begin > now + kMaxAhead) return {0, Reject::kTimeOutOfRange};
  if (!options_.bounds) return {*minute, Reject::kNone};
  return {*minute, options_.bounds->Check(begin, std::max(end, begin + absl::Nanoseconds(1)), now)};
}

storage::Level LevelOf(absl::Duration duration) {
  for (const storage::Level level : storage::kLevels) {
    const storage::Bucket bucket = storage::BucketAt(level, 0);
    if (duration < 2 * (storage::TimeOf(bucket.end()) - storage::TimeOf(bucket.start))) {
      return level;
    }
  }
  return storage::kLevels.back();
}

}  // namespace flamekeep::ingest
