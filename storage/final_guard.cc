#include "storage/final_guard.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/time/time.h"
#include "base/status.h"

namespace flamekeep::storage {
namespace {

bool Overlap(Minute begin, Minute end, const FinalRange& range) {
  return int64_t{begin} * kMsPerMinute < range.end_ms &&
         int64_t{end} * kMsPerMinute > range.begin_ms;
}

// The whole minutes of a range.
FinalRange WholeMinutes(const FinalRange& range) {
  return {(range.begin_ms + kMsPerMinute - 1) / kMsPerMinute * kMsPerMinute,
          range.end_ms / kMsPerMinute * kMsPerMinute};
}

std::string TimeText(int64_t unix_ms) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixMillis(unix_ms), absl::UTCTimeZone());
}

}  // namespace

void FinalGuard::Touch(SeriesId series, Minute begin, Minute end) {
  auto it = known_.find(series);
  const bool is_new = it == known_.end();
  if (is_new) {
    it = known_
             .emplace(series,
                      std::pair{catalog_->SiteNameOf(series), catalog_->ProfileTypeOf(series)})
             .first;
  }
  const auto [place, added] = touched_.try_emplace(it->second, Touched{begin, end, {}});
  Touched& touched = place->second;
  touched.begin = std::min(touched.begin, begin);
  touched.end = std::max(touched.end, end);
  if (is_new) touched.series.push_back(series);
}

void FinalGuard::AddSamples(absl::Span<const Sample> samples, Level resolution) {
  samples_ = samples;
  resolution_ = resolution;
  std::map<SeriesId, std::pair<Minute, Minute>> spans;  // first and last minute
  std::pair<Minute, Minute>* span = nullptr;
  SeriesId series{};
  for (const Sample& sample : samples) {
    if (span == nullptr || sample.series != series) {
      series = sample.series;
      span = &spans.try_emplace(series, sample.minute, sample.minute).first->second;
    }
    span->first = std::min(span->first, sample.minute);
    span->second = std::max(span->second, sample.minute);
  }
  for (const auto& [id, minutes] : spans) {
    Touch(id, BucketAt(resolution, minutes.first).start,
          BucketAt(resolution, minutes.second).end());
  }
}

void FinalGuard::AddBucket(SeriesId series, const Bucket& bucket) {
  buckets_.emplace_back(series, bucket);
  Touch(series, bucket.start, bucket.end());
}

KeyedRecords FinalGuard::Records() const { return Keyed(progress_->All(), *catalog_); }

bool FinalGuard::IsAfter(int64_t other_begin_ms) const {
  for (const auto& [source, record] : progress_->All()) {
    if (record.recorded_from_ms == 0 || !IsLive(catalog_->SourceOf(source).kind)) continue;
    other_begin_ms = std::min(other_begin_ms, record.recorded_from_ms);
  }
  const KeyedRecords records = Records();
  return std::any_of(touched_.begin(), touched_.end(), [&](const auto& entry) {
    const auto& [site, type] = entry.first;
    return int64_t{entry.second.end} * kMsPerMinute > other_begin_ms &&
           !IsPushed(records, site, type);
  });
}

bool FinalGuard::Overlaps(const Touched& touched, const FinalRange& range) const {
  if (!Overlap(touched.begin, touched.end, range)) return false;
  const auto of_type = [&](SeriesId series) {
    return std::find(touched.series.begin(), touched.series.end(), series) != touched.series.end();
  };
  const bool sample = std::any_of(samples_.begin(), samples_.end(), [&](const Sample& one) {
    const Bucket bucket = BucketAt(resolution_, one.minute);
    return Overlap(bucket.start, bucket.end(), range) && of_type(one.series);
  });
  return sample || std::any_of(buckets_.begin(), buckets_.end(), [&](const auto& one) {
           return Overlap(one.second.start, one.second.end(), range) && of_type(one.first);
         });
}

absl::Status FinalGuard::Check() const {
  if (touched_.empty()) return absl::OkStatus();
  const KeyedRecords records = Records();
  for (const auto& [key, touched] : touched_) {
    const auto& [site, type] = key;
    for (const FinalRange& range : FinalRangesOf(records, site, type)) {
      if (!Overlaps(touched, range)) continue;
      return Error(absl::StatusCode::kFailedPrecondition,
                   "samples of {} at site {} between {} and {} can not be {}: live sources "
                   "have made this range final, so answers over it must not change: import what "
                   "lies before it, or import with --amend if they are to change all the same",
                   type, site, TimeText(range.begin_ms), TimeText(range.end_ms),
                   pushed_ ? "pushed" : "imported");
    }
  }
  return absl::OkStatus();
}

std::optional<Batch> FinalGuard::WithoutFinal(const Batch& batch) const {
  std::map<SeriesId, std::vector<FinalRange>> final;
  const KeyedRecords records = Records();
  for (const auto& [key, touched] : touched_) {
    std::vector<FinalRange> ranges;
    for (const FinalRange& range : FinalRangesOf(records, key.first, key.second)) {
      const FinalRange whole = WholeMinutes(range);
      if (whole.begin_ms < whole.end_ms && Overlap(touched.begin, touched.end, whole)) {
        ranges.push_back(whole);
      }
    }
    if (ranges.empty()) continue;
    for (const SeriesId series : touched.series) final[series] = ranges;
  }
  if (final.empty()) return std::nullopt;
  Batch kept = batch;
  std::erase_if(kept.samples, [&](const Sample& sample) {
    const auto ranges = final.find(sample.series);
    if (ranges == final.end()) return false;
    const Bucket bucket = BucketAt(resolution_, sample.minute);
    return std::any_of(ranges->second.begin(), ranges->second.end(), [&](const auto& range) {
      return Overlap(bucket.start, bucket.end(), range);
    });
  });
  return kept;
}

}  // namespace flamekeep::storage
