// A stack as received -> its id and labels, through the rules and two bounded caches: whole stacks,
// and frames for stacks that are new. The scope (relabel.h) is that of the source and of the time
// of a sample, and a part of the key: what was hashed in another one is never found.
//
//   const HashCache::Key key = decoder.Key(stack, scope);     // hashes and prefetches
//   std::optional<DecodedStack> known = decoder.Find(key);    // by far the most
//   if (!known) decoded = decoder.Decode(stack, scope, key);
//
// The frames of profiles come one by one instead, with their files, and are named once a profile:
//
//   frame = decoder.Name("main", "main.go");                  // hashes
//   key = decoder.KeyOfFrames({frame, ...}, scope);
//   decoder.Find(key); decoder.DecodeFrames(frames, scope, key);
//
// Thread safety: all methods. Threads share the caches without locks; a race makes at most work
// that is done twice.
#ifndef FLAMEKEEP_INGEST_STACK_DECODER_H_
#define FLAMEKEEP_INGEST_STACK_DECODER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ingest/hash_cache.h"
#include "ingest/interner.h"
#include "ingest/label_sets.h"
#include "ingest/relabel.h"
#include "ingest/rules.h"
#include "storage/ids.h"

namespace flamekeep::ingest {

struct CacheSizes {
  uint32_t stacks = 1u << 19;  // entries; 32 bytes each
  uint32_t frames = 1u << 16;
  uint32_t label_sets = kMaxLabelSets;  // at most kMostLabelSets
};

struct DecodedStack {
  storage::StackId stack{};  // kRootStack: no frame was left
  LabelSetId labels{};
  uint8_t flags = 0;  // StackFlag

  bool operator==(const DecodedStack&) const = default;
};

// A frame as a profile has it. Points into the profile.
struct NamedFrame {
  std::string_view function;
  std::string_view file;
  HashCache::Key key{};
  uint8_t flags = 0;  // StackFlag
};

class StackDecoder {
 public:
  // `interner` is not owned.
  StackDecoder(Rules rules, Interner* interner, CacheSizes sizes);

  HashCache::Key Key(std::string_view stack, const LabelScope& scope) const {
    HashCache::Key key = stacks_.KeyOf(stack);
    key.low64 ^= scope.id;
    stacks_.Prefetch(key);
    return key;
  }

  std::optional<DecodedStack> Find(HashCache::Key key) const {
    const std::optional<uint64_t> packed = stacks_.Find(key);
    if (!packed) return std::nullopt;
    return Unpack(*packed);
  }

  // Errors: FAILED_PRECONDITION where the dictionary is full.
  absl::StatusOr<DecodedStack> Decode(std::string_view stack, const LabelScope& scope,
                                      HashCache::Key key);

  NamedFrame Name(std::string_view function, std::string_view file) const;
  // `keys` are those of the frames, root first; it is used as a buffer.
  HashCache::Key KeyOfFrames(std::vector<HashCache::Key>* keys, const LabelScope& scope) const;
  // As Decode(), of frames root first, at most kMaxFrames. Label rules see their functions as
  // folded text; frame rules see a function, then its file.
  absl::StatusOr<DecodedStack> DecodeFrames(absl::Span<const NamedFrame> frames,
                                            const LabelScope& scope, HashCache::Key key);

  // A set of labels from elsewhere than the rules. Sets kLabelDropped where there are too many
  // sets.
  LabelSetId InternLabels(const storage::Labels& labels, uint8_t* flags);
  const LabelSets& label_sets() const { return label_sets_; }
  const Rules& rules() const { return rules_; }

 private:
  // A cached value: the id in the low half, then 24 bits of label set and 8 of flags.
  static uint64_t Pack(uint32_t id, LabelSetId labels, uint8_t flags) {
    return uint64_t{flags} << 56 | uint64_t{static_cast<uint32_t>(labels)} << 32 | id;
  }
  static DecodedStack Unpack(uint64_t packed) {
    return {storage::StackId{static_cast<uint32_t>(packed)},
            LabelSetId{static_cast<uint32_t>(packed >> 32) & 0xffffffu},
            static_cast<uint8_t>(packed >> 56)};
  }

  // Adds the labels that the rules lift and sets flags. kRootFrame: the rules left nothing of it.
  absl::StatusOr<storage::FrameId> DecodeFrame(const NamedFrame& frame, storage::Labels* labels,
                                               uint8_t* flags);
  // What the rules make of a part of a frame: readable text, and labels.
  std::string Rewrite(std::string_view part, storage::Labels* lifted, uint8_t* flags) const;
  void MatchLabels(std::string_view stack, storage::Labels* labels, uint8_t* flags) const;
  absl::StatusOr<DecodedStack> Build(absl::Span<const NamedFrame> frames, storage::Labels labels,
                                     uint8_t flags, const LabelScope& scope, HashCache::Key key);

  const Rules rules_;
  Interner* const interner_;
  HashCache stacks_;
  HashCache frames_;
  LabelSets label_sets_;
  LabelSets lifted_sets_;  // of frames, as the frame rules found them
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_STACK_DECODER_H_
