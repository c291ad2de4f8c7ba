#include <algorithm>
#include <utility>

#include "base/status.h"
#include "storage/column.h"
#include "storage/column_scan.h"

namespace flamekeep::storage {
namespace {

// Up to so many pairs are sorted, more are added up window by window: a scan has to look at every
// window, however few pairs there are.
constexpr uint64_t kSortPairs = 1 << 15;

absl::Status Decode(std::string_view encoded, std::vector<Pair>* pairs) {
  ColumnReader reader;
  FLAMEKEEP_RETURN_IF_ERROR(reader.Open(encoded));
  while (reader.Next()) {
    for (size_t i = 0; i < reader.size(); ++i) {
      pairs->push_back({reader.stacks()[i], reader.value(i)});
    }
  }
  return reader.status();
}

}  // namespace

bool SortAndMerge(std::vector<Pair>* pairs) {
  std::sort(pairs->begin(), pairs->end(),
            [](const Pair& a, const Pair& b) { return a.stack > b.stack; });
  bool saturated = false;
  size_t kept = 0;
  for (size_t i = 0; i < pairs->size(); ++i) {
    if (kept > 0 && (*pairs)[kept - 1].stack == (*pairs)[i].stack) {
      uint64_t& sum = (*pairs)[kept - 1].value;
      sum = SaturatingAdd(sum, (*pairs)[i].value, &saturated);
    } else {
      (*pairs)[kept++] = (*pairs)[i];
    }
  }
  pairs->resize(kept);
  return saturated;
}

absl::Status ColumnSum::Add(std::string_view encoded) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const ColumnHeader header, DecodeHeader(encoded));
  AddHeader(header, &header_);
  bound_ += header.pairs;
  columns_.push_back(encoded);
  return absl::OkStatus();
}

void ColumnSum::Add(const ColumnHeader& header, absl::Span<const Pair> pairs) {
  AddHeader(header, &header_);
  bound_ += pairs.size();
  pairs_.insert(pairs_.end(), pairs.begin(), pairs.end());
  added_pairs_ = true;
}

absl::StatusOr<std::string> ColumnSum::Finish() {
  ColumnSum sum = std::exchange(*this, ColumnSum());
  if (sum.columns_.empty() && !sum.added_pairs_) return std::string();
  if (sum.bound_ <= kSortPairs) return sum.Sort();
  return sum.Scan();
}

absl::StatusOr<std::string> ColumnSum::Sort() {
  for (const std::string_view column : columns_) {
    FLAMEKEEP_RETURN_IF_ERROR(Decode(column, &pairs_));
  }
  if (SortAndMerge(&pairs_)) header_.saturated = true;
  return EncodeColumn(header_, pairs_);
}

absl::StatusOr<std::string> ColumnSum::Scan() {
  if (SortAndMerge(&pairs_)) header_.saturated = true;
  const std::string added = EncodeColumn({}, pairs_);
  ColumnScan scan;
  FLAMEKEEP_RETURN_IF_ERROR(scan.Add(added));
  for (const std::string_view column : columns_) FLAMEKEEP_RETURN_IF_ERROR(scan.Add(column));

  ColumnWriter writer;
  WindowSums sums;
  while (const std::optional<uint32_t> window = scan.NextWindow()) {
    FLAMEKEEP_RETURN_IF_ERROR(scan.AddWindow(*window, &sums));
    sums.TakeDescending(
        [&](uint32_t offset, uint64_t value) { writer.Add(*window * kWindowIds + offset, value); });
  }
  return writer.Finish(header_);
}

}  // namespace flamekeep::storage
