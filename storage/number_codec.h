// Packed arrays of numbers, most of them small: Exp-Golomb codes.
//
// The parameter of an array is the width of its median. The unary parts of all numbers stand apart
// from their low bits. One content has one encoding, and readers refuse any other. The layout is in
// storage/format.h.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_STORAGE_NUMBER_CODEC_H_
#define FLAMEKEEP_STORAGE_NUMBER_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/types/span.h"

namespace flamekeep::storage {

// The most numbers in one array.
inline constexpr size_t kMaxPackedNumbers = 4096;

// Appends `numbers`. REQUIRES: at most kMaxPackedNumbers, each below UINT64_MAX.
void PackNumbers(absl::Span<const uint64_t> numbers, std::string* out);

// Takes numbers.size() (at most kMaxPackedNumbers) numbers off the front of `in`. False where `in`
// is cut short or is not what PackNumbers() writes.
bool UnpackNumbers(std::string_view* in, absl::Span<uint64_t> numbers);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_NUMBER_CODEC_H_
