#include "query/diff_functions.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "base/status.h"
#include "query/checked_sort.h"
#include "storage/frame_table.h"
#include "storage/ids.h"

namespace flamekeep::query {
namespace {

struct ComparedFrame {
  storage::Frame frame;
  Compared self;
  Compared total;
};

absl::StatusOr<double> LargestPBeyond(absl::Span<const ComparedFrame> rows,
                                      Compared ComparedFrame::* member, const Context& context) {
  std::vector<double> p_values;
  for (const ComparedFrame& row : rows) {
    if ((row.*member).share.tested) p_values.push_back((row.*member).share.p_value);
  }
  FLAMEKEEP_RETURN_IF_ERROR(SortChecked(absl::MakeSpan(p_values), std::less<>(), context));
  return LargestBeyondNoise(p_values);
}

// Beyond noise first, then the larger difference, then by name.
bool IsFunctionBefore(const ComparedFrame& a, const ComparedFrame& b,
                      Compared ComparedFrame::* member) {
  const Compared& one = a.*member;
  const Compared& other = b.*member;
  const bool one_is_beyond = one.verdict == Verdict::kBeyondNoise;
  const bool other_is_beyond = other.verdict == Verdict::kBeyondNoise;
  if (one_is_beyond != other_is_beyond) return one_is_beyond;
  const double one_size = std::abs(one.share.difference);
  const double other_size = std::abs(other.share.difference);
  if (one_size != other_size) return one_size > other_size;
  const int order = a.frame.function.compare(b.frame.function);
  return order != 0 ? order < 0 : a.frame.file < b.frame.file;
}

}  // namespace

Compared CompareParts(const RangeSizes& sizes, const RangePart& baseline, const RangePart& part) {
  return {.baseline = baseline.value,
          .value = part.value,
          .share = CompareShares(sizes[kBaseline], baseline, sizes[kSelection], part)};
}

Verdict VerdictOf(const ShareDifference& share, double largest) {
  if (!share.tested) return Verdict::kNotEnoughData;
  return share.p_value <= largest ? Verdict::kBeyondNoise : Verdict::kWithinNoise;
}

void DiffFunctions::AddBucket(size_t side, const FunctionTotals& totals) {
  for (size_t frame = 0; frame < totals.frames.size(); ++frame) {
    const FrameTotal& value = totals.frames[frame];
    if (value.total == 0) continue;  // then it has no stacks that end in it either
    SideParts& parts = frames_[frame][side];
    parts.self.Add(value.self, totals.sum.total);
    parts.total.Add(value.total, totals.sum.total);
  }
}

absl::Status DiffFunctions::Finish(const RangeSizes& sizes, size_t limit, FunctionOrder by,
                                   FrameNames names, const Context& context, uint64_t held_bytes,
                                   Diff* diff) const {
  const auto occurs = [](const FrameParts& parts) {
    return parts[kBaseline].total.value != 0 || parts[kSelection].total.value != 0;
  };
  const auto count = static_cast<size_t>(std::count_if(frames_.begin(), frames_.end(), occurs));
  // Before it is allocated; sorting takes as much again.
  FLAMEKEEP_RETURN_IF_ERROR(
      context.CheckMemory(held_bytes + count * 2 * (sizeof(ComparedFrame) + sizeof(double))));
  std::vector<ComparedFrame> rows;
  rows.reserve(count);
  for (uint32_t frame = 0; frame < frames_.size(); ++frame) {
    const SideParts& before = frames_[frame][kBaseline];
    const SideParts& after = frames_[frame][kSelection];
    if (!occurs(frames_[frame])) continue;
    if (rows.size() % kItemsPerCheck == 0) FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    rows.push_back({.frame = names(storage::FrameId{frame}),
                    .self = CompareParts(sizes, before.self, after.self),
                    .total = CompareParts(sizes, before.total, after.total)});
  }
  for (Compared ComparedFrame::* member : {&ComparedFrame::self, &ComparedFrame::total}) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const double largest, LargestPBeyond(rows, member, context));
    for (ComparedFrame& row : rows) (row.*member).verdict = VerdictOf((row.*member).share, largest);
  }
  Compared ComparedFrame::* const ordered =
      by == FunctionOrder::kSelf ? &ComparedFrame::self : &ComparedFrame::total;
  FLAMEKEEP_RETURN_IF_ERROR(SortChecked(
      absl::MakeSpan(rows),
      [&](const ComparedFrame& a, const ComparedFrame& b) {
        return IsFunctionBefore(a, b, ordered);
      },
      context));
  diff->function_count = rows.size();
  diff->beyond_noise =
      static_cast<uint64_t>(std::count_if(rows.begin(), rows.end(), [&](const ComparedFrame& row) {
        return (row.*ordered).verdict == Verdict::kBeyondNoise;
      }));
  rows.resize(std::min(rows.size(), limit));
  for (const ComparedFrame& row : rows) {
    diff->functions.push_back({.function = std::string(row.frame.function),
                               .file = std::string(row.frame.file),
                               .self = row.self,
                               .total = row.total});
  }
  return absl::OkStatus();
}

}  // namespace flamekeep::query
