#include "storage/id_codec.h"

#ifdef __SSE4_1__
#include <smmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "absl/base/attributes.h"
#include "base/cpu_clones.h"
#include "storage/bits.h"

namespace flamekeep::storage {
namespace {

// Gaps that share a Rice parameter. With the parameter at log2(mean gap), the unary parts of a
// block have at most 2 * 16 - 1 zeros and 16 ones: they fit in one load.
constexpr size_t kBlock = 16;

// Bytes of a block's unary parts, read at once.
constexpr int kWindowBytes = 6;
static_assert(3 * kBlock - 1 < kWindowBytes * 8 && kWindowBytes * 8 <= kLoadBits);
constexpr size_t kMaxBlockBytes = kBlock * sizeof(uint32_t);  // of low bits
constexpr size_t kLoadAhead = 16;

// The Rice parameter of `count` gaps that add up to `sum`.
int RiceParameter(uint64_t sum, size_t count) { return Log2(sum / count); }

// What the first parameter is coded as a change from. Ids lie close together where they are new and
// thin out from there: the middle, on a logarithmic scale, between no gaps and even ones.
int FirstParameter(uint32_t above, size_t count) { return Log2(above / count) / 2; }

// Small changes of either sign as small numbers: 0, -1, 1, -2, ... as 0, 1, 2, 3, ...
constexpr int ZigZag(int change) { return change < 0 ? -2 * change - 1 : 2 * change; }
constexpr int UnZigZag(int code) { return code & 1 ? -(code + 1) / 2 : code / 2; }

// The unary half of a packed set.
struct Unary {
  // Where each gap's one stands within its block's bits. A whole window is written at a time.
  std::array<uint8_t, kMaxPackedIds + kWindowBytes * 8> ends;
  std::array<uint8_t, kMaxPackedIds / kBlock> parameters;
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

ABSL_ATTRIBUTE_ALWAYS_INLINE inline bool ReadUnary(std::string_view* in, size_t count,
                                                   int parameter, Unary* unary) {
  BitReader bits(*in);
  for (size_t first = 0; first < count; first += kBlock) {
    uint64_t change = bits.Peek();
    int zeros = 0;
    if (change == 0) [[unlikely]] {
      // Where dense ids end far above the next one, a change is longer than one load.
      zeros = kLoadBits;
      bits.Skip(zeros);
      change = bits.Peek();
      if (change == 0) return false;
    }
    zeros += std::countr_zero(change);
    parameter += UnZigZag(zeros);
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

// Decodes the kBlock ids below `above`. Loads reach up to kLoadAhead bytes beyond the block's
// `low`.
void DecodeScalar(const char* low, const uint8_t* ends, int parameter, uint32_t above,
                  uint32_t* ids) {
  const uint64_t mask = LowBits(parameter);
  uint64_t sum = 0;
  for (size_t i = 0; i < kBlock; ++i) {
    const size_t bit = i * static_cast<size_t>(parameter);
    sum += Load64(low + bit / 8) >> (bit % 8) & mask;
    ids[i] = static_cast<uint32_t>(above - (uint64_t{ends[i] - i} << parameter) - sum - i - 1);
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

// The same in vectors. REQUIRES: parameter <= kMaxLaneParameter.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline void DecodeLanes(const char* low, const uint8_t* ends,
                                                     int parameter, uint32_t above, uint32_t* ids) {
  const LaneTable& table = kLanes[static_cast<size_t>(parameter)];
  const __m128i mask = _mm_set1_epi32(static_cast<int>(LowBits(parameter)));
  const __m128i shift = _mm_cvtsi32_si128(parameter);
  __m128i places = _mm_setr_epi32(0, 1, 2, 3);
  // What all lanes are counted down from: lowered by the low bits of the groups before.
  __m128i base = _mm_set1_epi32(static_cast<int>(above - 1));
  for (int group = 0; group < 4; ++group) {
    const int odd = group % 2;
    const char* bytes = low + group * 4 * parameter / 8;
    __m128i field = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
    field = _mm_shuffle_epi8(field,
                             _mm_load_si128(reinterpret_cast<const __m128i*>(table.shuffle[odd])));
    field = _mm_mullo_epi32(field,
                            _mm_load_si128(reinterpret_cast<const __m128i*>(table.multiply[odd])));
    field = _mm_and_si128(_mm_srli_epi32(field, 7), mask);
    field = _mm_add_epi32(field, _mm_slli_si128(field, 4));
    field = _mm_add_epi32(field, _mm_slli_si128(field, 8));
    int quad;
    std::memcpy(&quad, ends + group * 4, sizeof(quad));
    const __m128i high =
        _mm_sll_epi32(_mm_sub_epi32(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(quad)), places), shift);
    const __m128i down = _mm_add_epi32(_mm_add_epi32(field, high), places);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(ids + group * 4), _mm_sub_epi32(base, down));
    base = _mm_sub_epi32(base, _mm_shuffle_epi32(field, 0xFF));
    places = _mm_add_epi32(places, _mm_set1_epi32(4));
  }
}
#endif

ABSL_ATTRIBUTE_ALWAYS_INLINE inline void DecodeBlock(const char* low, const uint8_t* ends,
                                                     int parameter, uint32_t above, uint32_t* ids) {
#ifdef __SSE4_1__
  if (parameter <= kMaxLaneParameter) [[likely]] {
    return DecodeLanes(low, ends, parameter, above, ids);
  }
#endif
  DecodeScalar(low, ends, parameter, above, ids);
}

// Whether ids that were decoded with `parameter` are below `above` and what PackIds() would write.
// `zeros` are those of their unary parts. DecodeBlock() counts modulo 2^32; a sum of gaps beyond
// that is less than `zeros` and 16 low parts, and would need another parameter than it shows.
bool IsBlock(uint32_t above, uint32_t last, size_t size, int parameter, uint64_t zeros) {
  if (last >= above) return false;
  const uint64_t sum = above - last - size;
  return sum >= zeros << parameter && RiceParameter(sum, size) == parameter;
}

}  // namespace

void PackIds(uint32_t above, absl::Span<const uint32_t> ids, std::string* out) {
  if (ids.empty()) return;
  std::string low_bytes;
  BitWriter unary(out);
  int last_parameter = FirstParameter(above, ids.size());
  for (size_t first = 0; first < ids.size(); first += kBlock) {
    const absl::Span<const uint32_t> block = ids.subspan(first, kBlock);
    const int parameter = RiceParameter(above - block.back() - block.size(), block.size());
    unary.PutUnary(ZigZag(parameter - last_parameter));
    last_parameter = parameter;
    BitWriter low(&low_bytes);
    for (const uint32_t id : block) {
      const uint32_t gap = above - id - 1;
      unary.PutUnary(static_cast<int>(gap >> parameter));
      low.Put(gap & LowBits(parameter), parameter);
      above = id;
    }
    low.Flush();
  }
  unary.Flush();
  out->append(low_bytes);
}

FLAMEKEEP_CPU_CLONES bool UnpackIds(std::string_view* in, uint32_t above,
                                    absl::Span<uint32_t> ids) {
  if (ids.empty()) return true;
  Unary unary;
  if (!ReadUnary(in, ids.size(), FirstParameter(above, ids.size()), &unary)) return false;
  for (size_t first = 0; first < ids.size(); first += kBlock) {
    const int parameter = unary.parameters[first / kBlock];
    const size_t size = std::min(kBlock, ids.size() - first);
    const size_t bits = size * static_cast<size_t>(parameter);
    const size_t bytes = (bits + 7) / 8;
    if (in->size() < bytes) return false;
    if (bits % 8 != 0 && static_cast<uint8_t>((*in)[bytes - 1]) >> (bits % 8) != 0) return false;

    const char* low = in->data();
    char padded[kMaxBlockBytes + kLoadAhead];
    if (in->size() < kMaxBlockBytes + kLoadAhead) {
      std::memcpy(padded, low, bytes);
      std::memset(padded + bytes, 0, sizeof(padded) - bytes);
      low = padded;
    }
    uint8_t* ends = unary.ends.data() + first;
    uint32_t last;
    if (size == kBlock) [[likely]] {
      DecodeBlock(low, ends, parameter, above, ids.data() + first);
      last = ids[first + kBlock - 1];
    } else {
      uint32_t block[kBlock];
      std::fill(ends + size, ends + kBlock, uint8_t{0});
      DecodeBlock(low, ends, parameter, above, block);
      std::copy_n(block, size, ids.data() + first);
      last = block[size - 1];
    }
    if (!IsBlock(above, last, size, parameter, ends[size - 1] - (size - 1))) return false;
    above = last;
    in->remove_prefix(bytes);
  }
  return true;
}

}  // namespace flamekeep::storage
