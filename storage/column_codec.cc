#include "storage/column_codec.h"

#ifdef __SSE4_1__
#include <smmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace flamekeep::storage {
namespace {

static_assert(std::endian::native == std::endian::little, "Load64() reads little endian");

// Gaps that share a Rice parameter. With the parameter at log2(mean gap), the unary parts of a
// block have at most 2 * 16 - 1 zeros and 16 ones: they fit in one load.
constexpr size_t kBlock = 16;
constexpr int kLoadBits = 57;  // of 64, from any bit of the first byte on

constexpr uint64_t LowBits(int bits) { return (uint64_t{1} << bits) - 1; }
constexpr int Log2(uint64_t number) { return std::bit_width(number | 1) - 1; }

// Bytes of a block's unary parts, read at once.
constexpr int kWindowBytes = 6;
static_assert(3 * kBlock - 1 < kWindowBytes * 8 && kWindowBytes * 8 <= kLoadBits);
// How far loads reach beyond the low bits of a block.
constexpr size_t kLoadAhead = 16;

// The Rice parameter of `count` gaps that add up to `sum`.
int RiceParameter(uint64_t sum, size_t count) { return Log2(sum / count); }

// What the first parameter is coded as a change from. Ids lie close together where they are new and
// thin out from there: the middle, on a logarithmic scale, between no gaps and even ones.
int FirstParameter(uint32_t start, size_t count) { return Log2(start / count) / 2; }

// Small changes of either sign as small numbers: 0, -1, 1, -2, ... as 0, 1, 2, 3, ...
constexpr int ZigZag(int change) { return change < 0 ? -2 * change - 1 : 2 * change; }
constexpr int UnZigZag(int code) { return code & 1 ? -(code + 1) / 2 : code / 2; }

uint64_t Load64(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

// Appends bits to a string, lowest first. The last byte is filled up with zeros by Flush().
class BitWriter {
 public:
  explicit BitWriter(std::string* out) : out_(out) {}

  // REQUIRES: bits <= 56, value < 2^bits.
  void Put(uint64_t value, int bits) {
    word_ |= value << used_;
    used_ += bits;
    while (used_ >= 8) {
      out_->push_back(static_cast<char>(word_));
      word_ >>= 8;
      used_ -= 8;
    }
  }
  // `zeros` zeros and a one.
  void PutUnary(uint64_t zeros) {
    for (; zeros >= 32; zeros -= 32) Put(0, 32);
    Put(uint64_t{1} << zeros, static_cast<int>(zeros) + 1);
  }
  // REQUIRES: bits <= 64, value < 2^bits.
  void PutWide(uint64_t value, int bits) {
    if (bits > 32) {
      Put(value & LowBits(32), 32);
      value >>= 32;
      bits -= 32;
    }
    Put(value, bits);
  }
  void Flush() {
    if (used_ > 0) Put(0, 8 - used_);
  }

 private:
  std::string* out_;
  uint64_t word_ = 0;
  int used_ = 0;
};

// Reads bits off the front of a string. What lies behind its end reads as zeros.
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

// The unary half of a packed set.
struct Unary {
  // Where each gap's one stands within its block's bits. A whole window is written at a time.
  std::array<uint8_t, kMaxPacked + kWindowBytes * 8> ends;
  std::array<uint8_t, kMaxPacked / kBlock> parameters;
};

// The places of the ones in a byte, lowest first.
constexpr std::array<uint64_t, 256> kOnes = [] {
  std::array<uint64_t, 256> places{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    int count = 0;
    for (uint64_t bit = 0; bit < 8; ++bit) {
      if (byte >> bit & 1) places[byte] |= bit << (8 * count++);
    }
  }
  return places;
}();

bool ReadUnary(std::string_view* in, size_t count, int parameter, Unary* unary) {
  BitReader bits(*in);
  for (size_t first = 0; first < count; first += kBlock) {
    const uint64_t change = bits.Peek();
    if (change == 0) return false;
    parameter += UnZigZag(std::countr_zero(change));
    if (parameter < 0 || parameter >= 32) return false;
    unary->parameters[first / kBlock] = static_cast<uint8_t>(parameter);
    bits.Skip(std::countr_zero(change) + 1);

    const uint64_t window = bits.Peek() & LowBits(kWindowBytes * 8);
    const size_t size = std::min(kBlock, count - first);
    if (static_cast<size_t>(std::popcount(window)) < size) return false;
    // Always the whole window: the number of its bytes that hold the block can not be foreseen.
    uint8_t* ends = unary->ends.data() + first;
    int found = 0;
    for (int i = 0; i < kWindowBytes; ++i) {
      const auto byte = static_cast<uint8_t>(window >> (8 * i));
      const uint64_t places = kOnes[byte] + 0x0808080808080808 * static_cast<uint64_t>(i);
      std::memcpy(ends + found, &places, sizeof(places));
      found += std::popcount(byte);
    }
    bits.Skip(ends[size - 1] + 1);
  }
  return bits.Finish(in);
}

// Decodes the kBlock numbers below `start`. `low` has kLoadAhead readable bytes behind the block's.
void DecodeBlock(const char* low, const uint8_t* ends, int parameter, uint32_t start,
                 uint32_t* numbers) {
  const uint64_t mask = LowBits(parameter);
  uint64_t sum = 0;
  for (size_t i = 0; i < kBlock; ++i) {
    const size_t bit = i * static_cast<size_t>(parameter);
    sum += Load64(low + bit / 8) >> (bit % 8) & mask;
    numbers[i] = static_cast<uint32_t>(start - (uint64_t{ends[i] - i} << parameter) - sum - i - 1);
  }
}

#ifdef __SSE4_1__
// For one parameter: how to bring four fields of so many bits into four lanes, and then to the same
// bit of their lanes. Fields 4 to 7 and 12 to 15 may start in the middle of a byte.
struct LaneTable {
  alignas(16) uint8_t shuffle[2][16];
  alignas(16) uint32_t multiply[2][4];
};
constexpr int kMaxLaneParameter = 25;  // a field and the 7 bits before it fit a lane

constexpr std::array<LaneTable, kMaxLaneParameter + 1> kLanes = [] {
  std::array<LaneTable, kMaxLaneParameter + 1> tables{};
  for (int parameter = 0; parameter <= kMaxLaneParameter; ++parameter) {
    for (int odd = 0; odd < 2; ++odd) {
      LaneTable& table = tables[static_cast<size_t>(parameter)];
      for (int lane = 0; lane < 4; ++lane) {
        const int bit = lane * parameter + odd * (4 * parameter % 8);
        for (int byte = 0; byte < 4; ++byte) {
          table.shuffle[odd][lane * 4 + byte] = static_cast<uint8_t>(bit / 8 + byte);
        }
        table.multiply[odd][lane] = 1u << (7 - bit % 8);
      }
    }
  }
  return tables;
}();

// The same as DecodeBlock() in vectors. REQUIRES: parameter <= kMaxLaneParameter.
void DecodeBlockLanes(const char* low, const uint8_t* ends, int parameter, uint32_t start,
                      uint32_t* numbers) {
  const LaneTable& table = kLanes[static_cast<size_t>(parameter)];
  const __m128i mask = _mm_set1_epi32(static_cast<int>(LowBits(parameter)));
  const __m128i shift = _mm_cvtsi32_si128(parameter);
  __m128i places = _mm_setr_epi32(0, 1, 2, 3);
  // What all lanes are counted down from: lowered by the low bits of the groups before.
  __m128i base = _mm_set1_epi32(static_cast<int>(start - 1));
  for (int group = 0; group < 4; ++group) {
    const int odd = group % 2;
    const char* bytes = low + group * 4 * parameter / 8;
    __m128i field = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
    field = _mm_shuffle_epi8(
        field, _mm_load_si128(reinterpret_cast<const __m128i*>(table.shuffle[odd])));
    field = _mm_mullo_epi32(
        field, _mm_load_si128(reinterpret_cast<const __m128i*>(table.multiply[odd])));
    field = _mm_and_si128(_mm_srli_epi32(field, 7), mask);
    field = _mm_add_epi32(field, _mm_slli_si128(field, 4));
    field = _mm_add_epi32(field, _mm_slli_si128(field, 8));
    int quad;
    std::memcpy(&quad, ends + group * 4, sizeof(quad));
    const __m128i high =
        _mm_sll_epi32(_mm_sub_epi32(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(quad)), places), shift);
    const __m128i down = _mm_add_epi32(_mm_add_epi32(field, high), places);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(numbers + group * 4), _mm_sub_epi32(base, down));
    base = _mm_sub_epi32(base, _mm_shuffle_epi32(field, 0xFF));
    places = _mm_add_epi32(places, _mm_set1_epi32(4));
  }
}
#endif

}  // namespace

