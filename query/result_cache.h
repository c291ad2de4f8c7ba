// Answers that were given before, kept for who asks the same again.
//
// A key tells all that an answer's content depends on: the question with the view, and the content
// that was summed. So an entry is never wrong, whatever is written, deleted or rolled up; what can
// not be asked for any more is the first to go. Answers may be of any type: the view is a part of
// the key, so that one key always has the same type.
//
//   const CacheKey key = MakeCacheKey({"graph", question, content});
//   if (std::shared_ptr<const FlameGraph> graph = cache.Find<FlameGraph>(key)) return graph;
//   ...
//   cache.Insert(key, std::make_shared<const FlameGraph>(...), bytes);
//
// Bounded in bytes; the least recently used go first. Its memory is a part of the queries' budget,
// and makes room where a query needs it.
//
// Thread safety: all methods. Answers are shared and never changed.
#ifndef FLAMEKEEP_QUERY_RESULT_CACHE_H_
#define FLAMEKEEP_QUERY_RESULT_CACHE_H_

#include <cstdint>
#include <initializer_list>
#include <list>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "base/metrics.h"
#include "query/memory_budget.h"

namespace flamekeep::query {

// 128 bits of a hash.
using CacheKey = std::pair<uint64_t, uint64_t>;

// Different lists of parts have different keys.
CacheKey MakeCacheKey(std::initializer_list<std::string_view> parts);

class ResultCache {
 public:
  // What an entry takes besides its answer.
  static constexpr uint64_t kBytesPerEntry = 160;

  struct Options {
    uint64_t max_bytes = 0;          // 0: keeps nothing
    MemoryBudget* budget = nullptr;  // not owned; null: none. Its reclaim is set
    Metrics* metrics = nullptr;      // not owned; may be null
  };

  explicit ResultCache(const Options& options);
  ~ResultCache();
  ResultCache(const ResultCache&) = delete;
  ResultCache& operator=(const ResultCache&) = delete;

  // Null where there is none. REQUIRES: what was inserted under the key is an Answer.
  template <typename Answer>
  std::shared_ptr<const Answer> Find(const CacheKey& key) {
    return std::static_pointer_cast<const Answer>(FindAny(key));
  }
  // Counts as no use.
  bool Contains(const CacheKey& key) const ABSL_LOCKS_EXCLUDED(mutex_);

  // Whether an answer of this size may be kept: half of the cache is the most.
  bool MayKeep(uint64_t bytes) const { return bytes + kBytesPerEntry <= options_.max_bytes / 2; }

  // `bytes`: what the answer takes.
  void Insert(const CacheKey& key, std::shared_ptr<const void> answer, uint64_t bytes)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Of answers that were looked for, by whoever asks a question: found or not.
  void CountLookup(bool hit) {
    Counter* const counter = hit ? hits_ : misses_;
    if (counter != nullptr) counter->Add();
  }

  // Drops the least recently used entries of `bytes`, or all.
  void Drop(uint64_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);

  uint64_t bytes() const ABSL_LOCKS_EXCLUDED(mutex_);
  uint64_t max_bytes() const { return options_.max_bytes; }

 private:
  struct Entry {
    CacheKey key;
    std::shared_ptr<const void> answer;
    uint64_t bytes = 0;  // in all
  };
  using Entries = std::list<Entry>;

  std::shared_ptr<const void> FindAny(const CacheKey& key) ABSL_LOCKS_EXCLUDED(mutex_);
  // Moves the last entries to `dropped` until at most `bytes` are left; what they took.
  uint64_t ShrinkTo(uint64_t bytes, Entries* dropped) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Give(uint64_t bytes) const;

  const Options options_;
  Counter* hits_ = nullptr;
  Counter* misses_ = nullptr;
  Counter* evicted_ = nullptr;
  Gauge* gauge_ = nullptr;

  mutable absl::Mutex mutex_;
  Entries entries_ ABSL_GUARDED_BY(mutex_);  // the most recently used first
  absl::flat_hash_map<CacheKey, Entries::iterator> index_ ABSL_GUARDED_BY(mutex_);
  uint64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_RESULT_CACHE_H_
