#include "storage/format.h"

#include <utility>

#include "base/status.h"
#include "storage/format_bytes.h"

namespace flamekeep::storage {
namespace {

// Sorted by name, each name once, no empty values: what has one meaning has one encoding.
bool LabelsAreCanonical(const Labels& labels) {
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i].second.empty()) return false;
    if (i > 0 && labels[i - 1].first >= labels[i].first) return false;
  }
  return true;
}

}  // namespace

// ---------------------------------------------------------------------------- primitive encodings

void PutVarint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

void PutString(std::string_view value, std::string* out) {
  PutVarint(value.size(), out);
  out->append(value);
}

void PutFixed32(uint32_t value, std::string* out) { PutLittle(value, out); }
void PutFixed64(uint64_t value, std::string* out) { PutLittle(value, out); }

bool GetVarint(std::string_view* in, uint64_t* value) {
  uint64_t result = 0;
  for (size_t i = 0; i < in->size() && i < kMaxVarintBytes; ++i) {
    const auto byte = static_cast<uint8_t>((*in)[i]);
    result |= uint64_t{byte & 0x7fu} << (7 * i);
    if (byte >= 0x80) continue;
    // One number has one encoding: no zero on top, nothing beyond 64 bits.
    if (i > 0 && byte == 0) return false;
    if (i == kMaxVarintBytes - 1 && byte > 1) return false;
    in->remove_prefix(i + 1);
    *value = result;
    return true;
  }
  return false;
}

bool GetString(std::string_view* in, std::string_view* value) {
  std::string_view rest = *in;
  uint64_t size;
  if (!GetVarint(&rest, &size) || size > rest.size()) return false;
  *value = rest.substr(0, size);
  rest.remove_prefix(size);
  *in = rest;
  return true;
}

bool GetFixed32(std::string_view* in, uint32_t* value) { return GetLittle(in, value); }
bool GetFixed64(std::string_view* in, uint64_t* value) { return GetLittle(in, value); }

// ------------------------------------------------------------------------- keys of level families

std::string BucketPrefix(SiteId site, Minute start) {
  std::string key;
  key.reserve(kColumnKeyBytes);
  PutBig16(Raw(site), &key);
  PutBig32(start, &key);
  return key;
}

std::string SeriesPrefix(SiteId site, Minute start, SeriesId series) {
  std::string key = BucketPrefix(site, start);
  PutBig32(Raw(series), &key);
  return key;
}

std::string EncodeColumnKey(const ColumnKey& key) {
  std::string encoded = SeriesPrefix(key.site, key.start, key.series);
  PutBig32(Raw(key.source), &encoded);
  encoded.push_back(static_cast<char>(key.part));
  encoded.push_back(0);
  return encoded;
}

absl::StatusOr<ColumnKey> DecodeColumnKey(std::string_view encoded) {
  ColumnKey key;
  uint32_t series;
  uint32_t source;
  uint8_t part;
  uint8_t reserved;
  if (!GetSite(&encoded, &key.site) || !GetBig(&encoded, &key.start) ||
      !GetBig(&encoded, &series) || !GetBig(&encoded, &source) || !GetByte(&encoded, &part) ||
      !GetByte(&encoded, &reserved) || !encoded.empty()) {
    return DataLoss("a column key is not {} bytes long", kColumnKeyBytes);
  }
  if (part > static_cast<uint8_t>(Part::kRolled) || reserved != 0) {
    return DataLoss("a column key has an unknown part {}.{}", part, reserved);
  }
  key.series = SeriesId{series};
  key.source = SourceId{source};
  key.part = static_cast<Part>(part);
  return key;
}

// ------------------------------------------------------------------ keys and values of "default"

std::string MetaKey(MetaTag tag) { return std::string(1, static_cast<char>(tag)); }

std::string MetaKey(MetaTag tag, uint16_t id) {
  std::string key = MetaKey(tag);
  PutBig16(id, &key);
  return key;
}

std::string MetaKey(MetaTag tag, uint32_t id) {
  std::string key = MetaKey(tag);
  PutBig32(id, &key);
  return key;
}

