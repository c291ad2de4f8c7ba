// Integers as bytes, for the cursors that the server keeps for us.
//
// Thread safety: functions without state.
#ifndef FLAMEKEEP_CLI_LITTLE_ENDIAN_H_
#define FLAMEKEEP_CLI_LITTLE_ENDIAN_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace flamekeep::cli {

inline void PutFixed64(uint64_t value, std::string* out) {
  for (int shift = 0; shift < 64; shift += 8) out->push_back(static_cast<char>(value >> shift));
}

// Takes it from the front of `in`; false where there are too few bytes.
inline bool GetFixed64(std::string_view* in, uint64_t* value) {
  constexpr size_t kBytes = 8;
  if (in->size() < kBytes) return false;
  *value = 0;
  for (size_t i = 0; i < kBytes; ++i) {
    *value |= static_cast<uint64_t>(static_cast<unsigned char>((*in)[i])) << (8 * i);
  }
  in->remove_prefix(kBytes);
  return true;
}

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_LITTLE_ENDIAN_H_
