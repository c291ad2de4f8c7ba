#include "storage/column.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "base/status.h"
#include "storage/format.h"
#include "storage/id_codec.h"
#include "storage/number_codec.h"

namespace flamekeep::storage {
namespace {

static_assert(kChunkPairs <= kMaxPackedIds && kChunkPairs <= kMaxPackedNumbers);

absl::Status Damaged(const char* what) { return DataLoss("a column is damaged: {}", what); }

absl::Status GetHeader(std::string_view* in, ColumnHeader* header) {
  if (in->empty()) return Damaged("it is empty");
  const auto flags = static_cast<uint8_t>(in->front());
  if ((flags & ~kColumnFlags) != kColumnFormat) {
    return DataLoss("a column has the unknown format {}", flags & ~kColumnFlags);
  }
  in->remove_prefix(1);
  header->saturated = (flags & kColumnSaturated) != 0;
  const bool observed = (flags & kColumnObservations) != 0;
  uint64_t pairs;
  uint64_t excess;
  uint64_t low;
  uint64_t high;
  if (!GetVarint(in, &pairs) || pairs > UINT32_MAX || !GetVarint(in, &excess) ||
      (observed && !GetVarint(in, &header->observations)) || !GetFixed64(in, &low) ||
      !GetFixed64(in, &high)) {
    return Damaged("its header is malformed");
  }
  header->pairs = static_cast<uint32_t>(pairs);
  if (__builtin_add_overflow(pairs, excess, &header->total) ||
      (observed && header->observations == header->total)) {
    return Damaged("its header is malformed");
  }
  if (!observed) header->observations = header->total;
  header->digest = Digest{high} << 64 | low;
  return absl::OkStatus();
}

// Whether `numbers`, each with 2 added, have no common divisor but 1.
bool HasNoDivisor(absl::Span<const uint64_t> numbers) {
  uint64_t divisor = 0;
  for (const uint64_t number : numbers) {
    divisor = std::gcd(divisor, number + 2);
    if (divisor == 1) return true;
  }
  return false;
}

}  // namespace

uint64_t SaturatingAdd(uint64_t a, uint64_t b, bool* saturated) {
  uint64_t sum;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  *saturated = true;
  return UINT64_MAX;
}

absl::StatusOr<ColumnHeader> DecodeHeader(std::string_view encoded) {
  ColumnHeader header;
  FLAMEKEEP_RETURN_IF_ERROR(GetHeader(&encoded, &header));
  return header;
}

absl::Status ColumnReader::Open(std::string_view encoded) {
  rest_ = encoded;
  size_ = 0;
  last_stack_ = kAboveStacks;
  total_ = 0;
  error_ = GetHeader(&rest_, &header_);
  pairs_left_ = error_.ok() ? header_.pairs : 0;
  return error_;
}

bool ColumnReader::Next() {
  size_ = 0;
  if (!error_.ok()) return false;
  if (pairs_left_ == 0) {
    if (!rest_.empty()) error_ = Damaged("there are bytes behind its pairs");
    if (!TotalMatches()) error_ = Damaged("its values do not add up to its total");
    return false;
  }
  error_ = DecodeChunk();
  return error_.ok();
}

bool ColumnReader::TotalMatches() const {
  if (total_ <= UINT64_MAX) return header_.total == static_cast<uint64_t>(total_);
  return header_.total == UINT64_MAX && header_.saturated;
}

absl::Status ColumnReader::DecodeChunk() {
  const uint32_t count = std::min(pairs_left_, kChunkPairs);
  // The bytes left bound what is allocated for a header that promises too much.
  if (count > rest_.size() * 8) return Damaged("a chunk is cut short");
  if (stacks_.size() < count) stacks_.resize(count);
  uint64_t first;
  if (!GetVarint(&rest_, &first) || first >= last_stack_) return Damaged("its ids do not descend");
  if (last_stack_ != kAboveStacks) first = last_stack_ - first - 1;
  stacks_[0] = static_cast<uint32_t>(first);
  if (!UnpackIds(&rest_, stacks_[0], absl::MakeSpan(stacks_.data() + 1, count - 1))) {
    return Damaged("malformed ids");
  }
  FLAMEKEEP_RETURN_IF_ERROR(DecodeValues(count));
  last_stack_ = stacks_[count - 1];
  pairs_left_ -= count;
  size_ = count;
  return absl::OkStatus();
}

absl::Status ColumnReader::DecodeValues(uint32_t count) {
  uint64_t head;
  uint64_t unit = 1;
  if (!GetVarint(&rest_, &head) || head >> 1 > count) return Damaged("malformed values");
  if ((head & 1) != 0 && (!GetVarint(&rest_, &unit) || unit < 2)) {
    return Damaged("malformed values");
  }
  std::array<uint32_t, kChunkPairs> places;
  std::array<uint64_t, kChunkPairs> others;
  const size_t other_count = head >> 1;
  const absl::Span<uint64_t> numbers(others.data(), other_count);
  if (!UnpackIds(&rest_, count, absl::MakeSpan(places.data(), other_count)) ||
      !UnpackNumbers(&rest_, numbers)) {
    return Damaged("malformed values");
  }
  uint64_t largest = 0;
  for (const uint64_t number : numbers) largest = std::max(largest, number);
  // The values are unit x (number + 2), and their greatest common divisor is the unit.
  const uint64_t most = UINT64_MAX / unit;
  if (other_count > 0 && (most < 2 || largest > most - 2)) return Damaged("a value overflows");
  if (other_count == count && !HasNoDivisor(numbers)) return Damaged("malformed values");

  total_ += Digest{unit} * (count - other_count);
  wide_ = std::max(unit, other_count > 0 ? (largest + 2) * unit : 0) > UINT32_MAX;
  if (wide_) {
    values64_.assign(count, unit);
    for (size_t i = 0; i < other_count; ++i) {
      const uint64_t value = (numbers[i] + 2) * unit;
      values64_[places[i]] = value;
      total_ += value;
    }
  } else {
    const auto unit32 = static_cast<uint32_t>(unit);
    values32_.assign(count, unit32);
    uint64_t sum = 0;
    for (size_t i = 0; i < other_count; ++i) {
      const uint32_t value = (static_cast<uint32_t>(numbers[i]) + 2) * unit32;
      values32_[places[i]] = value;
      sum += value;
    }
    total_ += sum;
  }
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

void AddHeader(const ColumnHeader& header, ColumnHeader* sum) {
  sum->pairs =
      static_cast<uint32_t>(std::min(uint64_t{sum->pairs} + header.pairs, uint64_t{UINT32_MAX}));
  sum->saturated |= header.saturated;
  sum->total = SaturatingAdd(sum->total, header.total, &sum->saturated);
  sum->observations = SaturatingAdd(sum->observations, header.observations, &sum->saturated);
  sum->digest += header.digest;
}

}  // namespace flamekeep::storage
