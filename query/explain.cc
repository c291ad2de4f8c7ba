#include "query/explain.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

#include "base/status.h"
#include "storage/column.h"
#include "storage/column_scan.h"
#include "storage/ids.h"

namespace flamekeep::query {
namespace {

using storage::Bucket;
using storage::Level;
using storage::MinuteRange;
using storage::Piece;

// What a scan holds for a pair, and whatever it reads: windows of sums and of nodes.
constexpr uint64_t kBytesPerPair = 8;
constexpr uint64_t kFixedBytes = 12 * storage::kWindowIds * sizeof(uint64_t);

uint64_t CountBuckets(Level level, MinuteRange range) {
  if (level <= Level::kDay) {
    const Bucket first = storage::BucketAt(level, range.begin);
    return (range.end - range.begin) / (first.end() - first.start);
  }
  uint64_t buckets = 0;
  for (Bucket bucket{level, range.begin}; bucket.start < range.end;
       bucket = {level, bucket.end()}) {
    ++buckets;
  }
  return buckets;
}

// The finest stale bucket that a piece stands for, where there is one.
const Piece* StaleAbove(const storage::Plan& plan, const Piece& piece) {
  const Piece* found = nullptr;
  for (const Piece& above : plan.pieces) {
    if (above.site != piece.site || !above.direct_only || above.level <= piece.level) continue;
    if (piece.range.begin < above.range.begin || piece.range.end > above.range.end) continue;
    if (found == nullptr || above.level < found->level) found = &above;
  }
  return found;
}

PieceReason ReasonOf(const storage::Plan& plan, const Piece& piece, absl::Time now) {
  if (piece.direct_only) return PieceReason::kDirectPart;
  const Piece* const above = StaleAbove(plan, piece);
  if (above == nullptr) return PieceReason::kLargest;
  const Bucket bucket = storage::BucketAt(above->level, piece.range.begin);
  return storage::TimeOf(bucket.end()) > now ? PieceReason::kNotOver : PieceReason::kStale;
}

absl::Status CountColumns(const storage::Snapshot& snapshot, const storage::Plan& plan,
                          const Piece& piece, const Context& context, ExplainedPiece* out) {
  const storage::Plan one{.covered = plan.covered, .pieces = {piece}, .series = plan.series};
  const auto count = [&](std::unique_ptr<storage::ColumnHandle> column) -> absl::Status {
    FLAMEKEEP_ASSIGN_OR_RETURN(const storage::ColumnHeader header,
                               storage::DecodeHeader(column->encoded()));
    ++out->columns;
    out->bytes += column->encoded().size();
    out->pairs += header.pairs;
    return context.Check();
  };
  return snapshot.Read(one, count, [&] { return context.Check(); });
}

}  // namespace

absl::StatusOr<Explanation> ExplainPlan(const storage::Snapshot& snapshot,
                                        const storage::Plan& plan,
                                        const std::vector<std::string>& sites, absl::Time now,
                                        const Context& context) {
  Explanation explanation{
      .covered = {storage::TimeOf(plan.covered.begin), storage::TimeOf(plan.covered.end)},
      .widened = plan.widened,
      .series = plan.series.size()};
  const std::vector<uint64_t> estimated = snapshot.EstimateBytes(plan);
  const uint64_t all = std::accumulate(estimated.begin(), estimated.end(), uint64_t{0});
  explanation.counted = all <= kMaxExplainedBytes;
  explanation.time_class = all > kLongBytes ? TimeClass::kLong : TimeClass::kShort;
  for (size_t i = 0; i < plan.pieces.size(); ++i) {
    FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    const Piece& piece = plan.pieces[i];
    ExplainedPiece out{
        .site = sites[Raw(piece.site)],
        .level = piece.level,
        .range = {storage::TimeOf(piece.range.begin), storage::TimeOf(piece.range.end)},
        .buckets = CountBuckets(piece.level, piece.range),
        .reason = ReasonOf(plan, piece, now)};
    if (explanation.counted) {
      FLAMEKEEP_RETURN_IF_ERROR(CountColumns(snapshot, plan, piece, context, &out));
    } else {
      out.bytes = estimated[i];
    }
    explanation.columns += out.columns;
    explanation.bytes += out.bytes;
    explanation.pairs += out.pairs;
    explanation.pieces.push_back(std::move(out));
  }
  explanation.memory_bytes = kFixedBytes + explanation.bytes + explanation.pairs * kBytesPerPair;
  return explanation;
}

bool IsLongPlan(const storage::Snapshot& snapshot, const storage::Plan& plan) {
  const std::vector<uint64_t> bytes = snapshot.EstimateBytes(plan);
  return std::accumulate(bytes.begin(), bytes.end(), uint64_t{0}) > kLongBytes;
}

}  // namespace flamekeep::query
