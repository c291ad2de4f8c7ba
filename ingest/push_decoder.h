// The batches of one source -> samples: lines, or profiles.
//
// Thread safety: belongs to one thread at a time. Ownership: store and pipeline outlive it.
#ifndef FLAMEKEEP_INGEST_PUSH_DECODER_H_
#define FLAMEKEEP_INGEST_PUSH_DECODER_H_

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ingest/line_stream.h"
#include "ingest/pipeline.h"
#include "ingest/profile_stream.h"
#include "ingest/push_batch.h"
#include "ingest/push_bounds.h"
#include "ingest/push_identity.h"
#include "ingest/sample_stream.h"
#include "storage/bucket.h"
#include "storage/store.h"

namespace flamekeep::ingest {

// The samples of one batch.
struct DecodedBatch {
  std::vector<storage::Sample> samples;
  storage::Level resolution = storage::Level::kMinute;  // at which their time is known
};

// Takes a profile apart for a stream that is told nothing else of it. Errors: those of the form.
using DecodeProfile = absl::FunctionRef<absl::StatusOr<storage::Level>(
    ProfileStream* stream, std::vector<storage::Sample>* samples)>;

class PushDecoder {
 public:
  // Errors: INVALID_ARGUMENT for an identity outside its rules; FAILED_PRECONDITION where the store
  // can hold no more sites, or the site no more types.
  static absl::StatusOr<std::unique_ptr<PushDecoder>> Make(const PushIdentity& identity,
                                                           const PushBounds& bounds,
                                                           std::function<absl::Time()> now,
                                                           storage::Store* store,
                                                           Pipeline* pipeline);

  // Errors: INVALID_ARGUMENT for a broken zstd frame, or what is no profile; RESOURCE_EXHAUSTED for
  // a batch that is too large, FAILED_PRECONDITION where the store can hold no more ids.
  // REQUIRES: the format is not kProfile.
  absl::StatusOr<DecodedBatch> Decode(const PushBatch& batch);
  // REQUIRES: the format is kProfile.
  absl::StatusOr<DecodedBatch> Decode(DecodeProfile decode);

  // Samples of the last batch that the store left out, as they lie in a final range.
  void CountFinal(uint64_t samples) {
    if (samples > 0) stream().CountRejected(samples, Reject::kFinal);
  }

  const CheckedIdentity& identity() const { return identity_; }
  const LineCounts& counts() const { return stream().counts(); }  // so far

 private:
  PushDecoder() = default;

  const SampleStream& stream() const {
    return lines_ != nullptr ? static_cast<const SampleStream&>(*lines_) : *profiles_;
  }
  SampleStream& stream() {
    return lines_ != nullptr ? static_cast<SampleStream&>(*lines_) : *profiles_;
  }
  absl::Status DecodeLines(std::string_view text, std::vector<storage::Sample>* samples);
  absl::StatusOr<DecodedBatch> DecodeOnePprof(std::string_view bytes);
  // Why a batch of folded lines of this minute is not taken in.
  Reject CheckTime(storage::Minute minute) const;

  CheckedIdentity identity_;
  std::optional<PushBounds> bounds_;  // of pushes
  std::function<absl::Time()> now_;
  std::unique_ptr<LineStream> lines_;  // one of these
  std::unique_ptr<ProfileStream> profiles_;
  TypeHandle type_{};  // folded lines
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_PUSH_DECODER_H_
