#include "ingest/profile_stream.h"

#include <algorithm>

#include "base/status.h"
#include "ingest/folded.h"
#include "ingest/pipeline.h"

namespace flamekeep::ingest {

ProfileStream::ProfileStream(Pipeline* pipeline, StreamOptions options)
    : SampleStream(pipeline, std::move(options)),
      not_listed_(pipeline->metrics()->GetCounter(
          "ingest_ignored_labels_total", Severity::kInfo,
          "Labels that samples of profiles brought and that push.labels does not list.",
          {{"site", options_.site}, {"source", options_.source}})),
      too_long_(pipeline->metrics()->GetCounter(
          "ingest_long_labels_total", Severity::kLoss,
          "Labels that samples of profiles brought with a value over 256 bytes, left out.",
          {{"site", options_.site}, {"source", options_.source}})) {}

void ProfileStream::Begin(std::vector<storage::Sample>* samples) {
  BeginCounting(*samples);
  samples_ = samples;
  frames_.clear();
  received_ = labels_not_listed_ = labels_too_long_ = 0;
}

void ProfileStream::End(uint64_t bytes) {
  EndCounting(received_, bytes, *samples_);
  not_listed_.Add(labels_not_listed_);
  too_long_.Add(labels_too_long_);
}

ProfileStream::FrameHandle ProfileStream::AddFrame(std::string_view function,
                                                   std::string_view file) {
  frames_.push_back(pipeline_->decoder_.Name(function, file));
  return FrameHandle{static_cast<uint32_t>(frames_.size() - 1)};
}

const LabelFilter& ProfileStream::profile_labels() const { return pipeline_->profile_labels(); }

void ProfileStream::KeepLabel(std::string_view name, std::string_view value,
                              storage::Labels* labels) {
  switch (profile_labels().Add(name, value, labels)) {
    case LabelFilter::Fate::kKept:
      break;
    case LabelFilter::Fate::kNotListed:
      ++labels_not_listed_;
      break;
    case LabelFilter::Fate::kTooLong:
      ++labels_too_long_;
      break;
  }
}

LabelSetId ProfileStream::AddLabels(const storage::Labels& labels) {
  if (labels.empty()) return LabelSetId{0};
  return pipeline_->decoder_.InternLabels(labels, &stack_.flags);
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

absl::Status ProfileStream::SetStack(absl::Span<const FrameHandle> root_first, bool cut) {
  keys_.clear();
  for (const FrameHandle frame : root_first) {
    keys_.push_back(frames_[static_cast<uint32_t>(frame)].key);
  }
  StackDecoder& decoder = pipeline_->decoder_;
  const HashCache::Key key = decoder.KeyOfFrames(&keys_);
  if (const auto known = decoder.Find(key)) {
    stack_ = *known;
  } else {
    stack_frames_.clear();
    for (const FrameHandle frame : root_first) {
      stack_frames_.push_back(frames_[static_cast<uint32_t>(frame)]);
    }
    FLAMEKEEP_ASSIGN_OR_RETURN(stack_, decoder.DecodeFrames(stack_frames_, key));
  }
  if (cut) stack_.flags |= kCut;
  return absl::OkStatus();
}

absl::Status ProfileStream::Add(const Weight& weight, LabelSetId labels, Reject refusal) {
  ++received_;
  if (refusal != Reject::kNone) {
    AddReject(refusal);
    return absl::OkStatus();
  }
  DecodedStack stack = stack_;
  stack.labels = Join(stack.labels, labels, &stack.flags);
  return AddSample(stack, weight, samples_);
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
