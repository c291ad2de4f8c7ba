#include "query/export_partition.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <optional>
#include <tuple>

#include "base/status.h"
#include "query/selector.h"
#include "query/whole_graph.h"
#include "storage/column.h"

namespace flamekeep::query {
namespace {

using storage::ColumnHandle;
using storage::ColumnHeader;
using storage::Level;
using storage::Minute;
using storage::MinuteRange;
using storage::Piece;
using storage::Plan;
using storage::SeriesId;

// What a column that is being read takes besides its bytes.
constexpr uint64_t kBytesPerExportColumn = 128;

// Ends a scan that has found what it looked for.
absl::Status FoundOne() { return absl::AlreadyExistsError(""); }

// Hashes text that comes in parts, each with its length before it.
class VersionHash {
 public:
  VersionHash() { XXH3_128bits_reset(state_.get()); }

  void Add(std::string_view part) {
    const std::string length = fmt::format("{}:", part.size());
    XXH3_128bits_update(state_.get(), length.data(), length.size());
    XXH3_128bits_update(state_.get(), part.data(), part.size());
  }

  std::string Text() const {
    const XXH128_hash_t hash = XXH3_128bits_digest(state_.get());
    return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
  }

 private:
  struct Free {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  const std::unique_ptr<XXH3_state_t, Free> state_{XXH3_createState()};
};

}  // namespace

absl::Status ExportPartitionReader::FindSeries(std::string_view selector_text,
                                               const std::string& site) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const Selector selector, ParseSelector(selector_text));
  const std::vector<storage::SeriesKey> all = store_.Series();
  FLAMEKEEP_ASSIGN_OR_RETURN(ResolvedSelector resolved, Resolve(selector, all, store_.Sites()));
  std::vector<SeriesId> by_rank;
  for (const SeriesId id : resolved.series) {
    if (all[Raw(id)].site == site) by_rank.push_back(id);
  }
  series_ = by_rank;
  std::sort(series_.begin(), series_.end());
  std::sort(by_rank.begin(), by_rank.end(),
            [&](SeriesId a, SeriesId b) { return all[Raw(a)].labels < all[Raw(b)].labels; });
  keys_.reserve(by_rank.size());
  for (const SeriesId id : by_rank) {
    ranks_.emplace(id, static_cast<Rank>(keys_.size()));
    keys_.push_back(all[Raw(id)]);
  }
  return absl::OkStatus();
}

absl::StatusOr<Plan> ExportPartitionReader::PlanFrom(Minute begin, Minute end) const {
  FLAMEKEEP_ASSIGN_OR_RETURN(
      Plan plan, snapshot_->MakePlan(storage::TimeOf(begin), storage::TimeOf(end), series_,
                                     [&] { return context_.Check(); }));
  if (plan.covered.begin == begin) return plan;
  return Error(absl::StatusCode::kAborted,
               "the store gave up buckets before {} while they were being exported: begin again",
               storage::FormatMinute(begin));
}

absl::StatusOr<bool> ExportPartitionReader::HasColumns(const Plan& plan) const {
  const absl::Status status = snapshot_->Read(
      plan, [](std::unique_ptr<ColumnHandle>) { return FoundOne(); },
      [&] { return context_.Check(); });
  if (status == FoundOne()) return true;
  FLAMEKEEP_RETURN_IF_ERROR(status);
  return false;
}

// The one asked for, unless the plan had to widen what was to end at `end`.
Level ExportPartitionReader::LevelOf(const MinuteRange& range, Minute end) const {
  if (range.end == end) return level_;
  for (const Level level : storage::kLevels) {
    const storage::Bucket bucket = storage::BucketAt(level, range.begin);
    if (bucket.start == range.begin && bucket.end() == range.end) return level;
  }
  return level_;
}

// Nights have few samples: an hour is seen to have none at once, not minute by minute.
absl::StatusOr<bool> ExportPartitionReader::SkipEmptyHour(Minute day_end) {
  const storage::Bucket hour = storage::BucketAt(Level::kHour, range_.end);
  if (level_ != Level::kMinute || hour.start != range_.end || hour.end() > day_end) return false;
  FLAMEKEEP_ASSIGN_OR_RETURN(const Plan plan, PlanFrom(hour.start, hour.end()));
  FLAMEKEEP_ASSIGN_OR_RETURN(const bool has_columns, HasColumns(plan));
  if (!has_columns) range_.end = plan.covered.end;
  return !has_columns;
}

absl::StatusOr<bool> ExportPartitionReader::Open(std::string_view selector, const std::string& site,
                                                 Minute begin, Minute end, Level level) {
  level_ = level;
  FLAMEKEEP_RETURN_IF_ERROR(FindSeries(selector, site));
  FLAMEKEEP_ASSIGN_OR_RETURN(snapshot_, store_.NewSnapshot());
  const Minute day_end = std::min(storage::BucketAt(Level::kDay, begin).end(), end);
  FLAMEKEEP_ASSIGN_OR_RETURN(const Plan whole, PlanFrom(begin, day_end));
  range_ = whole.covered;
  FLAMEKEEP_ASSIGN_OR_RETURN(const bool has_columns, HasColumns(whole));
  if (!has_columns) return false;
  for (range_.end = begin; range_.end < day_end;) {
    context_ = bounds_();
    FLAMEKEEP_ASSIGN_OR_RETURN(const bool skipped, SkipEmptyHour(day_end));
    if (skipped) continue;
    const Minute bucket_end = std::min(storage::BucketAt(level, range_.end).end(), day_end);
    FLAMEKEEP_ASSIGN_OR_RETURN(Plan plan, PlanFrom(range_.end, bucket_end));
    bucket_bytes_ += sizeof(Bucket) + plan.pieces.size() * sizeof(Piece);
    FLAMEKEEP_RETURN_IF_ERROR(CheckMemory(0));
    range_.end = plan.covered.end;
    buckets_.push_back({plan.covered, LevelOf(plan.covered, bucket_end), std::move(plan.pieces)});
  }
  return true;
}

