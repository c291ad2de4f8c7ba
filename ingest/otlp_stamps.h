// The time stamps of OpenTelemetry's samples.
#ifndef FLAMEKEEP_INGEST_OTLP_STAMPS_H_
#define FLAMEKEEP_INGEST_OTLP_STAMPS_H_

#include <cstdint>
#include <cstring>
#include <string_view>

#include "ingest/proto_reader.h"

namespace flamekeep::ingest {

// Time stamps are fixed64, and were varints once. Both may be packed; the eighth byte tells: that
// of a time of this century has no top bit as a fixed64, and has it as a varint.
inline bool AreFixed(std::string_view packed) {
  return !packed.empty() && packed.size() % sizeof(uint64_t) == 0 &&
         static_cast<unsigned char>(packed[sizeof(uint64_t) - 1]) < 0x80;
}

// As ForEachNumber().
template <typename Use>
bool ForEachTimeStamp(const ProtoReader& reader, Use use) {
  std::string_view packed = reader.bytes();
  if (!reader.is_bytes() || !AreFixed(packed)) return ForEachNumber(reader, use);
  for (; !packed.empty(); packed.remove_prefix(sizeof(uint64_t))) {
    uint64_t number = 0;
    std::memcpy(&number, packed.data(), sizeof(number));
    use(number);
  }
  return true;
}

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_OTLP_STAMPS_H_
