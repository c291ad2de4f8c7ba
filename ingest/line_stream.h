// One source's lines -> samples. See pipeline.h.
//
// Thread safety: belongs to one thread at a time; several streams work at once on the caches of
// their pipeline without waiting for each other. Ownership: the pipeline outlives its streams.
#ifndef FLAMEKEEP_INGEST_LINE_STREAM_H_
#define FLAMEKEEP_INGEST_LINE_STREAM_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "base/string_hash.h"
#include "ingest/folded.h"
#include "ingest/hash_cache.h"
#include "ingest/push_bounds.h"
#include "ingest/reject.h"
#include "ingest/series_cap.h"
#include "ingest/stack_decoder.h"
#include "storage/bucket.h"
#include "storage/ids.h"
#include "storage/profile_type.h"
#include "storage/registry.h"
#include "storage/store.h"

namespace flamekeep::ingest {

class Pipeline;

// How far ahead of this server's clock a sample may be: clocks go wrong, and a bucket of a far
// future would wait for its rollup until then.
inline constexpr absl::Duration kMaxAhead = absl::Hours(24);

// What became of some lines.
struct LineCounts {
  uint64_t lines = 0;                            // not empty
  uint64_t samples = 0;                          // taken in
  uint64_t rejected = 0;                         // counted by reason in the metrics, too
  std::array<uint64_t, kRejectCount> reasons{};  // why; their sum is `rejected`

  bool operator==(const LineCounts&) const = default;
};

struct StreamOptions {
  std::string site;
  std::string source;                // names the counters: a channel, or "push", "import"
  storage::Labels extra_labels;      // of every sample; labels that the rules find win
  std::optional<PushBounds> bounds;  // of timed lines
};

// A profile type within one stream.
enum class TypeHandle : uint32_t {};

class LineStream {
 public:
  LineStream(const LineStream&) = delete;
  LineStream& operator=(const LineStream&) = delete;

  // The handle of a profile type. Errors: FAILED_PRECONDITION where the site has too many types.
  absl::StatusOr<TypeHandle> Type(const storage::ProfileType& type);

  // Appends the samples of folded lines, which are all of one type and time. Lines that can not be
  // taken in are counted. Errors (the rest of the lines is then not decoded, and `counts` stay as
  // they were): FAILED_PRECONDITION where the store can hold no more ids; INVALID_ARGUMENT for a
  // site or an extra label outside its rules.
  // With `refusal`, none of the lines is taken in, for that reason.
  absl::Status DecodeFolded(std::string_view lines, TypeHandle type, storage::Minute minute,
                            std::vector<storage::Sample>* samples, Reject refusal = Reject::kNone);
  // Appends the samples of lines with their own times and channels. Times before 1970 or over
  // kMaxAhead in the future are out of range, others may be too late or too early.
  absl::Status DecodeTimed(std::string_view lines, std::vector<storage::Sample>* samples);

  // Counts samples that it gave, and that the store did not take, as rejected.
  void CountRejected(uint64_t samples, Reject reason);

  // Of this stream so far.
  const LineCounts& counts() const { return counts_; }

 private:
  friend class Pipeline;

  // A label set's series, as far as the stream has met it.
  struct KnownSeries {
    storage::SeriesId id{};  // 0: not met
    bool unlabelled = false;
  };
  struct TypeSeries {
    std::string type;
    std::vector<KnownSeries> series;  // by label set
  };
  // A line between its two steps.
  struct Pending {
    std::string_view stack;
    HashCache::Key key;
    uint64_t count;
    TypeHandle type;
    storage::Minute minute;
  };
  struct StackCounter {
    uint8_t flag;
    Counter* counter;
  };

  LineStream(Pipeline* pipeline, StreamOptions options);

  template <typename Parse>
  absl::Status DecodeLines(std::string_view lines, std::vector<storage::Sample>* samples,
                           Parse parse);
  absl::Status Finish(const Pending& pending, std::vector<storage::Sample>* samples);
  absl::StatusOr<KnownSeries> FindSeries(TypeHandle type, LabelSetId labels);
  Reject FindChannel(std::string_view channel, TypeHandle* type);
  // Of one call of DecodeLines(): they count only where it succeeds.
  void AddReject(Reject reject) { ++batch_reasons_[static_cast<size_t>(reject)]; }
  void CountFlags(uint8_t flags);

  Pipeline* const pipeline_;
  const StreamOptions options_;
  LineCounts counts_;
  std::array<uint64_t, kRejectCount> batch_reasons_{};
  std::vector<TypeSeries> types_;
  absl::flat_hash_map<std::string, TypeHandle, StringHash, std::equal_to<>> channels_;
  // The channel of the line before: most often that of the next one.
  std::string last_channel_;
  std::optional<TypeHandle> last_type_;

  RejectCounters rejected_;
  Counter& lines_counter_;
  Counter& bytes_counter_;
  Counter& samples_counter_;
  Counter& empty_lines_;
  Counter& unlabelled_;
  std::vector<StackCounter> stack_counters_;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_LINE_STREAM_H_
