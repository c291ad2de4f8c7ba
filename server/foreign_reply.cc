#include "server/foreign_reply.h"

#include <string>

#include "base/status.h"

namespace flamekeep::server {

otlp::ExportProfilesServiceResponse OtlpReply(const ingest::ForeignResult& result,
                                              const ingest::PushBounds& bounds) {
  otlp::ExportProfilesServiceResponse reply;
  const std::string text = ingest::RejectedText(result, bounds);
  if (text.empty()) return reply;
  reply.mutable_partial_success()->set_rejected_profiles(
      static_cast<int64_t>(result.rejected_profiles));
  reply.mutable_partial_success()->set_error_message(text);
  return reply;
}

absl::Status PyroscopeReply(const ingest::ForeignResult& result, const ingest::PushBounds& bounds) {
  // Who pushes too many series goes on doing so until somebody is told.
  const bool full = result.counts.reasons[static_cast<size_t>(ingest::Reject::kTooManySeries)] > 0;
  if (result.rejected_profiles == 0 && !full) return absl::OkStatus();
  return absl::InvalidArgumentError(ingest::RejectedText(result, bounds));
}

}  // namespace flamekeep::server
