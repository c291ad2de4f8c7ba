#include "server/arclamp/history.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string_view>

#include "absl/types/span.h"
#include "base/status.h"
#include "base/steady_clock.h"
#include "server/arclamp/file_name.h"
#include "storage/format.h"

namespace flamekeep::server {

namespace {

// Buckets that are looked into until one holds something.
constexpr int kMaxEmptySteps = 50;

// The ids of the sites that the channels have series of.
std::vector<storage::SiteId> SitesOfChannels(const storage::Store& store,
                                             absl::Span<const ArcLampChannel> channels) {
  const std::vector<storage::SeriesKey> series = store.Series();
  std::set<std::string_view> wanted;
  for (const ArcLampChannel& channel : channels) {
    for (const storage::SeriesId id : channel.series) wanted.insert(series[Raw(id)].site);
  }
  const std::vector<std::string> sites = store.Sites();
  std::vector<storage::SiteId> ids;
  for (size_t id = 0; id < sites.size(); ++id) {
    if (wanted.contains(sites[id])) ids.push_back(storage::SiteId(id));
  }
  return ids;
}

}  // namespace

absl::StatusOr<ArcLampHistory> ArcLampHistory::Open(const storage::Store& store,
                                                    std::vector<ArcLampChannel> channels,
                                                    absl::Time deadline) {
  std::vector<storage::SiteId> sites = SitesOfChannels(store, channels);
  FLAMEKEEP_ASSIGN_OR_RETURN(std::unique_ptr<storage::Snapshot> snapshot, store.NewSnapshot());
  return ArcLampHistory(std::move(snapshot), std::move(channels), std::move(sites), deadline);
}

absl::Status ArcLampHistory::CheckDeadline() const {
  if (SteadyNow() < deadline_) return absl::OkStatus();
  return absl::DeadlineExceededError(
      "what is stored could not be listed in time: try again, or name one site with ?site=NAME");
}

absl::StatusOr<std::optional<storage::Bucket>> ArcLampHistory::Nearest(storage::Level level,
                                                                       storage::MinuteRange range,
                                                                       bool last) const {
  std::optional<storage::Bucket> nearest;
  for (const storage::SiteId site : sites_) {
    for (const storage::Level finer : storage::kLevels) {
      if (finer > level) break;
      FLAMEKEEP_ASSIGN_OR_RETURN(const std::optional<storage::Minute> start,
                                 last ? snapshot_->LastBucket(site, finer, range)
                                      : snapshot_->FirstBucket(site, finer, range));
      if (!start.has_value()) continue;
      const storage::Bucket bucket = storage::BucketAt(level, *start);
      const bool nearer = !nearest.has_value() || (last ? bucket > *nearest : bucket < *nearest);
      if (nearer) nearest = bucket;
    }
  }
  return nearest;
}

absl::StatusOr<ArcLampBucket> ArcLampHistory::Read(
    const storage::Bucket& bucket, absl::Span<const ArcLampChannel> channels) const {
  ArcLampBucket out{.bucket = bucket};
  const auto check = [this] { return CheckDeadline(); };
  for (const ArcLampChannel& channel : channels) {
    FLAMEKEEP_ASSIGN_OR_RETURN(
        const storage::Plan plan,
        snapshot_->MakePlan(storage::TimeOf(bucket.start), storage::TimeOf(bucket.end()),
                            channel.series, check));
    if (plan.widened) continue;
    const auto add = [&](storage::Level level, const storage::ColumnKey& key) {
      const auto at = std::lower_bound(channel.series.begin(), channel.series.end(), key.series);
      const std::string& tag = channel.tags[at - channel.series.begin()];
      const storage::Minute end = storage::Bucket{level, key.start}.end();
      for (const std::string_view one : {kArcLampAll, std::string_view(tag)}) {
        if (one.empty()) continue;
        storage::Minute& last = out.entries[{channel.name, std::string(one)}];
        last = std::max(last, end);
      }
      return absl::OkStatus();
    };
    FLAMEKEEP_RETURN_IF_ERROR(snapshot_->ReadKeys(plan, add, check));
  }
  return out;
}

absl::StatusOr<std::optional<ArcLampBucket>> ArcLampHistory::Walk(
    storage::Level level, storage::MinuteRange range, bool back,
    absl::Span<const ArcLampChannel> channels) const {
  std::optional<ArcLampBucket> reached;
  for (int step = 0; step < kMaxEmptySteps && !range.empty(); ++step) {
    FLAMEKEEP_RETURN_IF_ERROR(CheckDeadline());
    FLAMEKEEP_ASSIGN_OR_RETURN(const std::optional<storage::Bucket> bucket,
                               Nearest(level, range, back));
    if (!bucket.has_value()) return std::nullopt;
    FLAMEKEEP_ASSIGN_OR_RETURN(reached, Read(*bucket, channels));
    if (!reached->entries.empty()) break;
    if (back) {
      range.end = bucket->start;
    } else {
      range.begin = bucket->end();
    }
  }
  return reached;
}

absl::StatusOr<std::optional<ArcLampBucket>> ArcLampHistory::Before(
    storage::Level level, storage::Minute before, absl::Span<const ArcLampChannel> channels) const {
  return Walk(level, {0, before}, true, channels);
}

absl::StatusOr<std::optional<ArcLampBucket>> ArcLampHistory::From(
    storage::Level level, storage::Minute from, absl::Span<const ArcLampChannel> channels) const {
  return Walk(level, {from, storage::kMaxMinute}, false, channels);
}

}  // namespace flamekeep::server
