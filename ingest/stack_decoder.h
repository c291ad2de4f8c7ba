// A stack as received -> its id and labels, through the rules and two bounded caches: whole stacks,
// and frames for stacks that are new.
//
//   const HashCache::Key key = decoder.Key(stack);            // hashes and prefetches
//   std::optional<DecodedStack> known = decoder.Find(key);    // by far the most
//   if (!known) decoded = decoder.Decode(stack, key);
//
// Thread safety: all methods. Threads share the caches without locks; a race makes at most work
// that is done twice.
#ifndef FLAMEKEEP_INGEST_STACK_DECODER_H_
#define FLAMEKEEP_INGEST_STACK_DECODER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "ingest/hash_cache.h"
#include "ingest/interner.h"
#include "ingest/label_sets.h"
#include "ingest/rules.h"
#include "storage/ids.h"

namespace flamekeep::ingest {

struct CacheSizes {
  uint32_t stacks = 1u << 19;  // entries; 32 bytes each
  uint32_t frames = 1u << 16;
};

struct DecodedStack {
  storage::StackId stack{};  // kRootStack: no frame was left
  LabelSetId labels{};
  uint8_t flags = 0;  // StackFlag

  bool operator==(const DecodedStack&) const = default;
};

class StackDecoder {
 public:
  // `interner` is not owned.
  StackDecoder(Rules rules, Interner* interner, CacheSizes sizes);

  HashCache::Key Key(std::string_view stack) const {
    const HashCache::Key key = stacks_.KeyOf(stack);
    stacks_.Prefetch(key);
    return key;
  }

  std::optional<DecodedStack> Find(HashCache::Key key) const {
    const std::optional<uint64_t> packed = stacks_.Find(key);
    if (!packed) return std::nullopt;
    return Unpack(*packed);
  }

  // Errors: FAILED_PRECONDITION where the dictionary is full.
  absl::StatusOr<DecodedStack> Decode(std::string_view stack, HashCache::Key key);

  const LabelSets& label_sets() const { return label_sets_; }
  const Rules& rules() const { return rules_; }

 private:
  struct DecodedFrame {
    storage::FrameId frame{};  // kRootFrame: the rules left nothing of it
    LabelSetId lifted{};
    uint8_t flags = 0;
  };

  // A cached value: the id in the low half, then 24 bits of label set and 8 of flags.
  static uint64_t Pack(uint32_t id, LabelSetId labels, uint8_t flags) {
    return uint64_t{flags} << 56 | uint64_t{static_cast<uint32_t>(labels)} << 32 | id;
  }
  static DecodedStack Unpack(uint64_t packed) {
    return {storage::StackId{static_cast<uint32_t>(packed)},
            LabelSetId{static_cast<uint32_t>(packed >> 32) & 0xffffffu},
            static_cast<uint8_t>(packed >> 56)};
  }

  absl::StatusOr<DecodedFrame> DecodeFrame(std::string_view frame);
  LabelSetId InternLabels(const storage::Labels& labels, uint8_t* flags);

  const Rules rules_;
  Interner* const interner_;
  HashCache stacks_;
  HashCache frames_;
  LabelSets label_sets_;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_STACK_DECODER_H_
