#include "ingest/push_identity.h"

#include <utility>

#include "base/status.h"
#include "ingest/folded.h"
#include "ingest/line_stream.h"
#include "ingest/rules.h"

namespace flamekeep::ingest {
namespace {

absl::Status CheckName(std::string_view what, std::string_view name) {
  if (name.empty() || name.size() > kMaxSourceBytes) {
    return InvalidArgument("the {} has {} bytes: give it a name of 1 to {}", what, name.size(),
                           kMaxSourceBytes);
  }
  if (!IsReadable(name)) {
    return InvalidArgument("the {} is no readable text: use UTF-8 without control characters",
                           what);
  }
  return absl::OkStatus();
}

absl::Status CheckTimes(const PushIdentity& identity, absl::Time now, CheckedIdentity* checked) {
  if (!identity.time) {
    const bool folded = identity.format == PushFormat::kFolded;
    if (folded && identity.kind == storage::SourceKind::kImport) {
      return InvalidArgument("folded lines hold no times: say with `time` when they were sampled");
    }
    return absl::OkStatus();
  }
  checked->minute = storage::MinuteOf(*identity.time);
  if (!checked->minute || *identity.time > now + kMaxAhead) {
    return InvalidArgument(
        "{} is no time that can be stored: it lies before 1970, or over a day ahead of this "
        "server's clock",
        absl::FormatTime(*identity.time, absl::UTCTimeZone()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckLabelCount(size_t count) {
  if (count <= kMaxLabels) return absl::OkStatus();
  return InvalidArgument("a source has {} labels: give it at most {}", count, kMaxLabels);
}

absl::StatusOr<storage::Labels> CheckLabels(const storage::Labels& labels) {
  FLAMEKEEP_RETURN_IF_ERROR(CheckLabelCount(labels.size()));
  storage::Labels sorted;
  for (const auto& [name, value] : labels) {
    FLAMEKEEP_RETURN_IF_ERROR(CheckLabelName(name));
    if (value.size() > kMaxLabelValueBytes || !IsReadable(value)) {
      return InvalidArgument(
          "the value of label \"{}\" is not UTF-8 text of at most {} bytes without control "
          "characters",
          name, kMaxLabelValueBytes);
    }
    const size_t before = sorted.size();
    AddLabel(name, value, &sorted);
    if (!value.empty() && sorted.size() == before) {
      return InvalidArgument("label \"{}\" is given twice", name);
    }
  }
  return sorted;
}

absl::StatusOr<CheckedIdentity> CheckIdentity(const PushIdentity& identity, absl::Time now) {
  FLAMEKEEP_RETURN_IF_ERROR(CheckName("source", identity.source));
  if (!identity.owner.empty()) FLAMEKEEP_RETURN_IF_ERROR(CheckName("owner", identity.owner));
  if (identity.amend && identity.kind != storage::SourceKind::kImport) {
    return InvalidArgument("`amend` is for imports: leave it out");
  }
  CheckedIdentity checked;
  checked.amend = identity.amend;
  checked.format = identity.format;
  checked.source = {.kind = identity.kind, .site = identity.site};
  checked.owner = checked.source;
  checked.owner.name = identity.owner.empty() ? identity.source : identity.owner;
  FLAMEKEEP_ASSIGN_OR_RETURN(checked.labels, CheckLabels(identity.labels));

  if (identity.format == PushFormat::kTimedFolded) {
    if (!identity.profile_type.empty() || identity.time ||
        identity.resolution != storage::Level::kMinute) {
      return InvalidArgument(
          "timed lines have their own times and channels: leave out `profile_type`, `time` and "
          "`resolution`");
    }
    checked.source.name = fmt::format("{} (timed-folded)", identity.source);
    return checked;
  }

  FLAMEKEEP_RETURN_IF_ERROR(CheckTimes(identity, now, &checked));
  checked.resolution = identity.resolution;
  if (identity.format == PushFormat::kProfile) {
    checked.source.name = fmt::format("{} (profiles)", identity.source);
    return checked;
  }
  const std::string time =
      identity.time ? absl::FormatTime(absl::RFC3339_full, *identity.time, absl::UTCTimeZone())
                    : "now";
  if (identity.format == PushFormat::kPprof) {
    if (!identity.profile_type.empty()) {
      FLAMEKEEP_RETURN_IF_ERROR(storage::ParseProfileType(identity.profile_type).status());
    }
    checked.profile_name = identity.profile_type;
    checked.source.name =
        fmt::format("{} (pprof, {}, {}, {})", identity.source, identity.profile_type,
                    identity.time ? time : "its own", storage::LevelName(identity.resolution));
    return checked;
  }

  if (identity.profile_type.empty()) {
    return InvalidArgument(
        "folded lines do not say what they count: set `profile_type`, for example to "
        "\"excimer-wall\"");
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(checked.type, storage::ParseProfileType(identity.profile_type));
  checked.source.name = fmt::format("{} (folded, {}, {}, {})", identity.source, checked.type.Id(),
                                    time, storage::LevelName(identity.resolution));
  return checked;
}

}  // namespace flamekeep::ingest
