// What a store knows by name: sites, series and sources. Each gets a small dense id at first sight
// and keeps it for ever; the registry is held in memory and written with the first batch that
// needs it.
#ifndef FLAMEKEEP_STORAGE_REGISTRY_H_
#define FLAMEKEEP_STORAGE_REGISTRY_H_

#include <compare>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "storage/ids.h"

namespace flamekeep::storage {

// Sorted by name, names unique, no empty values (an absent label and an empty one are the same).
using Labels = std::vector<std::pair<std::string, std::string>>;

// A series: what is counted, where, and under which labels.
struct SeriesKey {
  std::string site;
  std::string profile_type;  // five parts, for example "excimer-wall:samples:count::"
  Labels labels;

  auto operator<=>(const SeriesKey&) const = default;
};

// The values are on disk: never change them.
enum class SourceKind : uint8_t { kPubSub = 1, kStream = 2, kPush = 3, kImport = 4 };

// One stream that samples come from. The node is part of the key for kPubSub only: other sources
// give the same samples wherever they are read.
struct SourceKey {
  SourceKind kind = SourceKind::kPush;
  std::string site;
  std::string name;  // "excimer-wall" (channel), the client's name, the import's identity
  std::string node;  // empty unless kPubSub
  uint64_t rules_hash =
      0;  // of the decoding rules; 0 for imports, which count once under any rules

  auto operator<=>(const SourceKey&) const = default;
};

// How far a source has been read. What the two parts mean is the source's own business: storage
// keeps them in the same batch as the data they cover.
struct Position {
  uint64_t number = 0;  // of the last batch taken in; 0: none
  std::string cursor;   // opaque, at most 64 KiB
  // When the batch was taken in (Store::PositionTime()), Unix seconds, for positions that may be
  // forgotten (StoreOptions::forget_positions_after); 0: it never is.
  int64_t accepted_s = 0;

  bool operator==(const Position&) const = default;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_REGISTRY_H_
