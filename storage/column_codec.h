// Bit-packed arrays of numbers: the inner layer of columns. The layout is in storage/format.h.
//
// Two codes, each with one encoding for one content (decoders refuse any other, for which the
// parameters follow from the numbers by a fixed rule):
//   * descending sets of ids: Rice codes of the gaps, with a parameter for every 16 gaps, the unary
//     parts of all apart from the low bits of all, so that both are decoded without a branch;
//   * other numbers, most of them small: Exp-Golomb codes with one parameter for the array.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_STORAGE_COLUMN_CODEC_H_
#define FLAMEKEEP_STORAGE_COLUMN_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/types/span.h"

namespace flamekeep::storage {

// The most numbers in one array.
inline constexpr size_t kMaxPacked = 4096;

// Appends `numbers`. REQUIRES: start > numbers[0] > numbers[1] > ..., at most kMaxPacked.
void PackDescending(uint32_t start, absl::Span<const uint32_t> numbers, std::string* out);
// Takes numbers.size() (at most kMaxPacked) numbers off the front of `in`, all below `start` and
// descending. False where `in` is cut short or not what PackDescending() writes.
bool UnpackDescending(std::string_view* in, uint32_t start, absl::Span<uint32_t> numbers);

// The same for numbers without order. REQUIRES: at most kMaxPacked, each below UINT64_MAX.
void PackNumbers(absl::Span<const uint64_t> numbers, std::string* out);
bool UnpackNumbers(std::string_view* in, absl::Span<uint64_t> numbers);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_COLUMN_CODEC_H_
