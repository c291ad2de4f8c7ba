#include "ingest/stack_decoder.h"

#include <utility>
#include <vector>

#include "base/status.h"
#include "ingest/folded.h"

namespace flamekeep::ingest {

static_assert(kMaxLabelSets < (1u << 24), "cached values have 24 bits for a label set");

StackDecoder::StackDecoder(Rules rules, Interner* interner, CacheSizes sizes)
    : rules_(std::move(rules)), interner_(interner), stacks_(sizes.stacks), frames_(sizes.frames) {}

LabelSetId StackDecoder::InternLabels(const storage::Labels& labels, uint8_t* flags) {
  LabelSetId id{};
  if (!label_sets_.Intern(labels, &id)) *flags |= kLabelDropped;
  return id;
}

absl::StatusOr<StackDecoder::DecodedFrame> StackDecoder::DecodeFrame(std::string_view frame) {
  const HashCache::Key key = frames_.KeyOf(frame);
  if (const auto packed = frames_.Find(key)) {
    const DecodedStack parts = Unpack(*packed);
    return DecodedFrame{storage::FrameId{Raw(parts.stack)}, parts.labels, parts.flags};
  }
  DecodedFrame decoded;
  std::string text;
  if (IsReadable(frame)) {
    text = frame;
  } else {
    AppendReadable(frame, &text);
    decoded.flags |= kRepaired;
  }
  if (rules_.has_frame_rules()) {
    storage::Labels lifted;
    bool too_long = false;
    rules_.RewriteFrame(&text, &lifted, &too_long);
    if (too_long) decoded.flags |= kLabelDropped;
    if (!lifted.empty()) decoded.lifted = InternLabels(lifted, &decoded.flags);
    if (!IsReadable(text)) {
      std::string repaired;
      AppendReadable(text, &repaired);
      text = std::move(repaired);
    }
  }
  if (!text.empty()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(decoded.frame, interner_->InternFrame(text));
  }
  frames_.Insert(key, Pack(Raw(decoded.frame), decoded.lifted, decoded.flags));
  return decoded;
}

absl::StatusOr<DecodedStack> StackDecoder::Decode(std::string_view stack, HashCache::Key key) {
  // Reused from call to call: a new stack costs no allocation of its own.
  thread_local std::vector<std::string_view> frames;
  thread_local std::vector<storage::FrameId> ids;

  DecodedStack decoded;
  decoded.flags = SplitFrames(stack, &frames);

  storage::Labels labels;
  bool too_long = false;
  if (IsReadable(stack)) {
    rules_.MatchLabels(stack, &labels, &too_long);
  } else {
    std::string readable;
    AppendReadable(stack, &readable);
    rules_.MatchLabels(readable, &labels, &too_long);
  }
  if (too_long) decoded.flags |= kLabelDropped;

  ids.clear();
  for (const std::string_view frame : frames) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const DecodedFrame part, DecodeFrame(frame));
    decoded.flags |= part.flags;
    if (part.lifted != LabelSetId{0}) {
      for (const auto& [name, value] : label_sets_.Get(part.lifted)) {
        AddLabel(name, value, &labels);
      }
    }
    if (part.frame != storage::kRootFrame) ids.push_back(part.frame);
  }
  if (!labels.empty()) decoded.labels = InternLabels(labels, &decoded.flags);
  if (!ids.empty()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(decoded.stack, interner_->InternStack(ids));
  }
  stacks_.Insert(key, Pack(Raw(decoded.stack), decoded.labels, decoded.flags));
  return decoded;
}

}  // namespace flamekeep::ingest
