// The bytes that records and keys are made of, beyond those that format.h declares. For
// storage/format*.cc only. Getters take from the front of `in` and return false where it is too
// short or means something else.
//
// Thread safety: functions.
#ifndef FLAMEKEEP_STORAGE_FORMAT_BYTES_H_
#define FLAMEKEEP_STORAGE_FORMAT_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "storage/format.h"

namespace flamekeep::storage {

inline void PutBig16(uint16_t value, std::string* out) {
  out->push_back(static_cast<char>(value >> 8));
  out->push_back(static_cast<char>(value));
}

inline void PutBig32(uint32_t value, std::string* out) {
  PutBig16(static_cast<uint16_t>(value >> 16), out);
  PutBig16(static_cast<uint16_t>(value), out);
}

inline bool GetByte(std::string_view* in, uint8_t* value) {
  if (in->empty()) return false;
  *value = static_cast<uint8_t>(in->front());
  in->remove_prefix(1);
  return true;
}

template <typename Int>
bool GetBig(std::string_view* in, Int* value) {
  if (in->size() < sizeof(Int)) return false;
  uint32_t result = 0;
  for (size_t i = 0; i < sizeof(Int); ++i) {
    result = result << 8 | static_cast<uint8_t>((*in)[i]);
  }
  *value = static_cast<Int>(result);
  in->remove_prefix(sizeof(Int));
  return true;
}

inline void PutBig64(uint64_t value, std::string* out) {
  PutBig32(static_cast<uint32_t>(value >> 32), out);
  PutBig32(static_cast<uint32_t>(value), out);
}

inline bool GetBig64(std::string_view* in, uint64_t* value) {
  uint32_t high;
  uint32_t low;
  if (!GetBig(in, &high) || !GetBig(in, &low)) return false;
  *value = uint64_t{high} << 32 | low;
  return true;
}

template <typename Int>
void PutLittle(Int value, std::string* out) {
  char bytes[sizeof(Int)];
  for (char& byte : bytes) {
    byte = static_cast<char>(value);
    value >>= 8;
  }
  out->append(bytes, sizeof(bytes));
}

template <typename Int>
bool GetLittle(std::string_view* in, Int* value) {
  if (in->size() < sizeof(Int)) return false;
  Int result = 0;
  for (size_t i = sizeof(Int); i-- > 0;) result = result << 8 | static_cast<uint8_t>((*in)[i]);
  *value = result;
  in->remove_prefix(sizeof(Int));
  return true;
}

inline bool GetCopy(std::string_view* in, std::string* value) {
  std::string_view view;
  if (!GetString(in, &view)) return false;
  value->assign(view);
  return true;
}

inline bool GetSite(std::string_view* in, SiteId* site) {
  uint16_t raw;
  if (!GetBig(in, &raw)) return false;
  *site = SiteId{raw};
  return true;
}

inline bool GetFormat(std::string_view* in) {
  uint8_t format;
  return GetByte(in, &format) && format == kMetaFormat;
}

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_FORMAT_BYTES_H_