void PackDescending(uint32_t start, absl::Span<const uint32_t> numbers, std::string* out) {
  std::string low_bytes;
  BitWriter unary(out);
  if (numbers.empty()) return;
  int last_parameter = FirstParameter(start, numbers.size());
  for (size_t first = 0; first < numbers.size(); first += kBlock) {
    const absl::Span<const uint32_t> block = numbers.subspan(first, kBlock);
    const uint64_t sum = uint64_t{start} - block.back() - block.size();
    const int parameter = RiceParameter(sum, block.size());
    unary.PutUnary(static_cast<uint64_t>(ZigZag(parameter - last_parameter)));
    last_parameter = parameter;
    BitWriter low(&low_bytes);
    for (const uint32_t number : block) {
      const uint32_t gap = start - number - 1;
      unary.PutUnary(gap >> parameter);
      low.Put(gap & LowBits(parameter), parameter);
      start = number;
    }
    low.Flush();
  }
  unary.Flush();
  out->append(low_bytes);
}

bool UnpackDescending(std::string_view* in, uint32_t start, absl::Span<uint32_t> numbers) {
  Unary unary;
  if (numbers.empty()) return true;
  if (!ReadUnary(in, numbers.size(), FirstParameter(start, numbers.size()), &unary)) return false;
  for (size_t first = 0; first < numbers.size(); first += kBlock) {
    const int parameter = unary.parameters[first / kBlock];
    const size_t size = std::min(kBlock, numbers.size() - first);
    const size_t bits = size * static_cast<size_t>(parameter);
    const size_t bytes = (bits + 7) / 8;
    if (in->size() < bytes) return false;
    char padded[kBlock * 4 + kLoadAhead];
    const char* low = in->data();
    if (in->size() < kBlock * static_cast<size_t>(parameter) / 8 + kLoadAhead) {
      std::memcpy(padded, low, bytes);
      std::memset(padded + bytes, 0, sizeof(padded) - bytes);
      low = padded;
    }
    if (bits % 8 != 0 && static_cast<uint8_t>(low[bytes - 1]) >> (bits % 8) != 0) return false;

    const uint8_t* ends = unary.ends.data() + first;
    uint32_t* block = numbers.data() + first;
    uint32_t partial[kBlock];
    if (size < kBlock) block = partial;
#ifdef __SSE4_1__
    if (parameter <= kMaxLaneParameter) [[likely]] {
      DecodeBlockLanes(low, ends, parameter, start, block);
    } else {
      DecodeBlock(low, ends, parameter, start, block);
    }
#else
    DecodeBlock(low, ends, parameter, start, block);
#endif
    if (size < kBlock) std::copy_n(partial, size, numbers.data() + first);

    // A sum of gaps that is too large for 32 bits has another parameter than the one it shows then.
    const uint64_t high = uint64_t{ends[size - 1] - (size - 1)} << parameter;
    const uint64_t sum = start - block[size - 1] - size;
    if (block[size - 1] >= start || sum < high || RiceParameter(sum, size) != parameter) {
      return false;
    }
    start = block[size - 1];
    in->remove_prefix(bytes);
  }
  return true;
}

