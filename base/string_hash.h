// Transparent hashing, so that maps keyed by std::string are searched with a std::string_view:
//
//   absl::flat_hash_map<std::string, int, StringHash, std::equal_to<>> map;
#ifndef FLAMEKEEP_BASE_STRING_HASH_H_
#define FLAMEKEEP_BASE_STRING_HASH_H_

#include <xxhash.h>

#include <cstddef>
#include <string_view>

namespace flamekeep {

struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view s) const { return XXH3_64bits(s.data(), s.size()); }
};

}  // namespace flamekeep

#endif  // FLAMEKEEP_BASE_STRING_HASH_H_
