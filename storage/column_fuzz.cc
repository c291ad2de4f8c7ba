// Feeds any bytes to everything that decodes what a store keeps, the dictionary's runs apart. The
// first byte chooses the decoder. What decodes has to encode to the same bytes, since one content
// has one encoding; columns are also summed, alone and with themselves.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/column.h"
#include "storage/column_scan.h"
#include "storage/format.h"

namespace flamekeep::storage {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

template <typename Decode, typename Encode>
void RoundTrip(std::string_view bytes, const Decode& decode, const Encode& encode) {
  const auto decoded = decode(bytes);
  if (decoded.ok()) Require(encode(*decoded) == bytes);
}

// The total and the number of the pairs of a scan over `copies` of a column.
void Scan(std::string_view bytes, int copies, const ColumnHeader& header) {
  ColumnScan scan;
  for (int i = 0; i < copies; ++i) Require(scan.Add(bytes).ok());
  WindowSums sums;
  uint32_t pairs = 0;
  uint64_t total = 0;
  while (const std::optional<uint32_t> window = scan.NextWindow()) {
    Require(scan.AddWindow(*window, &sums).ok());
    sums.TakeDescending([&](uint32_t, uint64_t value) {
      ++pairs;
      bool saturated;
      total = SaturatingAdd(total, value, &saturated);
    });
  }
  Require(pairs == header.pairs && total == scan.header().total);
}

void Column(std::string_view bytes) {
  ColumnHeader header;
  const absl::StatusOr<std::vector<Pair>> pairs = DecodeColumn(bytes, &header);
  ColumnSum sum;
  const absl::Status added = sum.Add(bytes);
  const absl::StatusOr<std::string> summed = sum.Finish();
  if (!pairs.ok()) {
    Require(!added.ok() || !summed.ok());
    return;
  }
  Require(*DecodeHeader(bytes) == header);
  Require(EncodeColumn(header, *pairs) == bytes);
  Require(added.ok() && summed.ok() && *summed == bytes);
  // Each window costs half a megabyte of memory traffic.
  if (pairs->size() > 1000) return;
  Scan(bytes, 1, header);
  Scan(bytes, 2, header);
}

}  // namespace
}  // namespace flamekeep::storage

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace flamekeep::storage;  // NOLINT: a C function can not stand in the namespace
  if (size == 0) return 0;
  // Memory of exactly its size, so that a read beyond it is seen.
  const std::unique_ptr<char[]> copy(new char[size - 1]);
  std::copy(data + 1, data + size, copy.get());
  const std::string_view bytes(copy.get(), size - 1);
  switch (data[0] % 14) {
    case 0:
      Column(bytes);
      break;
    case 1:
      RoundTrip(bytes, DecodeColumnKey, EncodeColumnKey);
      break;
    case 2:
      RoundTrip(bytes, DecodeSeries, EncodeSeries);
      break;
    case 3:
      RoundTrip(bytes, DecodeSource, EncodeSource);
      break;
    case 4:
      RoundTrip(bytes, DecodePosition, EncodePosition);
      break;
    case 5:
      RoundTrip(bytes, DecodeStaleMark, EncodeStaleMark);
      break;
    case 6:
      RoundTrip(bytes, DecodeStaleKey,
                [](const auto& key) { return StaleKey(key.first, key.second); });
      break;
    case 7:
      RoundTrip(
          bytes, [](std::string_view key) { return DecodeFloorKey(key); },
          [](const auto& key) { return FloorKey(key.first, key.second); });
      break;
    case 8:
      RoundTrip(bytes, DecodeProgress, EncodeProgress);
      break;
    case 9:
      RoundTrip(bytes, DecodeBatchIdKey, BatchIdKey);
      break;
    case 10:
      RoundTrip(bytes, DecodeDictionaryRecord, EncodeDictionaryRecord);
      break;
    case 11:
      RoundTrip(bytes, DecodeGrowthKey,
                [](uint32_t day) { return MetaKey(MetaTag::kGrowth, day); });
      break;
    case 12:
      RoundTrip(bytes, DecodeDeletion, EncodeDeletion);
      break;
    default: {
      const size_t key_bytes = GapKey(SourceId{0}, 0).size();
      RoundTrip(
          bytes,
          [&](std::string_view both) {
            return DecodeGap(both.substr(0, key_bytes),
                             both.substr(std::min(key_bytes, both.size())));
          },
          [](const auto& gap) {
            return GapKey(gap.first, gap.second.begin_ms) + EncodeGap(gap.second);
          });
      break;
    }
  }
  return 0;
}
