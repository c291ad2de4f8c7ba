// Strings as sequences of bits, lowest bit of the first byte first: what the codecs of columns are
// made of.
//
// Thread safety: values.
#ifndef FLAMEKEEP_STORAGE_BITS_H_
#define FLAMEKEEP_STORAGE_BITS_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace flamekeep::storage {

static_assert(std::endian::native == std::endian::little, "words are read and written as they are");

// Of a 64-bit load, how many bits there are from any bit of the first byte on.
inline constexpr int kLoadBits = 57;

// The `bits` lowest bits. REQUIRES: bits < 64.
constexpr uint64_t LowBits(int bits) { return (uint64_t{1} << bits) - 1; }

// The place of the highest one; 0 for 0.
constexpr int Log2(uint64_t number) { return std::bit_width(number | 1) - 1; }

inline uint64_t Load64(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

// Appends bits to a string, lowest first. The last byte is filled up with zeros by Flush().
class BitWriter {
 public:
  explicit BitWriter(std::string* out) : out_(out) {}

  // REQUIRES: bits <= 64, value < 2^bits.
  void Put(uint64_t value, int bits) {
    word_ |= value << used_;
    used_ += bits;
    if (used_ < kWordBits) return;
    out_->append(reinterpret_cast<const char*>(&word_), sizeof(word_));
    used_ -= kWordBits;
    word_ = used_ == 0 ? 0 : value >> (bits - used_);
  }
  // `zeros` zeros and a one. REQUIRES: zeros < 64.
  void PutUnary(int zeros) { Put(uint64_t{1} << zeros, zeros + 1); }
  void Flush() {
    out_->append(reinterpret_cast<const char*>(&word_), static_cast<size_t>(used_ + 7) / 8);
    word_ = 0;
    used_ = 0;
  }

 private:
  static constexpr int kWordBits = 64;

  std::string* out_;
  uint64_t word_ = 0;
  int used_ = 0;  // of the word
};

// Reads bits off the front of a string. What lies behind its end reads as zeros, and is noticed by
// Finish().
class BitReader {
 public:
  explicit BitReader(std::string_view in) : in_(in) {}

  // At least kLoadBits bits from the current position on.
  uint64_t Peek() const {
    const size_t byte = position_ / 8;
    uint64_t word = 0;
    if (byte + sizeof(word) <= in_.size()) [[likely]] {
      word = Load64(in_.data() + byte);
    } else if (byte < in_.size()) {
      std::memcpy(&word, in_.data() + byte, in_.size() - byte);
    }
    return word >> (position_ % 8);
  }
  void Skip(int bits) { position_ += static_cast<size_t>(bits); }

  // REQUIRES: bits <= 64.
  uint64_t GetWide(int bits) {
    const int low = std::min(bits, 32);
    uint64_t value = Peek() & LowBits(low);
    Skip(low);
    if (bits > low) {
      value |= (Peek() & LowBits(bits - low)) << low;
      Skip(bits - low);
    }
    return value;
  }

  // Removes what was read from `in`; false where it is not there, or where the bits that fill its
  // last byte are not zero.
  bool Finish(std::string_view* in) const {
    const size_t bytes = (position_ + 7) / 8;
    if (bytes > in_.size()) return false;
    if (position_ % 8 != 0 && static_cast<uint8_t>(in_[bytes - 1]) >> (position_ % 8) != 0) {
      return false;
    }
    in->remove_prefix(bytes);
    return true;
  }

 private:
  std::string_view in_;
  size_t position_ = 0;  // in bits
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_BITS_H_