namespace {

constexpr int kMaxGolombParameter = 63;

// kMasks[n] has the n lowest bits.
constexpr std::array<uint64_t, 65> kMasks = [] {
  std::array<uint64_t, 65> masks{};
  for (size_t bits = 1; bits < masks.size(); ++bits) masks[bits] = masks[bits - 1] << 1 | 1;
  return masks;
}();

size_t CountFrom(absl::Span<const uint64_t> numbers, uint64_t least) {
  size_t count = 0;
  for (const uint64_t number : numbers) count += number >= least ? 1 : 0;
  return count;
}

// The Golomb parameter is the width of the median: one more would lengthen what is below it, one
// less what is above it.
int GolombParameter(absl::Span<const uint64_t> numbers) {
  std::array<size_t, 65> widths{};
  for (const uint64_t number : numbers) ++widths[static_cast<size_t>(std::bit_width(number))];
  size_t above = numbers.size() - widths[0];
  size_t parameter = 0;
  while (above > numbers.size() / 2 && parameter < kMaxGolombParameter) above -= widths[++parameter];
  return static_cast<int>(parameter);
}

// The same question for a reader, which only needs to count.
bool IsGolombParameter(int parameter, absl::Span<const uint64_t> numbers) {
  const size_t half = numbers.size() / 2;
  return (parameter == kMaxGolombParameter ||
          CountFrom(numbers, uint64_t{1} << parameter) <= half) &&
         (parameter == 0 || CountFrom(numbers, uint64_t{1} << (parameter - 1)) > half);
}

// Numbers whose unary parts are looked at together.
constexpr size_t kLogBlock = 8;

bool ReadLogs(std::string_view* in, absl::Span<uint8_t> logs) {
  BitReader bits(*in);
  for (size_t first = 0; first < logs.size(); first += kLogBlock) {
    const size_t size = std::min(kLogBlock, logs.size() - first);
    uint64_t window = bits.Peek();
    if (static_cast<size_t>(std::popcount(window)) >= size) [[likely]] {
      int next = 0;
      for (size_t i = first; i < first + size; ++i) {
        const int end = std::countr_zero(window);
        window &= window - 1;
        logs[i] = static_cast<uint8_t>(end - next);
        next = end + 1;
      }
      bits.Skip(next);
      continue;
    }
    for (size_t i = first; i < first + size; ++i) {
      int zeros = 0;
      for (; bits.Peek() % 2 == 0; bits.Skip(1)) {
        if (++zeros == 64) return false;
      }
      bits.Skip(1);
      logs[i] = static_cast<uint8_t>(zeros);
    }
  }
  return bits.Finish(in);
}

}  // namespace

