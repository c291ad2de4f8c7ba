// Counts columns as they are read, without holding them: with a second thread, which counts while
// the first one reads on. The first one counts, too, where columns come faster.
//
// Thread safety: none; the thread that made it uses it. `count` is called from two threads at once.
// The helper ends at the latest when the object is destroyed.
#ifndef FLAMEKEEP_QUERY_COLUMN_COUNTER_H_
#define FLAMEKEEP_QUERY_COLUMN_COUNTER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "storage/snapshot.h"

namespace flamekeep::query {

class ColumnCounter {
 public:
  using Count = std::function<absl::Status(const storage::ColumnHandle& column)>;
  using Column = std::unique_ptr<storage::ColumnHandle>;

  // Columns that may wait for the helper.
  static constexpr size_t kMaxWaiting = 64;
  static constexpr uint64_t kMaxWaitingBytes = uint64_t{16} << 20;

  ColumnCounter(Count count, bool threaded);
  ~ColumnCounter();
  ColumnCounter(const ColumnCounter&) = delete;
  ColumnCounter& operator=(const ColumnCounter&) = delete;

  // Counts a column now or later. Errors: the first one of `count`, of any column so far.
  absl::Status Add(Column column) ABSL_LOCKS_EXCLUDED(mutex_);
  // Counts what waits, and tells whether all of it went well. REQUIRES: nothing is added any more.
  absl::Status Finish() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  // The column that waits longest; null where none does.
  Column Take() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Count count_;
  std::optional<std::thread> helper_;

  absl::Mutex mutex_;
  std::deque<Column> waiting_ ABSL_GUARDED_BY(mutex_);
  uint64_t waiting_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status error_ ABSL_GUARDED_BY(mutex_);  // of the helper
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_COLUMN_COUNTER_H_
