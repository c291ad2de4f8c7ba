#include "query/diff_side.h"

#include <fmt/format.h>

#include <utility>

#include "base/status.h"
#include "query/content.h"
#include "query/range_buckets.h"

namespace flamekeep::query {

absl::StatusOr<std::shared_ptr<DiffTreeSource>> DiffTreeSource::Make(
    const storage::StackTreeView& stored, RepeatTable* stored_repeats, const FrameFilter& filter,
    const storage::Dictionary& dictionary, FrameFlagsCache* flags_cache, const Context& context,
    uint64_t held_bytes) {
  std::shared_ptr<DiffTreeSource> source(new DiffTreeSource(stored, stored_repeats));
  if (filter.empty()) return source;
  FLAMEKEEP_ASSIGN_OR_RETURN(
      FrameFlagsCache::Flags flags,
      flags_cache->Get(
          filter, dictionary.frame_count(),
          [&](storage::FrameId id) { return dictionary.frame(id); }, context));
  source->filter_ =
      std::make_unique<StackFilter>(stored, std::move(flags), filter, context, held_bytes);
  return source;
}

uint64_t DiffTreeSource::memory_bytes() const {
  return (filter_ != nullptr ? filter_->memory_bytes() : 0) + own_repeats_.memory_bytes();
}

absl::StatusOr<DiffSide> DiffSide::Open(const storage::Store& store, const Selection& selection,
                                        const Context& context) {
  FLAMEKEEP_ASSIGN_OR_RETURN(SelectedStacks stacks,
                             SelectedStacks::Open(store, selection, context));
  DiffSide side(std::move(stacks));
  FLAMEKEEP_ASSIGN_OR_RETURN(side.buckets_,
                             SplitPlan(side.stacks_.snapshot(), side.stacks_.plan(), context));
  return side;
}

absl::StatusOr<DiffSide::Loaded> DiffSide::Load(const storage::Plan& plan, const Context& context,
                                                uint64_t held_bytes) {
  held_bytes += source_->memory_bytes();
  Loaded loaded;
  FLAMEKEEP_ASSIGN_OR_RETURN(loaded.kept,
                             Columns::Read(stacks_.snapshot(), plan, context, held_bytes));
  FLAMEKEEP_ASSIGN_OR_RETURN(loaded.stored, SumHeaders(loaded.kept.encoded()));
  loaded.encoded.assign(loaded.kept.encoded().begin(), loaded.kept.encoded().end());
  loaded.columns = loaded.encoded.size();
  loaded.bytes = loaded.kept.bytes();
  if (source_->filter() == nullptr) return loaded;
  source_->filter()->Hold(held_bytes - source_->filter()->memory_bytes() + loaded.bytes);
  FLAMEKEEP_ASSIGN_OR_RETURN(std::string filtered, source_->filter()->Apply(loaded.encoded));
  loaded.filtered = std::make_unique<const std::string>(std::move(filtered));
  loaded.encoded = {*loaded.filtered};
  loaded.kept = Columns();
  loaded.bytes = loaded.filtered->size();
  return loaded;
}

void DiffSide::AddBucket(size_t bucket, const Loaded& loaded, uint64_t total, uint64_t visited) {
  size_.AddBucket(total);
  const storage::ColumnHeader& stored = loaded.stored;
  content_.buckets +=
      fmt::format("{}:{:016x}{:016x},{},{},{};", buckets_[bucket].covered.begin,
                  static_cast<uint64_t>(stored.digest >> 64), static_cast<uint64_t>(stored.digest),
                  stored.total, stored.observations, stored.saturated);
  storage::AddHeader(loaded.stored, &sum_);
  content_.digest = sum_.digest;
  total_ = storage::SaturatingAdd(total_, total, &sum_.saturated);
  columns_ += loaded.columns;
  visited_ += visited;
}

RangeSize DiffSide::size() const {
  RangeSize size = size_;
  if (sum_.observations != 0) {
    size.sample = static_cast<double>(sum_.total) / static_cast<double>(sum_.observations);
  }
  return size;
}

std::optional<std::string> DiffSide::ContentName() const {
  const storage::Plan& plan = stacks_.plan();
  const std::optional<uint64_t> stamp = stacks_.snapshot().ContentStamp(plan);
  if (!stamp.has_value()) return std::nullopt;
  std::string begins;
  for (const storage::Plan& bucket : buckets_) begins += fmt::format("{},", bucket.covered.begin);
  return fmt::format("{},{},{};{}", *stamp, plan.covered.begin, plan.covered.end,
                     stacks_.Question(begins));
}

Coverage DiffSide::Cover(std::string_view view) const {
  storage::ColumnHeader sum = sum_;
  sum.total = total_;
  Coverage coverage =
      stacks_.Cover(sum, sum.saturated, visited_, std::string(view) + content_.buckets);
  coverage.columns = columns_;
  return coverage;
}

}  // namespace flamekeep::query
