#include "cli/coverage_notes.h"

#include <fmt/format.h>

#include <cstdio>
#include <string_view>

#include "absl/time/time.h"
#include "base/time_parse.h"
#include "cli/selection.h"

namespace flamekeep::cli {
namespace {

// What is missing from the answer, or may still come.
void TellCompleteness(const v1::Coverage& coverage, std::string_view whose) {
  constexpr int kListed = 3;
  // A live source is always some seconds behind.
  constexpr int64_t kUsualSeconds = 60;
  const google::protobuf::Timestamp& through = coverage.complete_through();
  if (!coverage.final() && coverage.has_complete_through() && through.seconds() == 0) {
    fmt::print(
        stderr,
        "flamekeep: note: {}a configured source has not reported yet, samples may be missing "
        "everywhere: see flamekeep status\n",
        whose);
  } else if (!coverage.final() && coverage.has_complete_through() &&
             through.seconds() + kUsualSeconds < coverage.requested().end().seconds()) {
    fmt::print(stderr, "flamekeep: note: {}complete through {}, later samples may be missing\n",
               whose, TimeText(absl::FromUnixSeconds(through.seconds())));
  }
  for (int i = 0; i < coverage.gaps_size() && i < kListed; ++i) {
    const v1::Gap& gap = coverage.gaps(i);
    fmt::print(stderr, "flamekeep: note: {}samples of {} at site {} are missing from {}: {}\n",
               whose, gap.source(), gap.site(), RangeText(gap.range()),
               GapReasonText(gap.reason()));
  }
  const uint64_t more = static_cast<uint64_t>(coverage.gaps_size()) + coverage.gaps_left_out();
  if (more > kListed) {
    fmt::print(stderr, "flamekeep: note: {}there are {} more such gaps\n", whose, more - kListed);
  }
}

}  // namespace

std::string_view GapReasonText(v1::Gap::Reason reason) {
  switch (reason) {
    case v1::Gap::REASON_DISCONNECTED:
      return "nobody listened";
    case v1::Gap::REASON_TRIMMED:
      return "the stream was trimmed before it was read";
    case v1::Gap::REASON_REPLACED:
      return "the stream was replaced";
    case v1::Gap::REASON_OVERFLOW:
      return "decoding was behind";
    case v1::Gap::REASON_UNHASHED:
      return "only their hashed labels, as the salt was gone";
    default:
      return "the reason is newer than this program";
  }
}

void TellCoverage(const v1::Coverage& coverage, std::string_view whose) {
  // That minutes are the finest there is goes without saying.
  const int64_t before =
      coverage.requested().begin().seconds() - coverage.covered().begin().seconds();
  const auto& end = coverage.requested().end();
  const int64_t after = coverage.covered().end().seconds() - end.seconds() - (end.nanos() > 0);
  if (before >= 60 || after >= 60) {
    fmt::print(stderr,
               "flamekeep: note: {}the answer covers {}: the store keeps no finer buckets there\n",
               whose, RangeText(coverage.covered()));
  }
  TellCompleteness(coverage, whose);
  if (coverage.saturated()) {
    fmt::print(stderr,
               "flamekeep: note: {}a sum did not fit 64 bits and stands at its largest value\n",
               whose);
  }
  if (coverage.observations() == 0 && coverage.total() == 0) {
    fmt::print(stderr, "flamekeep: note: {}there are no samples in {}\n", whose,
               RangeText(coverage.covered()));
  }
}

}  // namespace flamekeep::cli
