#include "server/grpc/convert_ingest.h"

#include <utility>

#include "base/status.h"
#include "server/grpc/convert.h"
#include "storage/registry.h"

namespace flamekeep::server {

absl::StatusOr<ingest::PushIdentity> FromProto(const v1::OpenSource& open) {
  ingest::PushIdentity identity{.source = open.source(),
                                .site = open.site(),
                                .profile_type = open.profile_type(),
                                .owner = open.owner(),
                                .amend = open.amend()};
  switch (open.kind()) {
    case v1::OpenSource::KIND_UNSPECIFIED:
    case v1::OpenSource::KIND_PUSH:
      identity.kind = storage::SourceKind::kPush;
      break;
    case v1::OpenSource::KIND_IMPORT:
      identity.kind = storage::SourceKind::kImport;
      break;
    default:
      return InvalidArgument(
          "`open.kind` is {}, which this version does not know: use KIND_PUSH "
          "or KIND_IMPORT",
          static_cast<int>(open.kind()));
  }
  switch (open.format()) {
    case v1::FORMAT_FOLDED:
      identity.format = ingest::PushFormat::kFolded;
      break;
    case v1::FORMAT_TIMED_FOLDED:
      identity.format = ingest::PushFormat::kTimedFolded;
      break;
    case v1::FORMAT_PPROF:
      identity.format = ingest::PushFormat::kPprof;
      break;
    case v1::FORMAT_UNSPECIFIED:
      return InvalidArgument(
          "`open.format` is not set: use FORMAT_FOLDED, FORMAT_TIMED_FOLDED or FORMAT_PPROF");
    default:
      return InvalidArgument(
          "`open.format` is {}, which this version does not know: use "
          "FORMAT_FOLDED, FORMAT_TIMED_FOLDED or FORMAT_PPROF",
          static_cast<int>(open.format()));
  }
  if (open.has_time()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(identity.time, FromProto(open.time(), "open.time"));
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(identity.resolution, FromProto(open.resolution(), "open.resolution"));
  FLAMEKEEP_RETURN_IF_ERROR(ingest::CheckLabelCount(static_cast<size_t>(open.labels_size())));
  for (const v1::Label& label : open.labels()) {
    identity.labels.emplace_back(label.name(), label.value());
  }
  return identity;
}

absl::StatusOr<ingest::PushBatch> FromProto(const v1::IngestBatch& batch) {
  ingest::PushBatch out{.number = batch.number(), .lines = batch.lines(), .cursor = batch.cursor()};
  switch (batch.compression()) {
    case v1::IngestBatch::COMPRESSION_NONE:
      out.compression = ingest::Compression::kNone;
      break;
    case v1::IngestBatch::COMPRESSION_ZSTD:
      out.compression = ingest::Compression::kZstd;
      break;
    default:
      return InvalidArgument(
          "`batch.compression` is {}, which this version does not know: use "
          "COMPRESSION_NONE or COMPRESSION_ZSTD",
          static_cast<int>(batch.compression()));
  }
  if (batch.has_replace()) {
    out.replace = ingest::PushBatch::Replace{.last = batch.replace().last(),
                                             .subtract_finer = batch.replace().subtract_finer()};
  }
  return out;
}

v1::IngestCounts ToProto(const ingest::LineCounts& counts, const ingest::PushBounds& bounds) {
  v1::IngestCounts out;
  out.set_lines(counts.lines);
  out.set_samples(counts.samples);
  out.set_rejected_lines(counts.rejected);
  for (size_t i = 0; i < counts.reasons.size(); ++i) {
    if (counts.reasons[i] == 0) continue;
    const auto reason = static_cast<ingest::Reject>(i);
    v1::IngestCounts::Rejected* rejected = out.add_rejected();
    rejected->set_reason(std::string(ingest::RejectName(reason)));
    rejected->set_lines(counts.reasons[i]);
    rejected->set_sentence(ingest::RejectedSentence(counts, reason, bounds));
  }
  return out;
}

}  // namespace flamekeep::server
