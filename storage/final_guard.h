// Keeps imports that do not amend, and what clients push, out of a range that live sources have
// made final: an import is refused whole; of a pushed batch the samples are left out, since the
// rest of it would otherwise never get in.
//
// Made for one batch or replacement, asked by the Committer before it takes it. What
// is durable decides: progress in the head is committed with the import or after it, and while
// progress is on its way to the disk the Committer waits where it may matter (IsAfter()).
//
// Thread safety: none. Ownership: catalog, progress and samples outlive it.
#ifndef FLAMEKEEP_STORAGE_FINAL_GUARD_H_
#define FLAMEKEEP_STORAGE_FINAL_GUARD_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "storage/bucket.h"
#include "storage/catalog.h"
#include "storage/progress.h"
#include "storage/store.h"

namespace flamekeep::storage {

class FinalGuard {
 public:
  FinalGuard(const Catalog* catalog, const ProgressTable* progress, bool pushed)
      : catalog_(catalog), progress_(progress), pushed_(pushed) {}

  bool pushed() const { return pushed_; }

  // The samples of a batch whose times are known at `resolution`.
  void AddSamples(absl::Span<const Sample> samples, Level resolution);
  // A bucket in which the content of a series changes.
  void AddBucket(SeriesId series, const Bucket& bucket);

  // Whether it reaches behind the first moment at which a live source of its sites was read, or
  // `other_begin_ms`, with a type that no client pushes so far: only then can progress matter.
  bool IsAfter(int64_t other_begin_ms) const;

  // Errors: FAILED_PRECONDITION where some of it falls into a final range; the message names type,
  // site, the range and the way out.
  absl::Status Check() const;

  // The batch of AddSamples() without the samples that fall into whole minutes of a final range: no
  // answer that is final holds part of a minute. Nothing where all may stay.
  std::optional<Batch> WithoutFinal(const Batch& batch) const;

 private:
  // Of one site and profile type: the minutes that are touched lie in [begin, end), and each sample
  // in a bucket of its own.
  struct Touched {
    Minute begin = 0;
    Minute end = 0;
    std::vector<SeriesId> series;
  };

  void Touch(SeriesId series, Minute begin, Minute end);
  bool Overlaps(const Touched& touched, const FinalRange& range) const;
  KeyedRecords Records() const;

  const Catalog* const catalog_;
  const ProgressTable* const progress_;
  const bool pushed_;
  absl::Span<const Sample> samples_;
  Level resolution_ = Level::kMinute;
  std::vector<std::pair<SeriesId, Bucket>> buckets_;
  std::map<SeriesId, std::pair<std::string, std::string>> known_;  // site and type of a series
  std::map<std::pair<std::string, std::string>, Touched> touched_;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_FINAL_GUARD_H_
