// An Interner in memory, for tests: it can tell the names behind its ids.
//
// Thread safety: all methods.
#ifndef FLAMEKEEP_INGEST_FAKE_INTERNER_H_
#define FLAMEKEEP_INGEST_FAKE_INTERNER_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "ingest/interner.h"
#include "storage/ids.h"
#include "storage/registry.h"

namespace flamekeep::ingest {

class FakeInterner final : public Interner {
 public:
  absl::StatusOr<storage::FrameId> InternFrame(std::string_view function,
                                               std::string_view file) override {
    absl::MutexLock lock(&mutex_);
    std::string name(function);
    if (!file.empty()) name.append("@").append(file);
    return storage::FrameId{frames_.IdOf(name)};
  }

  absl::StatusOr<storage::StackId> InternStack(
      absl::Span<const storage::FrameId> root_first) override {
    absl::MutexLock lock(&mutex_);
    if (full_) return absl::FailedPreconditionError("no ids left");
    std::string folded;
    for (const storage::FrameId frame : root_first) {
      if (!folded.empty()) folded += ';';
      folded += frames_.names[Raw(frame)];
    }
    return storage::StackId{stacks_.IdOf(folded)};
  }

  absl::StatusOr<storage::SeriesId> InternSeries(const storage::SeriesKey& key) override {
    absl::MutexLock lock(&mutex_);
    for (uint32_t i = 0; i < series_.size(); ++i) {
      if (series_[i] == key) return storage::SeriesId{i + 1};
    }
    series_.push_back(key);
    return storage::SeriesId{static_cast<uint32_t>(series_.size())};
  }

  std::vector<storage::SeriesKey> Series() const override {
    absl::MutexLock lock(&mutex_);
    return series_;
  }

  // The frames of a stack, joined by ";", those with a file as "function@file".
  std::string Folded(storage::StackId id) const {
    absl::MutexLock lock(&mutex_);
    return stacks_.names[Raw(id)];
  }
  storage::SeriesKey SeriesOf(storage::SeriesId id) const {
    absl::MutexLock lock(&mutex_);
    return series_[Raw(id) - 1];
  }
  // From now on there are no ids for stacks.
  void set_full(bool full) {
    absl::MutexLock lock(&mutex_);
    full_ = full;
  }

 private:
  // Id 0 has the empty name.
  struct Names {
    std::vector<std::string> names{""};
    std::map<std::string, uint32_t> ids{{"", 0}};

    uint32_t IdOf(const std::string& name) {
      const auto [it, added] = ids.emplace(name, static_cast<uint32_t>(names.size()));
      if (added) names.push_back(name);
      return it->second;
    }
  };

  mutable absl::Mutex mutex_;
  Names frames_ ABSL_GUARDED_BY(mutex_);
  Names stacks_ ABSL_GUARDED_BY(mutex_);
  std::vector<storage::SeriesKey> series_ ABSL_GUARDED_BY(mutex_);
  bool full_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_FAKE_INTERNER_H_
