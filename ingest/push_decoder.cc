#include "ingest/push_decoder.h"

#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "ingest/unpack.h"
#include "storage/bucket.h"

namespace flamekeep::ingest {

absl::StatusOr<std::unique_ptr<PushDecoder>> PushDecoder::Make(const PushIdentity& identity,
                                                               const PushBounds& bounds,
                                                               std::function<absl::Time()> now,
                                                               storage::Store* store,
                                                               Pipeline* pipeline) {
  std::unique_ptr<PushDecoder> decoder(new PushDecoder());
  FLAMEKEEP_ASSIGN_OR_RETURN(decoder->identity_, CheckIdentity(identity, now()));
  FLAMEKEEP_RETURN_IF_ERROR(store->InternSite(identity.site).status());
  const bool import = identity.kind == storage::SourceKind::kImport;
  if (!import) decoder->bounds_ = bounds;
  decoder->now_ = std::move(now);
  decoder->lines_ = pipeline->NewStream({.site = identity.site,
                                         .source = import ? "import" : "push",
                                         .extra_labels = decoder->identity_.labels,
                                         .bounds = decoder->bounds_});
  if (decoder->identity_.format == PushFormat::kFolded) {
    FLAMEKEEP_ASSIGN_OR_RETURN(decoder->type_, decoder->lines_->Type(decoder->identity_.type));
  }
  return decoder;
}

Reject PushDecoder::CheckTime(storage::Minute minute) const {
  if (!bounds_) return Reject::kNone;
  const storage::Bucket bucket = storage::BucketAt(identity_.resolution, minute);
  return bounds_->Check(storage::TimeOf(bucket.start), storage::TimeOf(bucket.end()), now_());
}

absl::StatusOr<std::vector<storage::Sample>> PushDecoder::Decode(const PushBatch& batch) {
  constexpr size_t kBytesPerLine = 512;  // fewer than most lines have
  if (batch.lines.size() > kMaxBatchBytes) {
    return Error(absl::StatusCode::kResourceExhausted,
                 "a batch has {} bytes: send at most {} a batch", batch.lines.size(),
                 kMaxBatchBytes);
  }
  std::string_view text = batch.lines;
  std::string unpacked;
  if (batch.compression == Compression::kZstd) {
    FLAMEKEEP_RETURN_IF_ERROR(UnpackZstd(text, kMaxUnpackedBytes, &unpacked));
    text = unpacked;
  }
  std::vector<storage::Sample> samples;
  samples.reserve(text.size() / kBytesPerLine + 1);
  if (identity_.format == PushFormat::kTimedFolded) {
    FLAMEKEEP_RETURN_IF_ERROR(lines_->DecodeTimed(text, &samples));
    return samples;
  }
  const auto minute = identity_.minute ? identity_.minute : storage::MinuteOf(now_());
  if (!minute) return Error(absl::StatusCode::kInternal, "this server's clock is out of range");
  const Reject refusal = identity_.minute ? CheckTime(*minute) : Reject::kNone;
  FLAMEKEEP_RETURN_IF_ERROR(lines_->DecodeFolded(text, type_, *minute, &samples, refusal));
  return samples;
}

}  // namespace flamekeep::ingest
