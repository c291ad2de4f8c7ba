// The records of format.h that expiry, statistics and deletion keep.
#include <algorithm>
#include <utility>

#include "base/status.h"
#include "storage/format.h"
#include "storage/format_bytes.h"

namespace flamekeep::storage {
namespace {

// A varint that fits 32 bits.
bool GetSmall(std::string_view* in, uint32_t* value) {
  uint64_t wide = 0;
  if (!GetVarint(in, &wide) || wide > UINT32_MAX) return false;
  *value = static_cast<uint32_t>(wide);
  return true;
}

}  // namespace

std::string EncodeDictionaryRecord(const DictionaryRecord& record) {
  std::string out(1, static_cast<char>(kMetaFormat));
  PutFixed64(static_cast<uint64_t>(record.unix_ms), &out);
  PutVarint(record.frames, &out);
  PutVarint(record.stacks, &out);
  PutVarint(record.bytes, &out);
  return out;
}

absl::StatusOr<DictionaryRecord> DecodeDictionaryRecord(std::string_view encoded) {
  DictionaryRecord record;
  uint64_t time = 0;
  if (!GetFormat(&encoded) || !GetFixed64(&encoded, &time) || !GetSmall(&encoded, &record.frames) ||
      !GetSmall(&encoded, &record.stacks) || !GetVarint(&encoded, &record.bytes) ||
      !encoded.empty()) {
    return DataLoss("a record of the dictionary's size is malformed");
  }
  record.unix_ms = static_cast<int64_t>(time);
  return record;
}

absl::StatusOr<uint32_t> DecodeGrowthKey(std::string_view key) {
  uint8_t tag = 0;
  uint32_t day = 0;
  bool ok = GetByte(&key, &tag) && tag == static_cast<uint8_t>(MetaTag::kGrowth);
  for (int i = 0; ok && i < 4; ++i) {
    uint8_t byte = 0;
    ok = GetByte(&key, &byte);
    day = day << 8 | byte;
  }
  if (!ok || !key.empty()) return DataLoss("the key of a dictionary's size is malformed");
  return day;
}

bool DeletionRecord::Covers(Level level, const ColumnKey& key) const {
  return key.start >= range.begin && Bucket{level, key.start}.end() <= range.end &&
         std::binary_search(series.begin(), series.end(), key.series);
}

std::string EncodeDeletion(const DeletionRecord& deletion) {
  std::string out(1, static_cast<char>(kMetaFormat));
  out.push_back(static_cast<char>(deletion.phase));
  PutFixed32(deletion.range.begin, &out);
  PutFixed32(deletion.range.end, &out);
  PutVarint(deletion.series.size(), &out);
  for (const SeriesId id : deletion.series) PutVarint(Raw(id), &out);
  return out;
}

absl::StatusOr<DeletionRecord> DecodeDeletion(std::string_view encoded) {
  DeletionRecord deletion;
  uint8_t phase = 0;
  uint64_t count = 0;
  bool ok = GetFormat(&encoded) && GetByte(&encoded, &phase) && phase >= 1 && phase <= 3 &&
            GetFixed32(&encoded, &deletion.range.begin) &&
            GetFixed32(&encoded, &deletion.range.end) && !deletion.range.empty() &&
            GetVarint(&encoded, &count);
  // The count is not trusted: each turn takes bytes or ends the loop.
  for (uint64_t i = 0; ok && i < count; ++i) {
    uint32_t id = 0;
    ok = GetSmall(&encoded, &id) && (deletion.series.empty() || Raw(deletion.series.back()) < id);
    deletion.series.push_back(SeriesId{id});
  }
  if (!ok || !encoded.empty()) return DataLoss("the record of a deletion is malformed");
  deletion.phase = static_cast<DeletionPhase>(phase);
  return deletion;
}

}  // namespace flamekeep::storage
