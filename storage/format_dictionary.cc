// Encodings of the dictionary: frame runs, stack runs and the record of the derived files.
#include <streamvbyte.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/status.h"
#include "storage/format.h"

namespace flamekeep::storage {
namespace {

// The vectorised codec loads and stores 16 bytes at a time, also at the end of its buffers.
constexpr size_t kVectorBytes = 16;

void AppendStreamVByte(absl::Span<const uint32_t> values, std::string* out) {
  const uint32_t count = static_cast<uint32_t>(values.size());
  std::vector<uint8_t> buffer(streamvbyte_max_compressedbytes(count) + kVectorBytes);
  const size_t bytes = streamvbyte_encode(values.data(), count, buffer.data());
  out->append(reinterpret_cast<const char*>(buffer.data()), bytes);
}

// The bytes that `count` values take at the front of `in`; more than in.size() where they are cut
// short. The codec itself trusts its input.
uint64_t StreamVByteSize(std::string_view in, uint32_t count) {
  const uint64_t control_bytes = (uint64_t{count} + 3) / 4;
  if (in.size() < control_bytes) return UINT64_MAX;
  uint64_t size = control_bytes + count;
  for (uint32_t i = 0; i < count; ++i) {
    const uint8_t control = static_cast<uint8_t>(in[i / 4]);
    size += (control >> (i % 4 * 2)) & 3;
  }
  return size;
}

// Decodes `in`, all of it, into `count` values appended to `out`.
bool TakeStreamVByte(std::string_view in, uint32_t count, std::vector<uint32_t>* out) {
  if (StreamVByteSize(in, count) != in.size()) return false;
  std::vector<uint8_t> padded(in.size() + kVectorBytes);
  std::memcpy(padded.data(), in.data(), in.size());
  const size_t old_size = out->size();
  out->resize(old_size + count + kVectorBytes / sizeof(uint32_t));
  streamvbyte_decode(padded.data(), out->data() + old_size, count);
  out->resize(old_size + count);
  return true;
}

// Takes "format u8 | count varint" off the front. The count is bounded by what is left, as each
// entry takes at least one byte.
bool TakeRunHead(std::string_view* in, uint8_t format, uint64_t* count) {
  if (in->empty() || static_cast<uint8_t>(in->front()) != format) return false;
  in->remove_prefix(1);
  return GetVarint(in, count) && *count <= in->size();
}

}  // namespace

std::string EncodeFrameRun(absl::Span<const FrameNames> frames) {
  std::string out;
  out.push_back(static_cast<char>(kRunFormat));
  PutVarint(frames.size(), &out);
  for (const FrameNames& frame : frames) {
    PutString(frame.function, &out);
    PutString(frame.file, &out);
  }
  return out;
}

absl::StatusOr<std::vector<FrameNames>> DecodeFrameRun(std::string_view encoded) {
  uint64_t count = 0;
  if (!TakeRunHead(&encoded, kRunFormat, &count)) {
    return DataLoss("the frame run has no valid head");
  }
  std::vector<FrameNames> frames;
  frames.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    std::string_view function, file;
    if (!GetString(&encoded, &function) || !GetString(&encoded, &file)) {
      return DataLoss("the frame run is cut short at frame {} of {}", i, count);
    }
    frames.push_back({std::string(function), std::string(file)});
  }
  if (!encoded.empty()) return DataLoss("the frame run has {} bytes too many", encoded.size());
  return frames;
}

std::string EncodeStackRun(uint32_t first_id, absl::Span<const uint32_t> parents,
                           absl::Span<const uint32_t> frames) {
  std::vector<uint32_t> distances(parents.size());
  for (size_t i = 0; i < parents.size(); ++i) {
    distances[i] = first_id + static_cast<uint32_t>(i) - parents[i];
  }
  std::string packed_distances;
  AppendStreamVByte(distances, &packed_distances);
  std::string out;
  out.push_back(static_cast<char>(kRunFormat));
  PutVarint(parents.size(), &out);
  PutString(packed_distances, &out);
  AppendStreamVByte(frames, &out);
  return out;
}

absl::Status DecodeStackRun(uint32_t first_id, std::string_view encoded,
                            std::vector<uint32_t>* parents, std::vector<uint32_t>* frames) {
  uint64_t count = 0;
  std::string_view packed_distances;
  if (!TakeRunHead(&encoded, kRunFormat, &count) || !GetString(&encoded, &packed_distances)) {
    return DataLoss("the stack run has no valid head");
  }
  if (first_id + count > uint64_t{UINT32_MAX} + 1) {
    return DataLoss("the stack run leaves the space of ids");
  }
  const uint32_t size = static_cast<uint32_t>(count);
  const size_t old_size = parents->size();
  if (!TakeStreamVByte(packed_distances, size, parents) ||
      !TakeStreamVByte(encoded, size, frames)) {
    return DataLoss("the stack run's columns do not hold {} nodes", count);
  }
  for (uint32_t i = 0; i < size; ++i) {
    uint32_t& parent = (*parents)[old_size + i];
    const uint32_t id = first_id + i;
    if (parent == 0 || parent > id) {
      return DataLoss("the parent of stack {} is not older than it", id);
    }
    parent = id - parent;
  }
  return absl::OkStatus();
}

std::string EncodeDerived(const DerivedRecord& derived) {
  std::string out;
  out.push_back(static_cast<char>(kDerivedFormat));
  PutVarint(derived.node_blocks, &out);
  PutVarint(derived.indexes.size(), &out);
  for (const DerivedRecord::Index& index : derived.indexes) {
    PutVarint(index.end_block - index.first_block, &out);
  }
  return out;
}

absl::StatusOr<DerivedRecord> DecodeDerived(std::string_view encoded) {
  if (encoded.empty() || static_cast<uint8_t>(encoded.front()) != kDerivedFormat) {
    return DataLoss("the record of derived files has an unknown format");
  }
  encoded.remove_prefix(1);
  uint64_t node_blocks = 0, count = 0;
  if (!GetVarint(&encoded, &node_blocks) || node_blocks > UINT32_MAX ||
      !GetVarint(&encoded, &count) || count > encoded.size()) {
    return DataLoss("the record of derived files has no valid head");
  }
  DerivedRecord derived{.node_blocks = static_cast<uint32_t>(node_blocks)};
  derived.indexes.reserve(count);
  uint64_t end = 0;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t span = 0;
    if (!GetVarint(&encoded, &span) || span == 0 || span > node_blocks - end) {
      return DataLoss("the record of derived files has a bad index span");
    }
    derived.indexes.push_back({static_cast<uint32_t>(end), static_cast<uint32_t>(end + span)});
    end += span;
  }
  if (end != node_blocks || !encoded.empty()) {
    return DataLoss("the record of derived files does not cover {} blocks", node_blocks);
  }
  return derived;
}

}  // namespace flamekeep::storage
