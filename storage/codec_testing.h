// For tests of codecs.
#ifndef FLAMEKEEP_STORAGE_CODEC_TESTING_H_
#define FLAMEKEEP_STORAGE_CODEC_TESTING_H_

#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <string_view>

namespace flamekeep::storage {

inline std::string Hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char byte : bytes) {
    hex += kDigits[static_cast<uint8_t>(byte) >> 4];
    hex += kDigits[static_cast<uint8_t>(byte) & 15];
  }
  return hex;
}

// A copy in memory of exactly its size, so that AddressSanitizer sees a read beyond its end.
class ExactCopy {
 public:
  explicit ExactCopy(std::string_view bytes) : bytes_(new char[bytes.size()]), size_(bytes.size()) {
    std::memcpy(bytes_.get(), bytes.data(), size_);
  }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t size_;
};

// `bytes` with some bits or bytes changed.
inline std::string Damaged(std::string bytes, std::mt19937_64* random) {
  for (uint64_t changes = (*random)() % 3 + 1; changes > 0 && !bytes.empty(); --changes) {
    char& byte = bytes[(*random)() % bytes.size()];
    byte = static_cast<char>((*random)() % 2 == 0 ? (*random)() : byte ^ 1 << (*random)() % 8);
  }
  return bytes;
}

// A number of 0 to `max_bits` bits, all widths alike.
inline uint64_t RandomNumber(int max_bits, std::mt19937_64* random) {
  const uint64_t bits = (*random)() % (static_cast<uint64_t>(max_bits) + 1);
  return bits == 0 ? 0 : (*random)() >> (64 - bits);
}

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_CODEC_TESTING_H_
