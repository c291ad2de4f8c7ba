// The sums of many columns, window by window from the highest ids to the lowest; for large scans a
// second thread decodes and adds up columns ahead of the one that uses the sums. Before that, each
// of the two takes in half of the columns: small ones are decoded at once (column_scan.h).
//
// It may be far ahead: high windows, which hold what is new and rare, are quickly decoded and take
// long to be used, and low ones the other way round. What waits is packed, and bounded.
//
//   WindowStream stream(tree.size());
//   for (std::string_view column : columns) FLAMEKEEP_RETURN_IF_ERROR(stream.Add(column));
//   stream.Start();
//   while (true) {
//     FLAMEKEEP_ASSIGN_OR_RETURN(const WindowStream::Window* window, stream.Next());
//     if (window == nullptr) break;
//     ...
//   }
//
// Thread safety: none; the thread that made it uses it. The helper thread ends at the latest when
// the stream is destroyed. Errors: DATA_LOSS for a damaged column, or one that holds ids which the
// tree has not; and those of the check. Damage behind a column's header shows in Next().
#ifndef FLAMEKEEP_QUERY_WINDOW_STREAM_H_
#define FLAMEKEEP_QUERY_WINDOW_STREAM_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "storage/column_scan.h"

namespace flamekeep::query {

// From so many pairs on the second thread pays.
inline constexpr uint64_t kPairsForThread = 1'000'000;

class WindowStream {
 public:
  // The sums of one window, ids descending.
  struct Window {
    uint32_t number = 0;                // of the window: its ids start at number * kWindowIds
    size_t size = 0;                    // of both lists; never 0
    const uint16_t* offsets = nullptr;  // of the ids within the window
    const uint64_t* values = nullptr;
    bool saturated = false;  // some value
  };

  // `tree_size` bounds the ids.
  explicit WindowStream(uint32_t tree_size) : tree_size_(tree_size) {}
  ~WindowStream();
  WindowStream(const WindowStream&) = delete;
  WindowStream& operator=(const WindowStream&) = delete;

  // `encoded` must stay where it is until the stream is destroyed. REQUIRES: not started.
  absl::Status Add(std::string_view encoded);

  // The sum of the headers of what was added.
  const storage::ColumnHeader& header() const { return header_; }

  // Whether a second thread pays.
  bool is_large() const { return header().pairs >= kPairsForThread; }
  // What it takes to scan them, at most. REQUIRES: not started.
  uint64_t memory_bytes(bool threaded) const;

  // Asked between columns and while a window is summed, from both threads: its error ends the
  // stream.
  void SetCheck(std::function<absl::Status()> check) { check_ = std::move(check); }

  // No more columns. `threaded`: whether to use a second thread. Takes as long as it takes to
  // decode the small columns.
  void Start(bool threaded);
  void Start() { Start(is_large()); }

  // The next window that has sums, valid until the next call; null at the end.
  absl::StatusOr<const Window*> Next() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // Of windows that wait to be used.
  static constexpr uint64_t kMaxWaitingBytes = uint64_t{64} << 20;

  // A window that waits, or the error or the end that comes instead.
  struct Packed {
    absl::Status error;
    uint32_t number = 0;
    size_t size = 0;  // 0: the end
    bool saturated = false;
    std::unique_ptr<uint16_t[]> offsets;
    // One of the two: 32 bits where all values fit.
    std::unique_ptr<uint32_t[]> values32;
    std::unique_ptr<uint64_t[]> values64;

    bool is_last() const { return size == 0; }
    uint64_t bytes() const;
  };

  struct Column {
    std::string_view encoded;
    uint32_t pairs;
  };
  // A part of the columns, and what became of taking it in.
  struct Part {
    std::vector<std::string_view> columns;
    uint64_t pairs = 0;
    storage::ColumnScan scan;
    absl::Status status;
  };

  void TakeIn(Part* part);
  // The number of the highest window that some part has pairs in.
  std::optional<uint32_t> NextWindow() const;
  // Sums the next window up into the lists; null at the end.
  absl::StatusOr<const Window*> Fill();
  Packed Pack(const absl::StatusOr<const Window*>& filled) const;
  // The lists of what was packed.
  absl::StatusOr<const Window*> Unpack();
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);

  const uint32_t tree_size_;
  storage::ColumnHeader header_;
  uint64_t scan_bytes_ = 0;      // at most
  std::vector<Column> columns_;  // until they are divided
  std::function<absl::Status()> check_;

  // The first is taken in by the caller, the second by the helper thread, whose they are from then
  // on.
  std::array<Part, 2> parts_;
  std::atomic<bool> failed_ = false;  // to take one of them in
  storage::WindowSums sums_;
  Window filled_;
  std::vector<uint16_t> offsets_;
  std::vector<uint64_t> values_;
  std::optional<std::thread> thread_;

  // Of the caller, where there is a helper thread.
  Packed current_;
  Window unpacked_;
  std::vector<uint64_t> unpacked_values_;

  absl::Mutex mutex_;
  bool first_is_in_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Packed> waiting_ ABSL_GUARDED_BY(mutex_);
  uint64_t waiting_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_WINDOW_STREAM_H_
