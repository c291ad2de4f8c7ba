// A stack as received -> its id and labels, through the rules and two bounded caches.
//
// Thread safety: all methods of StackDecoder. Threads share the caches without locks; a race makes
// at most work that is done twice.
#ifndef FLAMEKEEP_INGEST_STACK_DECODER_H_
#define FLAMEKEEP_INGEST_STACK_DECODER_H_

#include <cstdint>
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
};

class StackDecoder {
 public:
  // `interner` is not owned.
  StackDecoder(Rules rules, Interner* interner, CacheSizes sizes);

  // Decoding in two steps, so that a caller can let the memory of one look-up come while it hashes
  // the next line: Key() hashes and prefetches.
  HashCache::Key Key(std::string_view stack) const {
    const HashCache::Key key = stacks_.KeyOf(stack);
    stacks_.Prefetch(key);
    return key;
  }
  absl::StatusOr<DecodedStack> Decode(std::string_view stack, HashCache::Key key);

  const LabelSets& label_sets() const { return label_sets_; }
  const Rules& rules() const { return rules_; }

 private:
  const Rules rules_;
  Interner* const interner_;
  HashCache stacks_;
  HashCache frames_;
  LabelSets label_sets_;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_STACK_DECODER_H_
