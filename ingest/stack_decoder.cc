#include "ingest/stack_decoder.h"

#include <utility>
#include <vector>

#include "base/status.h"
#include "ingest/folded.h"

namespace flamekeep::ingest {

namespace {

// Stands in what is hashed of a profile's frames, and in no line: the newline.
constexpr uint64_t kFrameMark = '\n';

}  // namespace

static_assert(kMostLabelSets < (1u << 24), "cached values have 24 bits for a label set");

StackDecoder::StackDecoder(Rules rules, Interner* interner, CacheSizes sizes)
    : rules_(std::move(rules)),
      interner_(interner),
      stacks_(sizes.stacks),
      frames_(sizes.frames),
      label_sets_(sizes.label_sets) {}

LabelSetId StackDecoder::InternLabels(const storage::Labels& labels, uint8_t* flags) {
  LabelSetId id{};
  if (!label_sets_.Intern(labels, &id)) *flags |= kLabelDropped;
  return id;
}

NamedFrame StackDecoder::Name(std::string_view function, std::string_view file) const {
  NamedFrame frame;
  frame.function = CutFrame(function, &frame.flags);
  frame.file = CutFrame(file, &frame.flags);
  if (frame.function.empty()) frame.flags |= kEmptyFrame;
  struct Parts {
    HashCache::Key function;
    HashCache::Key file;
    uint64_t mark = kFrameMark;
  };
  const Parts parts{frames_.KeyOf(frame.function), frames_.KeyOf(frame.file)};
  frame.key = frames_.KeyOf({reinterpret_cast<const char*>(&parts), sizeof(parts)});
  return frame;
}

HashCache::Key StackDecoder::KeyOfFrames(std::vector<HashCache::Key>* keys,
                                         const LabelScope& scope) const {
  keys->push_back({kFrameMark, kFrameMark});
  return Key({reinterpret_cast<const char*>(keys->data()), keys->size() * sizeof(HashCache::Key)},
             scope);
}

std::string StackDecoder::Rewrite(std::string_view part, storage::Labels* lifted,
                                  uint8_t* flags) const {
  std::string text;
  if (IsReadable(part)) {
    text = part;
  } else {
    AppendReadable(part, &text);
    *flags |= kRepaired;
  }
  if (!rules_.has_frame_rules() || text.empty()) return text;
  bool too_long = false;
  rules_.RewriteFrame(&text, lifted, &too_long);
  if (too_long) *flags |= kLabelDropped;
  if (!IsReadable(text)) {
    std::string repaired;
    AppendReadable(text, &repaired);
    text = std::move(repaired);
  }
  return text;
}

absl::StatusOr<storage::FrameId> StackDecoder::DecodeFrame(const NamedFrame& frame,
                                                           storage::Labels* labels,
                                                           uint8_t* flags) {
  if (const auto packed = frames_.Find(frame.key)) {
    const DecodedStack known = Unpack(*packed);
    *flags |= known.flags;
    if (known.labels != LabelSetId{0}) {
      for (const auto& [name, value] : lifted_sets_.Get(known.labels)) {
        AddLabel(name, value, labels);
      }
    }
    return storage::FrameId{Raw(known.stack)};
  }
  uint8_t own_flags = frame.flags;
  storage::Labels lifted;
  const std::string function = Rewrite(frame.function, &lifted, &own_flags);
  const std::string file = Rewrite(frame.file, &lifted, &own_flags);
  storage::FrameId id = storage::kRootFrame;
  if (!function.empty()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(id, interner_->InternFrame(function, file));
  }
  *flags |= own_flags;
  for (const auto& [name, value] : lifted) AddLabel(name, value, labels);
  // Where frames have too many different labels they are rewritten anew each time.
  LabelSetId set{};
  if (lifted_sets_.Intern(lifted, &set)) frames_.Insert(frame.key, Pack(Raw(id), set, own_flags));
  return id;
}

void StackDecoder::MatchLabels(std::string_view stack, storage::Labels* labels,
                               uint8_t* flags) const {
  bool too_long = false;
  if (IsReadable(stack)) {
    rules_.MatchLabels(stack, labels, &too_long);
  } else {
    std::string readable;
    AppendReadable(stack, &readable);
    rules_.MatchLabels(readable, labels, &too_long);
  }
  if (too_long) *flags |= kLabelDropped;
}

absl::StatusOr<DecodedStack> StackDecoder::Build(absl::Span<const NamedFrame> frames,
                                                 storage::Labels labels, uint8_t flags,
                                                 const LabelScope& scope, HashCache::Key key) {
  // Reused from call to call: a new stack costs no allocation of its own.
  thread_local std::vector<storage::FrameId> ids;

  DecodedStack decoded{.flags = flags};
  ids.clear();
  for (const NamedFrame& frame : frames) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const storage::FrameId id,
                               DecodeFrame(frame, &labels, &decoded.flags));
    if (id != storage::kRootFrame) ids.push_back(id);
  }
  if (!labels.empty() && !scope.relabel.empty()) {
    labels = scope.relabel.Of(labels).Seal(scope.key.get(), &decoded.flags);
  }
  if (!labels.empty()) decoded.labels = InternLabels(labels, &decoded.flags);
  if (!ids.empty()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(decoded.stack, interner_->InternStack(ids));
  }
  stacks_.Insert(key, Pack(Raw(decoded.stack), decoded.labels, decoded.flags));
  return decoded;
}

absl::StatusOr<DecodedStack> StackDecoder::Decode(std::string_view stack, const LabelScope& scope,
                                                  HashCache::Key key) {
  thread_local std::vector<std::string_view> parts;
  thread_local std::vector<NamedFrame> frames;

  uint8_t flags = SplitFrames(stack, &parts);
  frames.clear();
  for (const std::string_view part : parts) {
    frames.push_back({.function = part, .key = frames_.KeyOf(part)});
  }
  storage::Labels labels;
  MatchLabels(stack, &labels, &flags);
  return Build(frames, std::move(labels), flags, scope, key);
}

absl::StatusOr<DecodedStack> StackDecoder::DecodeFrames(absl::Span<const NamedFrame> frames,
                                                        const LabelScope& scope,
                                                        HashCache::Key key) {
  thread_local std::string folded;

  folded.clear();
  for (const NamedFrame& frame : frames) {
    if (folded.size() + frame.function.size() >= kMaxLineBytes) break;
    if (!folded.empty()) folded += ';';
    folded += frame.function;
  }
  uint8_t flags = 0;
  storage::Labels labels;
  MatchLabels(folded, &labels, &flags);
  return Build(frames, std::move(labels), flags, scope, key);
}

}  // namespace flamekeep::ingest