void PackNumbers(absl::Span<const uint64_t> numbers, std::string* out) {
  if (numbers.empty()) return;
  const int parameter = GolombParameter(numbers);
  out->push_back(static_cast<char>(parameter));
  std::string low_bytes;
  BitWriter unary(out);
  BitWriter low(&low_bytes);
  for (const uint64_t number : numbers) {
    const uint64_t high = (number >> parameter) + 1;
    const int log = Log2(high);
    unary.PutUnary(static_cast<uint64_t>(log));
    low.PutWide(number & LowBits(parameter), parameter);
    low.PutWide(high & LowBits(log), log);
  }
  unary.Flush();
  low.Flush();
  out->append(low_bytes);
}

bool UnpackNumbers(std::string_view* in, absl::Span<uint64_t> numbers) {
  if (numbers.empty()) return true;
  if (in->empty()) return false;
  const int parameter = static_cast<uint8_t>(in->front());
  if (parameter > kMaxGolombParameter) return false;
  in->remove_prefix(1);
  std::array<uint8_t, kMaxPacked> logs;
  if (!ReadLogs(in, absl::MakeSpan(logs.data(), numbers.size()))) return false;

  BitReader bits(*in);
  bool fits = true;
  for (size_t i = 0; i < numbers.size(); ++i) {
    const int log = logs[i];
    if (log + parameter <= kLoadBits) [[likely]] {
      const uint64_t low = bits.Peek() & kMasks[static_cast<size_t>(log + parameter)];
      numbers[i] = (kMasks[static_cast<size_t>(log)] << parameter) + low;
      bits.Skip(log + parameter);
    } else {
      const uint64_t low = bits.GetWide(parameter);
      const uint64_t high = bits.GetWide(log) + kMasks[static_cast<size_t>(log)];
      fits &= high <= UINT64_MAX >> parameter;
      numbers[i] = high << parameter | low;
      fits &= numbers[i] != UINT64_MAX;
    }
  }
  return fits && bits.Finish(in) && IsGolombParameter(parameter, numbers);
}

}  // namespace flamekeep::storage
