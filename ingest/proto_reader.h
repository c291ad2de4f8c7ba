// Reads protobuf's wire format field by field, without a copy and without memory of its own: what a
// message means, and how many of its parts are kept, stays with the caller.
//
//   ProtoReader reader(bytes);
//   while (reader.Next()) {
//     switch (reader.field()) {
//       case 1: name = reader.bytes(); break;     // empty where the field is no string
//       case 2: number = reader.number(); break;  // 0 where it is no number
//     }
//   }
//   if (reader.broken()) ...
//
// Any bytes are allowed. Fields of another type than the caller expects read as empty or 0, as
// protobuf passes over them; groups, which no format here has, end the reading as broken.
//
// Thread safety: a value that belongs to one thread.
#ifndef FLAMEKEEP_INGEST_PROTO_READER_H_
#define FLAMEKEEP_INGEST_PROTO_READER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace flamekeep::ingest {

// Takes a varint off `*in`. False where there is none; `*in` is then anywhere.
inline bool ReadVarint(std::string_view* in, uint64_t* value) {
  constexpr unsigned kMore = 0x80;
  // By far the most.
  if (!in->empty() && static_cast<unsigned char>(in->front()) < kMore) {
    *value = static_cast<unsigned char>(in->front());
    in->remove_prefix(1);
    return true;
  }
  uint64_t result = 0;
  for (size_t i = 0, shift = 0; i < in->size() && shift < 64; ++i, shift += 7) {
    const auto byte = static_cast<unsigned char>((*in)[i]);
    result |= static_cast<uint64_t>(byte & (kMore - 1)) << shift;
    if (byte < kMore) {
      in->remove_prefix(i + 1);
      *value = result;
      return true;
    }
  }
  return false;
}

class ProtoReader {
 public:
  explicit ProtoReader(std::string_view message) : rest_(message) {}

  // Moves to the next field. False at the end, or where the bytes are no message.
  bool Next() {
    if (rest_.empty()) return false;
    uint64_t tag = 0;
    if (!ReadVarint(&rest_, &tag) || tag >> kTypeBits == 0 || tag >> kTypeBits > kMaxField) {
      return Break();
    }
    field_ = static_cast<uint32_t>(tag >> kTypeBits);
    bytes_ = {};
    number_ = 0;
    is_bytes_ = false;
    switch (static_cast<Type>(tag & ((1u << kTypeBits) - 1))) {
      case Type::kVarint:
        return ReadVarint(&rest_, &number_) || Break();
      case Type::kFixed64:
        return ReadFixed(sizeof(uint64_t));
      case Type::kFixed32:
        return ReadFixed(sizeof(uint32_t));
      case Type::kBytes: {
        uint64_t size = 0;
        length_at_ = rest_.data();
        if (!ReadVarint(&rest_, &size) || size > rest_.size()) return Break();
        bytes_ = rest_.substr(0, size);
        is_bytes_ = true;
        rest_.remove_prefix(size);
        return true;
      }
    }
    return Break();
  }

  uint32_t field() const { return field_; }
  uint64_t number() const { return number_; }
  int64_t signed_number() const { return static_cast<int64_t>(number_); }
  std::string_view bytes() const { return bytes_; }
  bool is_bytes() const { return is_bytes_; }  // a string, a message or a packed list
  // Where the length of bytes() stands. REQUIRES: is_bytes().
  const char* length_at() const { return length_at_; }

  // Whether Next() ended before the message did.
  bool broken() const { return broken_; }

 private:
  enum class Type : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
  static constexpr unsigned kTypeBits = 3;
  static constexpr uint64_t kMaxField = (uint64_t{1} << 29) - 1;

  bool Break() {
    broken_ = true;
    rest_ = {};
    return false;
  }

  bool ReadFixed(size_t size) {
    if (rest_.size() < size) return Break();
    std::memcpy(&number_, rest_.data(), size);  // little endian, as this machine is
    rest_.remove_prefix(size);
    return true;
  }

  std::string_view rest_;
  uint32_t field_ = 0;
  uint64_t number_ = 0;
  std::string_view bytes_;
  const char* length_at_ = nullptr;
  bool is_bytes_ = false;
  bool broken_ = false;
};

// The numbers of a repeated field, packed or one by one: calls `use` with each. REQUIRES: the
// reader stands at it. False where what is packed is no list of numbers.
template <typename Use>
bool ForEachNumber(const ProtoReader& reader, Use use) {
  uint64_t number = reader.number();
  if (!reader.is_bytes()) {
    use(number);
    return true;
  }
  std::string_view packed = reader.bytes();
  while (!packed.empty()) {
    if (!ReadVarint(&packed, &number)) return false;
    use(number);
  }
  return true;
}

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_PROTO_READER_H_
