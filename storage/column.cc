#include "storage/column.h"

#include <algorithm>

#include "base/status.h"
#include "storage/column_codec.h"
#include "storage/format.h"

namespace flamekeep::storage {
namespace {

constexpr size_t kDigestBytes = 16;

absl::Status Damaged(const char* what) { return DataLoss("a column is damaged: {}", what); }

void PutHeader(const ColumnHeader& header, std::string* out) {
  out->push_back(static_cast<char>(kColumnFormat));
  out->push_back(static_cast<char>(header.saturated ? kColumnSaturated : 0));
  PutVarint(header.pairs, out);
  PutVarint(header.total, out);
  PutVarint(header.observations, out);
  PutFixed64(static_cast<uint64_t>(header.digest), out);
  PutFixed64(static_cast<uint64_t>(header.digest >> 64), out);
}

absl::Status GetHeader(std::string_view* in, ColumnHeader* header) {
  if (in->size() < 2) return Damaged("its header is cut short");
  const auto format = static_cast<uint8_t>((*in)[0]);
  const auto flags = static_cast<uint8_t>((*in)[1]);
  if (format != kColumnFormat) return DataLoss("a column has the unknown format {}", format);
  if (flags > kColumnSaturated) return Damaged("unknown flags");
  in->remove_prefix(2);
  header->saturated = flags == kColumnSaturated;
  uint64_t pairs;
  uint64_t low;
  uint64_t high;
  if (!GetVarint(in, &pairs) || pairs > UINT32_MAX || !GetVarint(in, &header->total) ||
      !GetVarint(in, &header->observations) || !GetFixed64(in, &low) || !GetFixed64(in, &high)) {
    return Damaged("its header is cut short");
  }
  header->pairs = static_cast<uint32_t>(pairs);
  header->digest = Digest{high} << 64 | low;
  return absl::OkStatus();
}

void PutChunk(absl::Span<const Pair> pairs, std::string* out) {
  uint32_t numbers[kChunkPairs];
  for (size_t i = 1; i < pairs.size(); ++i) {
    numbers[i - 1] = pairs[i - 1].stack - pairs[i].stack - 1;
  }
  const bool wide = std::any_of(pairs.begin(), pairs.end(),
                                [](const Pair& pair) { return pair.value > UINT32_MAX; });
  PutVarint(pairs.front().stack, out);
  out->push_back(static_cast<char>(wide ? kChunkWide : 0));
  PackInts(numbers, pairs.size() - 1, out);
  if (wide) {
    for (const Pair& pair : pairs) PutVarint(pair.value - 1, out);
    return;
  }
  for (size_t i = 0; i < pairs.size(); ++i) numbers[i] = static_cast<uint32_t>(pairs[i].value - 1);
  PackInts(numbers, pairs.size(), out);
}

}  // namespace

uint64_t SaturatingAdd(uint64_t a, uint64_t b, bool* saturated) {
  uint64_t sum;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  *saturated = true;
  return UINT64_MAX;
}

std::string EncodeColumn(const ColumnHeader& header, absl::Span<const Pair> pairs) {
  std::string out;
  PutHeader(header, &out);
  for (size_t i = 0; i < pairs.size(); i += kChunkPairs) {
    PutChunk(pairs.subspan(i, kChunkPairs), &out);
  }
  return out;
}

absl::StatusOr<ColumnHeader> DecodeHeader(std::string_view encoded) {
  ColumnHeader header;
  FLAMEKEEP_RETURN_IF_ERROR(GetHeader(&encoded, &header));
  return header;
}

absl::Status ColumnReader::Open(std::string_view encoded) {
  rest_ = encoded;
  size_ = 0;
  last_stack_ = uint64_t{UINT32_MAX} + 1;
  total_ = 0;
  stacks_.resize(kChunkPairs);
  values32_.resize(kChunkPairs);
  status_ = GetHeader(&rest_, &header_);
  pairs_left_ = status_.ok() ? header_.pairs : 0;
  return status_;
}

bool ColumnReader::Next() {
  size_ = 0;
  if (!status_.ok()) return false;
  if (pairs_left_ == 0) {
    if (!rest_.empty()) status_ = Damaged("there are bytes behind its pairs");
    if (total_ != header_.total) status_ = Damaged("its values do not add up to its total");
    return false;
  }
  status_ = DecodeChunk();
  return status_.ok();
}

absl::Status ColumnReader::DecodeChunk() {
  const size_t count = std::min(pairs_left_, kChunkPairs);
  uint64_t first;
  if (!GetVarint(&rest_, &first) || rest_.empty()) return Damaged("a chunk is cut short");
  if (first >= last_stack_) return Damaged("its ids do not descend");
  const auto flags = static_cast<uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  if (flags > kChunkWide) return Damaged("unknown flags of a chunk");
  wide_ = flags == kChunkWide;

  if (!UnpackInts(&rest_, count - 1, stacks_.data() + 1)) return Damaged("malformed ids");
  uint64_t distance = count - 1;
  for (size_t i = 1; i < count; ++i) distance += stacks_[i];
  if (distance > first) return Damaged("its ids do not descend");
  stacks_[0] = static_cast<uint32_t>(first);
  for (size_t i = 1; i < count; ++i) stacks_[i] = stacks_[i - 1] - stacks_[i] - 1;

  bool saturated = false;
  if (wide_) {
    values64_.resize(kChunkPairs);
    bool needed = false;
    for (size_t i = 0; i < count; ++i) {
      if (!GetVarint(&rest_, &values64_[i]) || ++values64_[i] == 0) {
        return Damaged("malformed values");
      }
      needed |= values64_[i] > UINT32_MAX;
      total_ = SaturatingAdd(total_, values64_[i], &saturated);
    }
    if (!needed) return Damaged("a wide chunk of small values");
  } else {
    if (!UnpackInts(&rest_, count, values32_.data())) return Damaged("malformed values");
    uint64_t sum = 0;
    for (size_t i = 0; i < count; ++i) {
      if (++values32_[i] == 0) return Damaged("a value does not fit its chunk");
      sum += values32_[i];
    }
    total_ = SaturatingAdd(total_, sum, &saturated);
  }
  if (saturated && !header_.saturated) return Damaged("its values overflow");
  last_stack_ = stacks_[count - 1];
  pairs_left_ -= static_cast<uint32_t>(count);
  size_ = count;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Pair>> DecodeColumn(std::string_view encoded, ColumnHeader* header) {
  ColumnReader reader;
  FLAMEKEEP_RETURN_IF_ERROR(reader.Open(encoded));
  std::vector<Pair> pairs;
  while (reader.Next()) {
    for (size_t i = 0; i < reader.size(); ++i) {
      pairs.push_back({reader.stacks()[i], reader.value(i)});
    }
  }
  FLAMEKEEP_RETURN_IF_ERROR(reader.status());
  if (header != nullptr) *header = reader.header();
  return pairs;
}

void ColumnSum::Add(const ColumnHeader& header, absl::Span<const Pair> pairs) {
  AddHeader(header, &header_);
  pairs_.insert(pairs_.end(), pairs.begin(), pairs.end());
}

absl::Status ColumnSum::Add(std::string_view encoded) {
  ColumnHeader header;
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<Pair> pairs, DecodeColumn(encoded, &header));
  Add(header, pairs);
  return absl::OkStatus();
}

std::string ColumnSum::Finish() {
  if (pairs_.empty()) return {};
  std::sort(pairs_.begin(), pairs_.end(),
            [](const Pair& a, const Pair& b) { return a.stack > b.stack; });
  size_t last = 0;
  for (size_t i = 1; i < pairs_.size(); ++i) {
    if (pairs_[i].stack == pairs_[last].stack) {
      pairs_[last].value =
          SaturatingAdd(pairs_[last].value, pairs_[i].value, &header_.saturated);
    } else {
      pairs_[++last] = pairs_[i];
    }
  }
  pairs_.resize(last + 1);
  header_.pairs = static_cast<uint32_t>(pairs_.size());
  std::string encoded = EncodeColumn(header_, pairs_);
  *this = ColumnSum();
  return encoded;
}

void AddHeader(const ColumnHeader& header, ColumnHeader* sum) {
  sum->pairs = static_cast<uint32_t>(
      std::min(uint64_t{sum->pairs} + header.pairs, uint64_t{UINT32_MAX}));
  sum->saturated |= header.saturated;
  sum->total = SaturatingAdd(sum->total, header.total, &sum->saturated);
  sum->observations = SaturatingAdd(sum->observations, header.observations, &sum->saturated);
  sum->digest += header.digest;
}

}  // namespace flamekeep::storage