absl::Status ExportPartitionReader::CheckMemory(uint64_t bytes) const {
  FLAMEKEEP_RETURN_IF_ERROR(context_.Check());
  return context_.CheckMemory(bucket_bytes_ + bytes);
}

template <typename Visit>
absl::Status ExportPartitionReader::ReadColumns(const Bucket& bucket, Visit visit) const {
  const Plan plan{.covered = bucket.range, .pieces = bucket.pieces, .series = series_};
  return snapshot_->Read(
      plan,
      [&](std::unique_ptr<ColumnHandle> handle) -> absl::Status {
        FLAMEKEEP_RETURN_IF_ERROR(context_.Check());
        const Rank rank = ranks_.at(handle->key.series);
        return visit(rank, std::move(handle));
      },
      [&] { return context_.Check(); });
}

absl::StatusOr<std::string> ExportPartitionReader::Version(std::string_view question) {
  VersionHash hash;
  hash.Add(question);
  hash.Add(keys_.front().site);
  std::vector<Bucket> with_columns;
  for (Bucket& bucket : buckets_) {
    context_ = bounds_();
    absl::flat_hash_map<Rank, ColumnHeader> sums;
    FLAMEKEEP_RETURN_IF_ERROR(
        ReadColumns(bucket, [&](Rank rank, std::unique_ptr<ColumnHandle> handle) -> absl::Status {
          FLAMEKEEP_ASSIGN_OR_RETURN(const ColumnHeader header,
                                     storage::DecodeHeader(handle->encoded()));
          AddHeader(header, &sums[rank]);
          return absl::OkStatus();
        }));
    if (sums.empty()) continue;
    std::vector<Rank> found;
    found.reserve(sums.size());
    for (const auto& [rank, sum] : sums) found.push_back(rank);
    std::sort(found.begin(), found.end());
    hash.Add(fmt::format("{}-{}", bucket.range.begin, bucket.range.end));
    for (const Rank rank : found) {
      for (const auto& [name, value] : keys_[rank].labels) {
        hash.Add(name);
        hash.Add(value);
      }
      const ColumnHeader& sum = sums[rank];
      hash.Add(fmt::format("{:x},{:x},{}", static_cast<uint64_t>(sum.digest >> 64),
                           static_cast<uint64_t>(sum.digest), sum.saturated));
    }
    with_columns.push_back(std::move(bucket));
  }
  buckets_ = std::move(with_columns);
  return hash.Text();
}

absl::Status ExportPartitionReader::Read(const FrameFilter& filter, FrameFlagsCache* flags,
                                         ExportSink* sink) {
  std::optional<StackFilter> stack_filter;
  if (!filter.empty()) {
    const storage::Dictionary& dictionary = store_.dictionary();
    FLAMEKEEP_ASSIGN_OR_RETURN(
        FrameFlagsCache::Flags of_frames,
        flags->Get(
            filter, dictionary.frame_count(),
            [&](storage::FrameId id) { return dictionary.frame(id); }, context_));
    stack_filter.emplace(snapshot_->tree(), std::move(of_frames), filter, context_, bucket_bytes_);
  }
  for (const Bucket& bucket : buckets_) {
    context_ = bounds_();
    FLAMEKEEP_RETURN_IF_ERROR(
        ReadBucket(bucket, stack_filter.has_value() ? &*stack_filter : nullptr, sink));
  }
  return absl::OkStatus();
}

absl::Status ExportPartitionReader::ReadBucket(const Bucket& bucket, StackFilter* filter,
                                               ExportSink* sink) {
  std::vector<std::pair<Rank, std::unique_ptr<ColumnHandle>>> columns;
  uint64_t bytes = 0;
  FLAMEKEEP_RETURN_IF_ERROR(
      ReadColumns(bucket, [&](Rank rank, std::unique_ptr<ColumnHandle> handle) {
        bytes += handle->encoded().size() + kBytesPerExportColumn;
        columns.emplace_back(rank, std::move(handle));
        return CheckMemory(bytes);
      }));
  std::sort(columns.begin(), columns.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t begin = 0; begin < columns.size();) {
    const Rank rank = columns[begin].first;
    std::vector<std::string_view> encoded;
    for (; begin < columns.size() && columns[begin].first == rank; ++begin) {
      encoded.push_back(columns[begin].second->encoded());
    }
    std::string filtered;
    if (filter != nullptr) {
      filter->Hold(bucket_bytes_ + bytes);
      FLAMEKEEP_ASSIGN_OR_RETURN(filtered, filter->Apply(encoded));
      encoded = {filtered};
    }
    const uint64_t held =
        bucket_bytes_ + bytes + filtered.size() + (filter != nullptr ? filter->memory_bytes() : 0);
    FLAMEKEEP_ASSIGN_OR_RETURN(
        const WholeGraph whole,
        WholeGraphOf(encoded, filter != nullptr ? filter->tree() : snapshot_->tree(),
                     store_.dictionary(), context_, held));
    if (whole.graph.total[0] == 0) continue;
    FLAMEKEEP_RETURN_IF_ERROR(sink->AddColumn(
        {.bucket = {storage::TimeOf(bucket.range.begin), storage::TimeOf(bucket.range.end)},
         .level = bucket.level,
         .labels = &keys_[rank].labels,
         .graph = &whole.graph,
         .saturated = whole.saturated}));
  }
  return absl::OkStatus();
}

}  // namespace flamekeep::query
