#include "server/foreign_reply.h"

#include <algorithm>
#include <iterator>
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
  using ingest::Reject;
  // Whole profiles, or what their sender goes on doing until somebody tells him.
  constexpr Reject kTold[] = {Reject::kTooLate, Reject::kTooEarly, Reject::kFinal,
                              Reject::kTooManyTypes, Reject::kTooManySeries};
  const auto occurred = [&result](Reject reason) {
    return result.counts.reasons[static_cast<size_t>(reason)] > 0;
  };
  const bool nothing = result.counts.samples == 0 && result.counts.rejected > 0;
  if (result.rejected_profiles == 0 && !nothing &&
      std::none_of(std::begin(kTold), std::end(kTold), occurred)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(ingest::RejectedText(result, bounds));
}

}  // namespace flamekeep::server
