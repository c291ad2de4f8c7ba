// The records of format.h that a source has: itself, its position, progress, gaps, ids of batches.
#include <utility>

#include "base/status.h"
#include "storage/format.h"
#include "storage/format_bytes.h"

namespace flamekeep::storage {
namespace {

// The end of kMaxMinute.
constexpr uint64_t kMaxUnixMs = (uint64_t{kMaxMinute} + 1) * kMsPerMinute;

absl::StatusOr<SourceId> DecodeSourceKey(MetaTag tag, std::string_view key, std::string_view what) {
  uint8_t found;
  uint32_t source;
  if (!GetByte(&key, &found) || found != static_cast<uint8_t>(tag) || !GetBig(&key, &source) ||
      !key.empty()) {
    return DataLoss("the key of a {} is malformed", what);
  }
  return SourceId{source};
}

}  // namespace

absl::StatusOr<SourceId> DecodePositionKey(std::string_view key) {
  return DecodeSourceKey(MetaTag::kPosition, key, "position");
}

absl::StatusOr<SourceId> DecodeProgressKey(std::string_view key) {
  return DecodeSourceKey(MetaTag::kProgress, key, "progress record");
}

std::string BatchIdKey(const BatchIdRecord& record) {
  std::string key = MetaKey(MetaTag::kBatchId);
  PutBig64(static_cast<uint64_t>(record.unix_ms), &key);
  PutBig64(absl::Uint128High64(record.id), &key);
  PutBig64(absl::Uint128Low64(record.id), &key);
  return key;
}

absl::StatusOr<BatchIdRecord> DecodeBatchIdKey(std::string_view key) {
  uint8_t tag;
  uint64_t unix_ms;
  uint64_t high;
  uint64_t low;
  if (!GetByte(&key, &tag) || tag != static_cast<uint8_t>(MetaTag::kBatchId) ||
      !GetBig64(&key, &unix_ms) || !GetBig64(&key, &high) || !GetBig64(&key, &low) ||
      !key.empty() || unix_ms > kMaxUnixMs) {
    return DataLoss("the key of a batch's id is malformed");
  }
  return BatchIdRecord{static_cast<int64_t>(unix_ms), absl::MakeUint128(high, low)};
}

std::string GapKey(SourceId source, int64_t begin_ms) {
  std::string key = MetaKey(MetaTag::kGap, Raw(source));
  PutBig64(static_cast<uint64_t>(begin_ms), &key);
  return key;
}

std::string EncodeSource(const SourceKey& source) {
  std::string out(1, static_cast<char>(kMetaFormat));
  out.push_back(static_cast<char>(source.kind));
  PutString(source.site, &out);
  PutString(source.name, &out);
  PutString(source.node, &out);
  PutFixed64(source.rules_hash, &out);
  return out;
}

absl::StatusOr<SourceKey> DecodeSource(std::string_view encoded) {
  SourceKey source;
  uint8_t kind;
  if (!GetFormat(&encoded) || !GetByte(&encoded, &kind) ||
      kind < static_cast<uint8_t>(SourceKind::kPubSub) ||
      kind > static_cast<uint8_t>(SourceKind::kImport) || !GetCopy(&encoded, &source.site) ||
      !GetCopy(&encoded, &source.name) || !GetCopy(&encoded, &source.node) ||
      !GetFixed64(&encoded, &source.rules_hash) || !encoded.empty()) {
    return DataLoss("a source record is malformed");
  }
  source.kind = static_cast<SourceKind>(kind);
  return source;
}

std::string EncodePosition(const Position& position) {
  std::string out(1, static_cast<char>(kMetaFormat));
  PutVarint(position.number, &out);
  PutString(position.cursor, &out);
  if (position.accepted_s > 0) PutVarint(static_cast<uint64_t>(position.accepted_s), &out);
  return out;
}

absl::StatusOr<Position> DecodePosition(std::string_view encoded) {
  Position position;
  if (!GetFormat(&encoded) || !GetVarint(&encoded, &position.number) ||
      !GetCopy(&encoded, &position.cursor)) {
    return DataLoss("a position record is malformed");
  }
  if (encoded.empty()) return position;
  uint64_t accepted;
  if (!GetVarint(&encoded, &accepted) || accepted == 0 || accepted > uint64_t{INT64_MAX} ||
      !encoded.empty()) {
    return DataLoss("the time in a position record is malformed");
  }
  position.accepted_s = static_cast<int64_t>(accepted);
  return position;
}

std::string EncodeProgress(const ProgressRecord& record) {
  std::string out(1, static_cast<char>(kMetaFormat));
  PutVarint(static_cast<uint64_t>(record.recorded_from_ms), &out);
  PutVarint(static_cast<uint64_t>(record.complete_through_ms), &out);
  out.push_back(record.retired ? 1 : 0);
  PutVarint(record.profile_types.size(), &out);
  for (const std::string& type : record.profile_types) PutString(type, &out);
  if (record.final_before_ms.empty()) return out;
  for (const std::string& type : record.profile_types) {
    const auto before = record.final_before_ms.find(type);
    PutVarint(before == record.final_before_ms.end() ? 0 : static_cast<uint64_t>(before->second),
              &out);
  }
  return out;
}

absl::StatusOr<ProgressRecord> DecodeProgress(std::string_view encoded) {
  ProgressRecord record;
  uint64_t from;
  uint64_t through;
  uint8_t retired;
  uint64_t types;
  bool ok = GetFormat(&encoded) && GetVarint(&encoded, &from) && GetVarint(&encoded, &through) &&
            GetByte(&encoded, &retired) && retired <= 1 && GetVarint(&encoded, &types) &&
            from <= kMaxUnixMs && through <= kMaxUnixMs;
  // The count is not trusted: each turn takes bytes or ends the loop.
  for (uint64_t i = 0; ok && i < types; ++i) {
    std::string type;
    ok = GetCopy(&encoded, &type) &&
         (record.profile_types.empty() || *record.profile_types.rbegin() < type);
    record.profile_types.insert(std::move(type));
  }
  if (ok && !encoded.empty()) {
    for (const std::string& type : record.profile_types) {
      uint64_t before;
      ok = ok && GetVarint(&encoded, &before) && before <= kMaxUnixMs;
      if (ok && before != 0) record.final_before_ms[type] = static_cast<int64_t>(before);
    }
    ok = ok && !record.final_before_ms.empty();
  }
  if (!ok || !encoded.empty()) return DataLoss("a progress record is malformed");
  record.recorded_from_ms = static_cast<int64_t>(from);
  record.complete_through_ms = static_cast<int64_t>(through);
  record.retired = retired == 1;
  return record;
}

std::string EncodeGap(const Gap& gap) {
  std::string out;
  PutFixed64(static_cast<uint64_t>(gap.end_ms), &out);
  out.push_back(static_cast<char>(gap.reason));
  return out;
}

absl::StatusOr<std::pair<SourceId, Gap>> DecodeGap(std::string_view key, std::string_view value) {
  uint8_t tag;
  uint32_t source;
  uint64_t begin;
  uint64_t end;
  uint8_t reason;
  if (!GetByte(&key, &tag) || tag != static_cast<uint8_t>(MetaTag::kGap) ||
      !GetBig(&key, &source) || !GetBig64(&key, &begin) || !key.empty() ||
      !GetFixed64(&value, &end) || !GetByte(&value, &reason) || !value.empty()) {
    return DataLoss("a gap record is malformed");
  }
  if (begin >= end || end > kMaxUnixMs || reason < static_cast<uint8_t>(GapReason::kDisconnected) ||
      reason > static_cast<uint8_t>(GapReason::kUnhashed)) {
    return DataLoss("a gap record of source {} holds no span of time", source);
  }
  return std::pair{SourceId{source}, Gap{static_cast<int64_t>(begin), static_cast<int64_t>(end),
                                         static_cast<GapReason>(reason)}};
}

}  // namespace flamekeep::storage
