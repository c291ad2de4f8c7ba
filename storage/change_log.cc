#include "storage/change_log.h"

#include <algorithm>

namespace flamekeep::storage {

void ChangedBuckets::Add(SiteId site, const Bucket& bucket) {
  buckets_.emplace(site, BucketAt(std::max(bucket.level, Level::kHour), bucket.start));
}

void ChangedBuckets::Add(SiteId site, MinuteRange range) {
  Minute at = range.begin;
  while (at < range.end) {
    Bucket largest = BucketAt(Level::kHour, at);
    for (Level level = Level::kDay; level <= Level::kYear; level = Coarser(level)) {
      const Bucket bucket = BucketAt(level, at);
      if (bucket.start != at || bucket.end() > range.end) break;
      largest = bucket;
      if (level == Level::kYear) break;
    }
    buckets_.emplace(site, largest);
    at = largest.end();
  }
}

void ChangeLog::Note(const ChangedBuckets& changed, uint64_t commit) {
  if (changed.buckets().empty()) return;
  const absl::MutexLock lock(&mutex_);
  for (const auto& key : changed.buckets()) commits_[key] = commit;
}

uint64_t ChangeLog::LastChange(const std::vector<SiteId>& sites, MinuteRange range) const {
  uint64_t last = 0;
  const absl::MutexLock lock(&mutex_);
  for (const SiteId site : sites) {
    for (const Level level : kLevels) {
      if (level == Level::kMinute) continue;
      const Bucket first = BucketAt(level, range.begin);
      for (auto it = commits_.lower_bound({site, first});
           it != commits_.end() && it->first < std::pair(site, Bucket{level, range.end}); ++it) {
        last = std::max(last, it->second);
      }
    }
  }
  return last;
}

}  // namespace flamekeep::storage
