// Writes protobuf's wire format field by field.
//
// Thread safety: functions of their arguments.
#ifndef FLAMEKEEP_BASE_PROTO_APPEND_H_
#define FLAMEKEEP_BASE_PROTO_APPEND_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace flamekeep {

inline void AppendVarint(uint64_t value, std::string* out) {
  constexpr uint64_t kMore = 0x80;
  for (; value >= kMore; value >>= 7) *out += static_cast<char>(value | kMore);
  *out += static_cast<char>(value);
}

inline void AppendNumber(int field, uint64_t value, std::string* out) {
  constexpr int kVarintType = 0;
  AppendVarint(static_cast<uint64_t>(field) << 3 | kVarintType, out);
  AppendVarint(value, out);
}

// A string, a message or a packed list.
inline void AppendBytes(int field, std::string_view bytes, std::string* out) {
  constexpr int kBytesType = 2;
  AppendVarint(static_cast<uint64_t>(field) << 3 | kBytesType, out);
  AppendVarint(bytes.size(), out);
  *out += bytes;
}

}  // namespace flamekeep

#endif  // FLAMEKEEP_BASE_PROTO_APPEND_H_
