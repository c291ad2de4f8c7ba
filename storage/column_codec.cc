#include "storage/column_codec.h"

#include <streamvbyte.h>

#include <array>
#include <cstring>
#include <vector>

namespace flamekeep::storage {
namespace {

// streamvbyte reads whole vectors: up to so many bytes behind the last number.
constexpr size_t kReadAhead = 16;

constexpr std::array<uint8_t, 256> kDataBytes = [] {
  std::array<uint8_t, 256> bytes{};
  for (int control = 0; control < 256; ++control) {
    bytes[static_cast<size_t>(control)] = static_cast<uint8_t>(
        4 + (control & 3) + (control >> 2 & 3) + (control >> 4 & 3) + (control >> 6 & 3));
  }
  return bytes;
}();

}  // namespace

void PackInts(const uint32_t* numbers, size_t count, std::string* out) {
  if (count == 0) return;
  const size_t start = out->size();
  out->resize(start + streamvbyte_max_compressedbytes(static_cast<uint32_t>(count)));
  const size_t bytes = streamvbyte_encode(numbers, static_cast<uint32_t>(count),
                                          reinterpret_cast<uint8_t*>(out->data() + start));
  out->resize(start + bytes);
}

bool UnpackInts(std::string_view* in, size_t count, uint32_t* numbers) {
  if (count == 0) return true;
  const size_t controls = (count + 3) / 4;
  if (in->size() < controls) return false;
  size_t bytes = controls;
  for (size_t i = 0; i < controls; ++i) bytes += kDataBytes[static_cast<uint8_t>((*in)[i])];
  const size_t unused = controls * 4 - count;
  if (static_cast<uint8_t>((*in)[controls - 1]) >> (8 - 2 * unused) != 0 && unused > 0) return false;
  bytes -= unused;
  if (in->size() < bytes) return false;

  const auto* data = reinterpret_cast<const uint8_t*>(in->data());
  std::vector<uint8_t> padded;
  if (in->size() < bytes + kReadAhead) {
    padded.resize(bytes + kReadAhead);
    std::memcpy(padded.data(), in->data(), bytes);
    data = padded.data();
  }
  streamvbyte_decode(data, numbers, static_cast<uint32_t>(count));

  // A number that takes more bytes than it needs would give one column two encodings.
  bool minimal = true;
  for (size_t i = 0; i < count; ++i) {
    const unsigned code = static_cast<uint8_t>((*in)[i / 4]) >> (2 * (i % 4)) & 3;
    minimal &= code == 0 || numbers[i] >> (8 * code) != 0;
  }
  in->remove_prefix(bytes);
  return minimal;
}

}  // namespace flamekeep::storage
