#include "ingest/redis_stream_decoder.h"

#include <utility>

#include "base/status.h"
#include "ingest/folded.h"
#include "ingest/push_identity.h"
#include "storage/bucket.h"

namespace flamekeep::ingest {
namespace {

// Lines are decoded so many bytes at a time: enough for the decoder to look ahead.
constexpr size_t kTextBytes = 64 << 10;
// Different `labels` texts that are kept at hand; where there are more, all are looked up anew.
constexpr size_t kMaxLabelTexts = 256;
// Bounds the samples of a look, which become one batch.
constexpr uint64_t kMaxLookBytes = uint64_t{4} << 20;

absl::StatusOr<storage::Labels> ParseLabels(std::string_view text) {
  storage::Labels labels;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string_view pair = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos) {
      return InvalidArgument("the label \"{:.80}\" has no value: write name=value", pair);
    }
    labels.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
    FLAMEKEEP_RETURN_IF_ERROR(CheckLabelCount(labels.size()));
  }
  return CheckLabels(labels);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RedisStreamDecoder>> RedisStreamDecoder::Make(
    Pipeline* pipeline, Relabel relabel, const std::string& site, const std::string& stream) {
  std::unique_ptr<RedisStreamDecoder> decoder(
      new RedisStreamDecoder(pipeline, std::move(relabel), site, stream));
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::ProfileType type, pipeline->TypeOf(stream));
  decoder->profile_type_ = type.Id();
  FLAMEKEEP_ASSIGN_OR_RETURN(const LabelledLines* const lines, decoder->LinesOf(""));
  FLAMEKEEP_RETURN_IF_ERROR(lines->lines->Type(type).status());
  return decoder;
}

void RedisStreamDecoder::Begin(int64_t complete_ms) {
  complete_ms_ = complete_ms;
  text_.clear();
  status_ = absl::OkStatus();
  samples_.clear();
  bytes_ = late_ = taken_ = 0;
  unhashed_.reset();
  period_.reset();
  waits_ = false;
  // No group points into it any more.
  if (lines_.size() > kMaxLabelTexts) lines_.clear();
}

absl::StatusOr<RedisStreamDecoder::LabelledLines*> RedisStreamDecoder::LinesOf(
    std::string_view labels) {
  if (const auto it = lines_.find(labels); it != lines_.end()) return it->second.get();
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::Labels parsed, ParseLabels(labels));
  auto added = std::make_unique<LabelledLines>();
  added->lines = pipeline_->NewStream(
      {.site = site_, .source = stream_, .relabel = relabel_, .extra_labels = relabel_.Of(parsed)});
  return lines_.emplace(labels, std::move(added)).first->second.get();
}

Reject RedisStreamDecoder::GroupOf(const RedisStreamEntry& entry, Group* group, int64_t* final_ms) {
  if (!entry.stack) return Reject::kNoStack;
  if (entry.stack->size() > kMaxLineBytes) return Reject::kTooLong;
  const uint64_t minute = entry.id.ms / storage::kMsPerMinute;
  if (minute > storage::kMaxMinute) return Reject::kTimeOutOfRange;
  const absl::StatusOr<LabelledLines*> labelled = LinesOf(entry.labels.value_or(""));
  if (!labelled.ok()) return Reject::kBadLabels;
  const std::string& name = entry.type ? *entry.type : stream_;
  auto type = (*labelled)->types.find(name);
  if (type == (*labelled)->types.end()) {
    const absl::StatusOr<storage::ProfileType> parsed = pipeline_->TypeOf(name);
    if (!parsed.ok()) return Reject::kNoChannel;
    const absl::StatusOr<TypeHandle> handle = (*labelled)->lines->Type(*parsed);
    if (!handle.ok()) return Reject::kTooManyTypes;
    const auto final_type = final_ms_.find(parsed->Id());
    const int64_t before = final_type == final_ms_.end() ? 0 : final_type->second;
    type = (*labelled)->types.emplace(name, KnownType{*handle, before}).first;
  }
  *final_ms = type->second.final_ms;
  *group = {(*labelled)->lines.get(), type->second.handle, static_cast<storage::Minute>(minute)};
  return Reject::kNone;
}

bool RedisStreamDecoder::Waits(storage::Minute minute) {
  if (!relabel_.hashes() || pipeline_->salts() == nullptr) return false;
  const SaltPeriod period = pipeline_->salts()->PeriodOf(minute);
  if (period == period_) return false;
  if (pipeline_->salts()->Find(period).may_come) return true;
  period_ = period;
  return false;
}

bool RedisStreamDecoder::OnEntry(const RedisStreamEntry& entry) {
  if (bytes_ >= kMaxLookBytes) return false;
  if (entry.id.ms / storage::kMsPerMinute <= storage::kMaxMinute &&
      Waits(static_cast<storage::Minute>(entry.id.ms / storage::kMsPerMinute))) {
    waits_ = true;
    return false;
  }
  ++taken_;
  bytes_ += entry.bytes;
  if (IsLate(complete_ms_, entry.id)) {
    ++late_;
    return true;
  }
  Group group;
  int64_t final_ms = 0;
  if (const Reject reject = GroupOf(entry, &group, &final_ms); reject != Reject::kNone) {
    rejected_.Add(reject);
    return true;
  }
  if (IsLate(final_ms, entry.id)) {
    ++late_;
    return true;
  }
  if (!(group == group_) || text_.size() + entry.stack->size() > kTextBytes) DecodeText();
  group_ = group;
  const auto ms = static_cast<int64_t>(entry.id.ms);
  if (text_.empty()) text_ms_ = {ms, ms + 1};
  text_ms_.second = ms + 1;
  text_ += *entry.stack;
  text_ += '\n';
  return true;
}

void RedisStreamDecoder::DecodeText() {
  if (!text_.empty() && status_.ok()) {
    const uint64_t unhashed_before = group_.lines->unhashed();
    status_ = group_.lines->DecodeFolded(text_, group_.type, group_.minute, &samples_);
    if (group_.lines->unhashed() > unhashed_before) {
      unhashed_ = {unhashed_ ? unhashed_->first : text_ms_.first, text_ms_.second};
    }
  }
  text_.clear();
}

absl::Status RedisStreamDecoder::Finish() {
  DecodeText();
  group_ = {};
  if (status_.ok() && waits_ && taken_ == 0) {
    return Error(
        absl::StatusCode::kFailedPrecondition,
        "the next entry needs the salt of its time to hash a label, which could not be had "
        "yet: see to the Redis server that label_salts names; the entries wait");
  }
  return status_;
}

}  // namespace flamekeep::ingest
