#include "query/result_cache.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <iterator>
#include <string>

namespace flamekeep::query {

CacheKey MakeCacheKey(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += fmt::format("{}:{};", part.size(), part);
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return {hash.high64, hash.low64};
}

ResultCache::ResultCache(const Options& options) : options_(options) {
  if (options_.metrics != nullptr) {
    hits_ = &options_.metrics->GetCounter("query_cache_hits_total", Severity::kInfo,
                                          "answers that had been given before and were kept");
    misses_ = &options_.metrics->GetCounter("query_cache_misses_total", Severity::kInfo,
                                            "answers that were made, as none was kept");
    evicted_ = &options_.metrics->GetCounter("query_cache_evicted_total", Severity::kInfo,
                                             "kept answers that made room for others");
    gauge_ =
        &options_.metrics->GetGauge("query_cache_bytes", "memory of the answers that are kept");
  }
  if (options_.budget != nullptr) {
    options_.budget->SetReclaim([this](uint64_t missing) { Drop(missing); });
  }
}

ResultCache::~ResultCache() {
  Drop(options_.max_bytes);
  if (options_.budget != nullptr) options_.budget->SetReclaim(nullptr);
}

std::shared_ptr<const void> ResultCache::FindAny(const CacheKey& key) {
  const absl::MutexLock lock(&mutex_);
  const auto found = index_.find(key);
  if (found == index_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->answer;
}

bool ResultCache::Contains(const CacheKey& key) const {
  const absl::MutexLock lock(&mutex_);
  return index_.contains(key);
}

void ResultCache::Insert(const CacheKey& key, std::shared_ptr<const void> answer, uint64_t bytes) {
  if (!MayKeep(bytes)) return;
  bytes += kBytesPerEntry;
  Entries dropped;  // their answers are destroyed outside of the lock
  const absl::MutexLock lock(&mutex_);
  if (index_.contains(key)) return;  // equal keys, equal answers
  Give(ShrinkTo(options_.max_bytes - bytes, &dropped));
  // Queries come first: what is left over may be too little.
  if (options_.budget != nullptr && !options_.budget->TakeUnused(bytes)) return;
  entries_.push_front({key, std::move(answer), bytes});
  index_[key] = entries_.begin();
  bytes_ += bytes;
  if (gauge_ != nullptr) gauge_->Set(static_cast<double>(bytes_));
}

uint64_t ResultCache::ShrinkTo(uint64_t bytes, Entries* dropped) {
  const uint64_t before = bytes_;
  while (bytes_ > bytes) {
    const auto last = std::prev(entries_.end());
    bytes_ -= last->bytes;
    index_.erase(last->key);
    dropped->splice(dropped->end(), entries_, last);
    if (evicted_ != nullptr) evicted_->Add();
  }
  if (gauge_ != nullptr) gauge_->Set(static_cast<double>(bytes_));
  return before - bytes_;
}

void ResultCache::Give(uint64_t bytes) const {
  if (options_.budget != nullptr && bytes != 0) options_.budget->Give(bytes);
}

void ResultCache::Drop(uint64_t bytes) {
  Entries dropped;
  {
    const absl::MutexLock lock(&mutex_);
    Give(ShrinkTo(bytes_ - std::min(bytes_, bytes), &dropped));
  }
}

uint64_t ResultCache::bytes() const {
  const absl::MutexLock lock(&mutex_);
  return bytes_;
}

}  // namespace flamekeep::query
