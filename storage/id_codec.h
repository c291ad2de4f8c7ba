// Packed descending sets of ids: Rice codes of their gaps.
//
// A block of 16 gaps has one parameter, the logarithm of its mean gap. The unary parts of all
// blocks stand apart from the low bits of all, so that both are decoded without a branch. One
// content has one encoding, and readers refuse any other. The layout is in storage/format.h.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_STORAGE_ID_CODEC_H_
#define FLAMEKEEP_STORAGE_ID_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/types/span.h"

namespace flamekeep::storage {

// The most ids in one set.
inline constexpr size_t kMaxPackedIds = 4096;

// Appends `ids`. REQUIRES: above > ids[0] > ids[1] > ..., at most kMaxPackedIds.
void PackIds(uint32_t above, absl::Span<const uint32_t> ids, std::string* out);

// Takes ids.size() (at most kMaxPackedIds) ids off the front of `in`, all below `above` and
// descending. False where `in` is cut short or is not what PackIds() writes.
bool UnpackIds(std::string_view* in, uint32_t above, absl::Span<uint32_t> ids);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_ID_CODEC_H_