std::string RunKey(RunTag tag, uint32_t first_id) {
  std::string key(1, static_cast<char>(tag));
  PutBig32(first_id, &key);
  return key;
}

std::string StaleKey(SiteId site, const Bucket& bucket) {
  std::string key = MetaKey(MetaTag::kStale);
  key.push_back(static_cast<char>(bucket.level));
  PutBig16(Raw(site), &key);
  PutBig32(bucket.start, &key);
  return key;
}

std::string FloorKey(SiteId site, Level level, MetaTag wanted) {
  std::string key = MetaKey(wanted);
  key.push_back(static_cast<char>(level));
  PutBig16(Raw(site), &key);
  return key;
}

absl::StatusOr<std::pair<SiteId, Bucket>> DecodeStaleKey(std::string_view key) {
  uint8_t tag;
  uint8_t level;
  SiteId site;
  Minute start;
  if (!GetByte(&key, &tag) || tag != static_cast<uint8_t>(MetaTag::kStale) ||
      !GetByte(&key, &level) || level >= kLevelCount || !GetSite(&key, &site) ||
      !GetBig(&key, &start) || !key.empty()) {
    return DataLoss("the key of a stale mark is malformed");
  }
  const Bucket bucket{static_cast<Level>(level), start};
  if (start > kMaxMinute || BucketAt(bucket.level, start) != bucket) {
    return DataLoss("a stale mark names minute {}, where no {} starts", start,
                    LevelName(bucket.level));
  }
  return std::pair{site, bucket};
}

absl::StatusOr<std::pair<SiteId, Level>> DecodeFloorKey(std::string_view key, MetaTag wanted) {
  uint8_t tag;
  uint8_t level;
  SiteId site;
  if (!GetByte(&key, &tag) || tag != static_cast<uint8_t>(wanted) || !GetByte(&key, &level) ||
      level >= kLevelCount || !GetSite(&key, &site) || !key.empty()) {
    return DataLoss("the key of a floor is malformed");
  }
  return std::pair{site, static_cast<Level>(level)};
}

std::string EncodeSeries(const SeriesRecord& series) {
  std::string out(1, static_cast<char>(kMetaFormat));
  PutBig16(Raw(series.site), &out);
  PutString(series.profile_type, &out);
  PutVarint(series.labels.size(), &out);
  for (const auto& [name, value] : series.labels) {
    PutString(name, &out);
    PutString(value, &out);
  }
  return out;
}

absl::StatusOr<SeriesRecord> DecodeSeries(std::string_view encoded) {
  SeriesRecord series;
  uint64_t labels;
  bool ok = GetFormat(&encoded) && GetSite(&encoded, &series.site) &&
            GetCopy(&encoded, &series.profile_type) && GetVarint(&encoded, &labels);
  // The count is not trusted: each turn takes bytes or ends the loop.
  for (uint64_t i = 0; ok && i < labels; ++i) {
    auto& [name, value] = series.labels.emplace_back();
    ok = GetCopy(&encoded, &name) && GetCopy(&encoded, &value);
  }
  if (!ok || !encoded.empty() || !LabelsAreCanonical(series.labels)) {
    return DataLoss("a series record is malformed");
  }
  return series;
}

std::string EncodeStaleMark(const StaleMark& mark) {
  std::string out(1, static_cast<char>(kMetaFormat));
  PutVarint(mark.generation, &out);
  PutFixed64(static_cast<uint64_t>(mark.first_unix_ms), &out);
  PutFixed64(static_cast<uint64_t>(mark.last_unix_ms), &out);
  return out;
}

absl::StatusOr<StaleMark> DecodeStaleMark(std::string_view encoded) {
  StaleMark mark;
  uint64_t first;
  uint64_t last;
  if (!GetFormat(&encoded) || !GetVarint(&encoded, &mark.generation) ||
      !GetFixed64(&encoded, &first) || !GetFixed64(&encoded, &last) || !encoded.empty()) {
    return DataLoss("a stale mark is malformed");
  }
  mark.first_unix_ms = static_cast<int64_t>(first);
  mark.last_unix_ms = static_cast<int64_t>(last);
  return mark;
}

}  // namespace flamekeep::storage
