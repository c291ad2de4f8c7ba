#include "ingest/foreign_push.h"

#include <algorithm>
#include <utility>

#include "base/status.h"

namespace flamekeep::ingest {
namespace {

// Whether sending the same again may succeed.
bool MayGoAway(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kInternal:
      return true;
    default:
      return false;
  }
}

void AddCounts(const LineCounts& counts, LineCounts* sum) {
  sum->lines += counts.lines;
  sum->samples += counts.samples;
  sum->rejected += counts.rejected;
  for (size_t i = 0; i < kRejectCount; ++i) sum->reasons[i] += counts.reasons[i];
  if (sum->full.empty()) sum->full = counts.full;
}

}  // namespace

void ForeignRequest::AddLabelTo(std::string_view name, std::string_view value,
                                Origin* origin) const {
  if (!value.empty() && name == options_->site_label) {
    origin->site = value;
    return;
  }
  hub_->relabel().Add(name, value, Relabel::Unnamed::kDropped, &origin->labels);
}

void ForeignRequest::RejectProfile(absl::Status why) {
  ++result_.profiles;
  if (++result_.rejected_profiles == 1) result_.first_error = std::move(why);
}

absl::Status ForeignRequest::Append(const Origin& origin, std::string_view id,
                                    DecodeProfile decode) {
  if (result_.profiles >= kMaxProfiles) {
    RejectProfile(
        InvalidArgument("a request has over {} profiles: send fewer at once", kMaxProfiles));
    return absl::OkStatus();
  }
  const absl::StatusOr<Appended> appended = hub_->AppendProfile({.source = source_,
                                                                 .site = origin.site,
                                                                 .format = PushFormat::kProfile,
                                                                 .relabelled = origin.labels},
                                                                id, decode);
  if (!appended.ok()) {
    if (MayGoAway(appended.status())) return appended.status();
    RejectProfile(appended.status());
    return absl::OkStatus();
  }
  ++result_.profiles;
  if (appended->duplicate) ++result_.duplicates;
  AddCounts(appended->counts, &result_.counts);
  if (appended->ticket) {
    result_.ticket = std::max(result_.ticket.value_or(*appended->ticket), *appended->ticket);
  }
  return absl::OkStatus();
}

std::string RejectedText(const ForeignResult& result, const PushBounds& bounds) {
  std::string text;
  if (result.rejected_profiles > 0) {
    text = fmt::format("{} of {} profiles were rejected, the first because {}.",
                       result.rejected_profiles, result.profiles, Message(result.first_error));
  }
  for (size_t i = 1; i < kRejectCount; ++i) {
    if (result.counts.reasons[i] == 0) continue;
    text += fmt::format("{}{} samples: {}", text.empty() ? "" : " ", result.counts.reasons[i],
                        RejectedSentence(result.counts, static_cast<Reject>(i), bounds));
  }
  return text;
}

}  // namespace flamekeep::ingest
