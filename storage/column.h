// A column: one series' (stack id, value) pairs in one bucket, from one source.
//
// Encoding is canonical: equal content gives equal bytes. Pairs are stored with ids DESCENDING,
// the order in which totals fold into parents, in chunks of kChunkPairs so that a reader can stream
// through a large column without decoding it whole. Layout: storage/format.h, docs/formats.md.
//
// The digest is additive: the sum over the pairs of value x H(stack) mod 2^128. Adding columns adds
// digests, so sums prove themselves.
//
// Thread safety: values; const methods may be called from several threads.
#ifndef FLAMEKEEP_STORAGE_COLUMN_H_
#define FLAMEKEEP_STORAGE_COLUMN_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace flamekeep::storage {

// A part of the format: other chunks are other bytes.
inline constexpr uint32_t kChunkPairs = 1024;

// Above every id: where the ids of the first chunk descend from.
inline constexpr uint64_t kAboveStacks = uint64_t{UINT32_MAX} + 1;

using Digest = unsigned __int128;

struct Pair {
  uint32_t stack;  // StackId
  uint64_t value;  // never 0 in an encoded column

  bool operator==(const Pair&) const = default;
};

// What stands before the pairs.
struct ColumnHeader {
  uint32_t pairs = 0;
  uint64_t total = 0;         // sum of the values, saturating
  uint64_t observations = 0;  // samples that the values stand for, saturating
  Digest digest = 0;          // mod 2^128, true even where a value saturated
  bool saturated = false;     // some value or sum would not fit 64 bits

  bool operator==(const ColumnHeader&) const = default;
};

// Encodes a column. REQUIRES: `pairs` has strictly descending ids and no zero value. The header
// gives the observations, the digest and whether they are saturated; pairs and total are counted.
std::string EncodeColumn(const ColumnHeader& header, absl::Span<const Pair> pairs);

// The same for pairs that come one by one; holds the encoded column and one chunk.
class ColumnWriter {
 public:
  // REQUIRES: `stack` is below those before, `value` is not 0.
  void Add(uint32_t stack, uint64_t value);
  // Leaves the writer empty.
  std::string Finish(ColumnHeader header);

 private:
  void EndChunk();

  std::string out_;  // with room for the header
  std::vector<Pair> chunk_;
  uint64_t above_ = kAboveStacks;
  uint32_t pairs_ = 0;
  Digest total_ = 0;
};

// Reads only the header. Errors: DATA_LOSS.
absl::StatusOr<ColumnHeader> DecodeHeader(std::string_view encoded);

// Decodes a column chunk by chunk. Any bytes are safe: damaged input ends in an error, never in a
// read outside of it, and never in ids that do not descend.
//
//   ColumnReader reader;
//   FLAMEKEEP_RETURN_IF_ERROR(reader.Open(encoded));
//   while (reader.Next()) use(reader.stacks(), reader.values(), reader.size());
//   FLAMEKEEP_RETURN_IF_ERROR(reader.status());
class ColumnReader {
 public:
  // `encoded` must outlive the reader. A reader can be opened again.
  absl::Status Open(std::string_view encoded);
  const ColumnHeader& header() const { return header_; }

  // Decodes the next chunk; false at the end or at an error.
  bool Next();
  const absl::Status& status() const { return error_; }

  // The current chunk, ids descending. Valid until the next call of Next() or Open(). Values come
  // as 32-bit numbers unless the chunk is wide().
  size_t size() const { return size_; }
  const uint32_t* stacks() const { return stacks_.data(); }
  bool wide() const { return wide_; }
  const uint32_t* values32() const { return values32_.data(); }  // REQUIRES: !wide()
  const uint64_t* values64() const { return values64_.data(); }  // REQUIRES: wide()
  uint64_t value(size_t i) const { return wide_ ? values64_[i] : values32_[i]; }

 private:
  absl::Status DecodeChunk();
  absl::Status DecodeValues(uint32_t count);
  bool TotalMatches() const;

  ColumnHeader header_;
  std::string_view rest_;
  uint32_t pairs_left_ = 0;
  uint64_t last_stack_ = kAboveStacks;
  Digest total_ = 0;  // of the values decoded so far; can not overflow
  size_t size_ = 0;
  bool wide_ = false;
  std::vector<uint32_t> stacks_;
  std::vector<uint32_t> values32_;
  std::vector<uint64_t> values64_;
  absl::Status error_;
};

// Decodes a whole column: ids descending.
absl::StatusOr<std::vector<Pair>> DecodeColumn(std::string_view encoded, ColumnHeader* header);

// Adds columns and pairs up into one column. Takes memory for the pairs and the encoded sum; the
// columns themselves are read as they are needed.
class ColumnSum {
 public:
  // `encoded` must stay where it is until Finish(). Errors: DATA_LOSS.
  absl::Status Add(std::string_view encoded);
  // Pairs in any order, an id may stand more than once, no zero values; `header` tells their
  // observations and digest and whether they are saturated.
  void Add(const ColumnHeader& header, absl::Span<const Pair> pairs);
  // The sum, encoded; an empty string where nothing was added. Leaves the object empty.
  // Errors: DATA_LOSS where a column is damaged behind its header.
  absl::StatusOr<std::string> Finish();

 private:
  absl::StatusOr<std::string> Sort();
  absl::StatusOr<std::string> Scan();

  ColumnHeader header_;
  std::vector<std::string_view> columns_;
  std::vector<Pair> pairs_;
  uint64_t bound_ = 0;  // pairs in all, where no id stood twice
  bool added_pairs_ = false;
};

// Adds a column's header to a sum of headers; `sum->pairs` is then an upper bound.
void AddHeader(const ColumnHeader& header, ColumnHeader* sum);

// Orders pairs by id, descending, and adds up equal ids. True where a sum saturated.
bool SortAndMerge(std::vector<Pair>* pairs);

uint64_t SaturatingAdd(uint64_t a, uint64_t b, bool* saturated);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_COLUMN_H_
