#include "ingest/push_decoder.h"

#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "ingest/pprof_decoder.h"
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
  const Relabel& relabel = pipeline->push_relabel();
  RelabelledLabels labels = relabel.Of(decoder->identity_.labels);
  labels.AddBehind(identity.relabelled);
  // Somebody can tell a client that pushes, while a file that is imported would lose its samples.
  const StreamOptions options{.site = identity.site,
                              .source = import ? "import" : "push",
                              .relabel = relabel,
                              .extra_labels = std::move(labels),
                              .bounds = decoder->bounds_,
                              .beyond = import ? Beyond::kUnlabel : Beyond::kRefuse};
  switch (identity.format) {
    case PushFormat::kPprof:
    case PushFormat::kProfile:
      decoder->profiles_ = pipeline->NewProfileStream(options);
      return decoder;
    case PushFormat::kTimedFolded:
      decoder->lines_ = pipeline->NewStream(options);
      return decoder;
    case PushFormat::kFolded:
      break;
  }
  decoder->lines_ = pipeline->NewStream(options);
  FLAMEKEEP_ASSIGN_OR_RETURN(decoder->type_, decoder->lines_->Type(decoder->identity_.type));
  return decoder;
}

Reject PushDecoder::CheckTime(storage::Minute minute) const {
  if (!bounds_) return Reject::kNone;
  const storage::Bucket bucket = storage::BucketAt(identity_.resolution, minute);
  return bounds_->Check(storage::TimeOf(bucket.start), storage::TimeOf(bucket.end()), now_());
}

absl::Status PushDecoder::DecodeLines(std::string_view text,
                                      std::vector<storage::Sample>* samples) {
  constexpr size_t kBytesPerLine = 512;  // fewer than most lines have
  samples->reserve(text.size() / kBytesPerLine + 1);
  if (identity_.format == PushFormat::kTimedFolded) return lines_->DecodeTimed(text, samples);
  const auto minute = identity_.minute ? identity_.minute : storage::MinuteOf(now_());
  if (!minute) return Error(absl::StatusCode::kInternal, "this server's clock is out of range");
  const Reject refusal = identity_.minute ? CheckTime(*minute) : Reject::kNone;
  return lines_->DecodeFolded(text, type_, *minute, samples, refusal);
}

absl::StatusOr<DecodedBatch> PushDecoder::DecodeOnePprof(std::string_view bytes) {
  std::string unpacked;
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string_view profile, UnpackProfile(bytes, &unpacked));
  const PprofOptions options{.name = identity_.profile_name,
                             .minute = identity_.minute,
                             .resolution = identity_.resolution,
                             .needs_time = identity_.source.kind == storage::SourceKind::kImport};
  DecodedBatch decoded;
  FLAMEKEEP_ASSIGN_OR_RETURN(decoded.resolution,
                             DecodePprof(profile, options, profiles_.get(), &decoded.samples));
  return decoded;
}

absl::StatusOr<DecodedBatch> PushDecoder::Decode(const PushBatch& batch) {
  if (batch.lines.size() > kMaxBatchBytes) {
    return Error(absl::StatusCode::kResourceExhausted,
                 "a batch has {} bytes: send at most {} a batch", batch.lines.size(),
                 kMaxBatchBytes);
  }
  std::string_view bytes = batch.lines;
  std::string unpacked;
  if (batch.compression == Compression::kZstd) {
    FLAMEKEEP_RETURN_IF_ERROR(UnpackZstd(bytes, kMaxUnpackedBytes, &unpacked));
    bytes = unpacked;
  }
  if (profiles_ != nullptr) return DecodeOnePprof(bytes);
  DecodedBatch decoded{.resolution = identity_.resolution};
  FLAMEKEEP_RETURN_IF_ERROR(DecodeLines(bytes, &decoded.samples));
  return decoded;
}

absl::StatusOr<DecodedBatch> PushDecoder::Decode(DecodeProfile decode) {
  DecodedBatch decoded;
  FLAMEKEEP_ASSIGN_OR_RETURN(decoded.resolution, decode(profiles_.get(), &decoded.samples));
  return decoded;
}

}  // namespace flamekeep::ingest
