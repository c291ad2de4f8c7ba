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
    Pipeline* pipeline, const std::string& site, const std::string& stream) {
  std::unique_ptr<RedisStreamDecoder> decoder(new RedisStreamDecoder(pipeline, site, stream));
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
  bytes_ = late_ = 0;
  // No group points into it any more.
  if (lines_.size() > kMaxLabelTexts) lines_.clear();
}

absl::StatusOr<RedisStreamDecoder::LabelledLines*> RedisStreamDecoder::LinesOf(
    std::string_view labels) {
  if (const auto it = lines_.find(labels); it != lines_.end()) return it->second.get();
  FLAMEKEEP_ASSIGN_OR_RETURN(storage::Labels parsed, ParseLabels(labels));
  auto added = std::make_unique<LabelledLines>();
  added->lines =
      pipeline_->NewStream({.site = site_, .source = stream_, .extra_labels = std::move(parsed)});
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

bool RedisStreamDecoder::OnEntry(const RedisStreamEntry& entry) {
  if (bytes_ >= kMaxLookBytes) return false;
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
  text_ += *entry.stack;
  text_ += '\n';
  return true;
}

void RedisStreamDecoder::DecodeText() {
  if (!text_.empty() && status_.ok()) {
    status_ = group_.lines->DecodeFolded(text_, group_.type, group_.minute, &samples_);
  }
  text_.clear();
}

absl::Status RedisStreamDecoder::Finish() {
  DecodeText();
  group_ = {};
  return status_;
}

}  // namespace flamekeep::ingest
