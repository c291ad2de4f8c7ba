// Packed arrays of 32-bit numbers: the inner layer of columns. The layout is in storage/format.h.
#ifndef FLAMEKEEP_STORAGE_COLUMN_CODEC_H_
#define FLAMEKEEP_STORAGE_COLUMN_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace flamekeep::storage {

// Appends `count` numbers to `out`.
void PackInts(const uint32_t* numbers, size_t count, std::string* out);
// Takes `count` numbers off the front of `in`; false where it is cut short or not what PackInts()
// writes. `numbers` has room for `count`.
bool UnpackInts(std::string_view* in, size_t count, uint32_t* numbers);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_COLUMN_CODEC_H_
