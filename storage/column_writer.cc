#include <algorithm>
#include <array>
#include <numeric>

#include "storage/column.h"
#include "storage/format.h"
#include "storage/id_codec.h"
#include "storage/number_codec.h"

namespace flamekeep::storage {
namespace {

// Room for the header before its numbers are known.
constexpr size_t kMaxHeaderBytes = 1 + 3 * kMaxVarintBytes + sizeof(Digest);

void PutHeader(const ColumnHeader& header, std::string* out) {
  const bool observed = header.observations != header.total;
  out->push_back(static_cast<char>(kColumnFormat | (header.saturated ? kColumnSaturated : 0) |
                                   (observed ? kColumnObservations : 0)));
  PutVarint(header.pairs, out);
  PutVarint(header.total - header.pairs, out);
  if (observed) PutVarint(header.observations, out);
  PutFixed64(static_cast<uint64_t>(header.digest), out);
  PutFixed64(static_cast<uint64_t>(header.digest >> 64), out);
}

uint64_t GreatestCommonDivisor(absl::Span<const Pair> pairs) {
  uint64_t divisor = 0;
  for (const Pair& pair : pairs) {
    divisor = std::gcd(divisor, pair.value);
    if (divisor == 1) break;
  }
  return divisor;
}

// `above` is the id before the chunk, kAboveStacks in the first one.
void PutChunk(uint64_t above, absl::Span<const Pair> pairs, std::string* out) {
  std::array<uint32_t, kChunkPairs> numbers;
  std::array<uint64_t, kChunkPairs> values;
  const auto count = static_cast<uint32_t>(pairs.size());
  for (uint32_t i = 0; i < count; ++i) numbers[i] = pairs[i].stack;
  PutVarint(above == kAboveStacks ? numbers[0] : above - numbers[0] - 1, out);
  PackIds(numbers[0], absl::MakeConstSpan(numbers).subspan(1, count - 1), out);

  const uint64_t unit = GreatestCommonDivisor(pairs);
  size_t others = 0;
  for (uint32_t i = count; i-- > 0;) {
    if (pairs[i].value == unit) continue;
    numbers[others] = i;
    // No value is zero, so neither is their divisor.
    values[others] = pairs[i].value / unit - 2;  // NOLINT(clang-analyzer-core.DivideZero)
    ++others;
  }
  PutVarint(others << 1 | (unit != 1 ? 1 : 0), out);
  if (unit != 1) PutVarint(unit, out);
  PackIds(count, absl::MakeConstSpan(numbers).first(others), out);
  PackNumbers(absl::MakeConstSpan(values).first(others), out);
}

}  // namespace

void ColumnWriter::Add(uint32_t stack, uint64_t value) {
  chunk_.push_back({stack, value});
  if (chunk_.size() == kChunkPairs) EndChunk();
}

void ColumnWriter::EndChunk() {
  if (out_.empty()) out_.resize(kMaxHeaderBytes);
  PutChunk(above_, chunk_, &out_);
  above_ = chunk_.back().stack;
  pairs_ += static_cast<uint32_t>(chunk_.size());
  for (const Pair& pair : chunk_) total_ += pair.value;
  chunk_.clear();
}

std::string ColumnWriter::Finish(ColumnHeader header) {
  if (!chunk_.empty()) EndChunk();
  header.pairs = pairs_;
  header.saturated |= total_ > UINT64_MAX;
  header.total = static_cast<uint64_t>(std::min<Digest>(total_, UINT64_MAX));
  std::string front;
  PutHeader(header, &front);
  std::string out = std::move(out_);
  // In place: a column may be large.
  out.replace(0, std::min(out.size(), kMaxHeaderBytes), front);
  *this = ColumnWriter();
  return out;
}

std::string EncodeColumn(const ColumnHeader& header, absl::Span<const Pair> pairs) {
  ColumnWriter writer;
  for (const Pair& pair : pairs) writer.Add(pair.stack, pair.value);
  return writer.Finish(header);
}

}  // namespace flamekeep::storage
