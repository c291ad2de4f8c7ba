// The batches of one source -> samples.
//
// Thread safety: belongs to one thread at a time. Ownership: store and pipeline outlive it.
#ifndef FLAMEKEEP_INGEST_PUSH_DECODER_H_
#define FLAMEKEEP_INGEST_PUSH_DECODER_H_

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ingest/line_stream.h"
#include "ingest/pipeline.h"
#include "ingest/push_batch.h"
#include "ingest/push_bounds.h"
#include "ingest/push_identity.h"
#include "storage/store.h"

namespace flamekeep::ingest {

class PushDecoder {
 public:
  // Errors: INVALID_ARGUMENT for an identity outside its rules; FAILED_PRECONDITION where the store
  // can hold no more sites, or the site no more types.
  static absl::StatusOr<std::unique_ptr<PushDecoder>> Make(const PushIdentity& identity,
                                                           const PushBounds& bounds,
                                                           std::function<absl::Time()> now,
                                                           storage::Store* store,
                                                           Pipeline* pipeline);

  // Errors: INVALID_ARGUMENT for a broken zstd frame, RESOURCE_EXHAUSTED for a batch that is too
  // large, FAILED_PRECONDITION where the store can hold no more ids.
  absl::StatusOr<std::vector<storage::Sample>> Decode(const PushBatch& batch);

  // Samples of the last batch that the store left out, as they lie in a final range.
  void CountFinal(uint64_t samples) {
    if (samples > 0) lines_->CountRejected(samples, Reject::kFinal);
  }

  const CheckedIdentity& identity() const { return identity_; }
  const LineCounts& counts() const { return lines_->counts(); }  // so far

 private:
  PushDecoder() = default;

  // Why a batch of folded lines of this minute is not taken in.
  Reject CheckTime(storage::Minute minute) const;

  CheckedIdentity identity_;
  std::optional<PushBounds> bounds_;  // of pushes
  std::function<absl::Time()> now_;
  std::unique_ptr<LineStream> lines_;
  TypeHandle type_{};  // folded lines
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_PUSH_DECODER_H_
