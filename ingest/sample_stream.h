// What all decoders of one source share: the profile types and series that it has met, and the
// counters that tell what became of what it sent. LineStream decodes lines, ProfileStream whole
// profiles.
//
// Thread safety: belongs to one thread at a time; several streams work at once on the caches of
// their pipeline without waiting for each other. Ownership: the pipeline outlives its streams.
#ifndef FLAMEKEEP_INGEST_SAMPLE_STREAM_H_
#define FLAMEKEEP_INGEST_SAMPLE_STREAM_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "ingest/label_salts.h"
#include "ingest/push_bounds.h"
#include "ingest/reject.h"
#include "ingest/relabel.h"
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

// What became of some lines. The samples of a profile are lines, too: one for each value.
struct LineCounts {
  uint64_t lines = 0;                            // not empty
  uint64_t samples = 0;                          // taken in
  uint64_t rejected = 0;                         // counted by reason in the metrics, too
  std::array<uint64_t, kRejectCount> reasons{};  // why; their sum is `rejected`
  std::string full;                              // of kTooManySeries: a sentence on the first one

  bool operator==(const LineCounts&) const = default;
};

// What a client is told of samples that were rejected.
std::string RejectedSentence(const LineCounts& counts, Reject reason, const PushBounds& bounds);

struct StreamOptions {
  std::string site;
  std::string source;                // names the counters: a channel, or "push", "import"
  Relabel relabel;                   // of labels that the rules find and that samples bring
  RelabelledLabels extra_labels;     // of every sample; labels that the rules find win
  std::optional<PushBounds> bounds;  // of samples with times of their own
  Beyond beyond = Beyond::kUnlabel;  // what becomes of samples where there are too many series
};

// A profile type within one stream.
enum class TypeHandle : uint32_t {};

class SampleStream {
 public:
  SampleStream(const SampleStream&) = delete;
  SampleStream& operator=(const SampleStream&) = delete;

  // The handle of a profile type. Errors: FAILED_PRECONDITION where the site has too many types.
  absl::StatusOr<TypeHandle> Type(const storage::ProfileType& type);

  // Counts samples that it gave, and that the store did not take, as rejected.
  void CountRejected(uint64_t samples, Reject reason);

  // Of this stream so far.
  const LineCounts& counts() const { return counts_; }
  // Samples since it was made that lack a label for want of a salt.
  uint64_t unhashed() const { return unhashed_; }

 protected:
  // A sample but for its stack.
  struct Weight {
    TypeHandle type;
    storage::Minute minute;
    uint64_t value;
    uint32_t observations = 1;
  };

  SampleStream(Pipeline* pipeline, StreamOptions options);
  ~SampleStream() = default;

  // What comes between these counts only with the second: an error leaves the counts as they were.
  void BeginCounting(const std::vector<storage::Sample>& samples);
  void EndCounting(uint64_t received, uint64_t bytes, const std::vector<storage::Sample>& samples);
  void AddReject(Reject reject, uint64_t n = 1) { reasons_[static_cast<size_t>(reject)] += n; }

  // Whether scope() is that of samples of the minute; where it is not, Enter() makes it so. It ends
  // with EndCounting(), so that no salt is held for longer than it lives.
  bool Holds(storage::Minute minute) const {
    return !hashes_ || (minute >= entered_.begin && minute < entered_.end);
  }
  void Enter(storage::Minute minute);
  const LabelScope& scope() const { return scope_; }

  // Appends a sample, or counts why it can not be one. REQUIRES: its minute is held. Errors:
  // INVALID_ARGUMENT for a site or an extra label outside its rules.
  absl::Status AddSample(const DecodedStack& stack, const Weight& weight,
                         std::vector<storage::Sample>* samples);

  Pipeline* const pipeline_;
  const StreamOptions options_;

 private:
  // A label set's series, as far as the stream has met it.
  struct KnownSeries {
    bool met = false;
    SeriesCap::Fate fate = SeriesCap::Fate::kWhole;
    storage::SeriesId id{};  // not where it is refused
  };
  struct TypeSeries {
    std::string type;
    std::vector<KnownSeries> series;  // by label set
  };
  struct StackCounter {
    uint8_t flag;
    Counter* counter;
  };

  absl::StatusOr<KnownSeries> FindSeries(TypeHandle type, LabelSetId labels);
  void CountFlags(uint8_t flags);
  void SetScope(std::shared_ptr<const LabelKey> key);

  LabelSalts* const pipeline_salts_;  // null: none
  const bool hashes_;                 // whether what labels become depends on the time of a sample
  const bool extra_hashed_;
  LabelSalts::Minutes entered_;  // where hashes_: the minutes that scope_ is good for
  LabelScope scope_;
  storage::Labels extra_labels_;  // in the scope
  uint8_t extra_flags_ = 0;
  uint64_t unhashed_ = 0;

  LineCounts counts_;
  std::array<uint64_t, kRejectCount> reasons_{};  // since BeginCounting()
  size_t samples_before_ = 0;
  std::vector<TypeSeries> types_;

  RejectCounters rejected_;
  Counter& lines_counter_;
  Counter& bytes_counter_;
  Counter& samples_counter_;
  Counter& unlabelled_;
  std::vector<StackCounter> stack_counters_;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_SAMPLE_STREAM_H_
