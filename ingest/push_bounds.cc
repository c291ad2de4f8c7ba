#include "ingest/push_bounds.h"

#include <fmt/format.h>

namespace flamekeep::ingest {
namespace {

// "7d", "1h30m".
std::string Text(absl::Duration duration) {
  constexpr absl::Duration kDay = absl::Hours(24);
  const int64_t days = duration / kDay;
  if (days > 0 && duration == days * kDay) return fmt::format("{}d", days);
  return absl::FormatDuration(duration);
}

}  // namespace

Reject PushBounds::Check(absl::Time begin, absl::Time end, absl::Time now) const {
  if (end <= now - max_late) return Reject::kTooLate;
  if (begin > now + max_early) return Reject::kTooEarly;
  return Reject::kNone;
}

std::string PushBounds::Sentence(Reject reject) const {
  switch (reject) {
    case Reject::kTooLate:
      return fmt::format(
          "Lines with a time over {} before the server's clock (push.max_late), left out: bring "
          "them in with `flamekeep import`.",
          Text(max_late));
    case Reject::kTooEarly:
      return fmt::format(
          "Lines with a time over {} ahead of the server's clock (push.max_early), left out: set "
          "the clocks.",
          Text(max_early));
    default:
      return std::string(RejectSentence(reject));
  }
}

}  // namespace flamekeep::ingest
